/* SPDX-License-Identifier: GPL-2.0-or-later
 * Conditions from their text: recursive descent, which knows the type of everything that it has read: see expression.h. */
#include "definition/expression/expression_parse.h"

#include <string.h>

#include "base/error.h"
#include "base/file_format.h"
#include "definition/expression/expression_tree.h"
#include "definition/yaml/diagnostics.h"

/* A condition is a line of text; this also bounds how deep a tree can get. */
#define BYTES_MAX 2000
#define DEPTH_MAX 64 /* bounds the parser's recursion */

static const char *const orientations[] = {"portrait", "landscape", "square", NULL};

struct parser {
	const char *text, *at;
	unsigned depth;
	gsize wrong; /* the byte of the error */
	GError **error;
};

/* The error at this byte. Always NULL. */
static struct expression *wrong(struct parser *parser, gsize offset, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void expression_destroy(void *expression)
{
	expression_free(expression);
}

/* Without operands or value. Returns owned. */
static struct expression *expression_new(enum kind kind, enum type type, gsize offset)
{
	struct expression *made = g_new0(struct expression, 1);

	made->kind = kind;
	made->type = type;
	made->offset = offset;
	if (kind != KIND_VALUE && kind != KIND_NAME)
		made->with = g_ptr_array_new_with_free_func(expression_destroy);
	return made;
}

static struct expression *wrong(struct parser *parser, gsize offset, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	parser->wrong = offset;
	fail(parser->error, ERROR_INPUT, "%s", message);
	return NULL;
}

static gsize here(struct parser *parser)
{
	while (g_ascii_isspace(*parser->at))
		parser->at++;
	return (gsize)(parser->at - parser->text);
}

/* Takes a sign or a word that stands here. */
static bool take(struct parser *parser, const char *what)
{
	size_t length = strlen(what);

	here(parser);
	if (strncmp(parser->at, what, length) != 0)
		return false;
	if (g_ascii_isalpha(*what) && (g_ascii_isalnum(parser->at[length]) || parser->at[length] == '_'))
		return false;
	parser->at += length;
	return true;
}

static const char *type_text(enum type type)
{
	static const char *const texts[] = {
		[TYPE_NUMBER] = "a number", [TYPE_TEXT] = "a text", [TYPE_TRUTH] = "true or false"};

	return texts[type];
}

static struct expression *parse_or(struct parser *parser);

static struct expression *parse_text(struct parser *parser, gsize offset)
{
	char quote = *parser->at;
	const char *end = strchr(parser->at + 1, quote);

	if (!end)
		return wrong(parser, offset, "this text is not closed; end it with %c", quote);
	struct expression *made = expression_new(KIND_VALUE, TYPE_TEXT, offset);
	made->value.text = made->owned = g_strndup(parser->at + 1, (gsize)(end - parser->at - 1));
	parser->at = end + 1;
	return made;
}

static struct expression *parse_number(struct parser *parser, gsize offset)
{
	size_t length = strspn(parser->at, "0123456789");
	if (parser->at[length] == '.')
		length += 1 + strspn(parser->at + length + 1, "0123456789");
	if (g_ascii_isalpha(parser->at[length]) || parser->at[length] == '.' || parser->at[length] == '_')
		return wrong(parser, offset + length,
			"a number ends here; write it plainly, such as 4000 or 0.5, without a unit");
	g_autofree char *digits = g_strndup(parser->at, length);
	struct expression *made = expression_new(KIND_VALUE, TYPE_NUMBER, offset);
	made->value.number = g_ascii_strtod(digits, NULL);
	parser->at += length;
	return made;
}

static struct expression *parse_name(struct parser *parser, gsize offset)
{
	static const enum type types[] = {[NAME_HAS_ALPHA] = TYPE_TRUTH,
		[NAME_ORIENTATION] = TYPE_TEXT,
		[NAME_FORMAT] = TYPE_TEXT,
		[NAME_PAGES] = TYPE_NUMBER};
	size_t length = 0;

	while (g_ascii_isalnum(parser->at[length]) || parser->at[length] == '_')
		length++;
	g_autofree char *word = g_strndup(parser->at, length);
	parser->at += length;
	if (g_str_equal(word, "true") || g_str_equal(word, "false")) {
		struct expression *made = expression_new(KIND_VALUE, TYPE_TRUTH, offset);
		made->value.number = *word == 't';
		return made;
	}
	for (unsigned i = 0; expression_names[i]; i++) {
		if (!g_str_equal(expression_names[i], word))
			continue;
		struct expression *made = expression_new(KIND_NAME, types[i], offset);
		made->name = (enum name)i;
		return made;
	}
	const char *meant = did_you_mean(word, expression_names);
	if (meant)
		return wrong(parser, offset, "unknown name '%s'; did you mean '%s'?", word, meant);
	if (g_strv_contains(orientations, word) || g_strv_contains(file_format_names(FILE_FORMATS_READ), word))
		return wrong(parser, offset, "unknown name '%s'; write a text in quotes: \"%s\"", word, word);
	g_autofree char *list = g_strjoinv(", ", (char **)expression_names);
	return wrong(parser, offset, "unknown name '%s'; there are %s", word, list);
}

static struct expression *parse_primary(struct parser *parser)
{
	gsize offset = here(parser);

	if (take(parser, "(")) {
		auto_struct(expression) inner = parse_or(parser);
		if (!inner)
			return NULL;
		if (!take(parser, ")"))
			return wrong(parser, here(parser), "a ')' is missing here");
		return g_steal_pointer(&inner);
	}
	if (*parser->at == '"' || *parser->at == '\'')
		return parse_text(parser, offset);
	if (g_ascii_isdigit(*parser->at))
		return parse_number(parser, offset);
	if (g_ascii_isalpha(*parser->at) || *parser->at == '_')
		return parse_name(parser, offset);
	if (*parser->at == '\0')
		return wrong(parser, offset, "the condition ends too early; a value is missing here");
	return wrong(parser, offset, "a value is missing here: a name such as width, a number, or a text in quotes");
}

static bool require_type(struct parser *parser, const struct expression *side, enum type type, const char *sign)
{
	if (side->type != type)
		wrong(parser, side->offset, "'%s' takes %s, and this is %s", sign, type_text(type),
			type_text(side->type));
	return side->type == type;
}

/* A sign before one operand. */
static struct expression *parse_prefixed(struct parser *parser, enum kind kind, enum type type, const char *sign,
	struct expression *(*parse)(struct parser *))
{
	auto_struct(expression) made = expression_new(kind, type, here(parser));

	if (++parser->depth > DEPTH_MAX)
		return wrong(parser, here(parser), "this is nested more than %d deep", DEPTH_MAX);
	struct expression *operand = parse(parser);
	parser->depth--;
	if (!operand)
		return NULL;
	g_ptr_array_add(made->with, operand);
	return require_type(parser, operand, type, sign) ? g_steal_pointer(&made) : NULL;
}

static struct expression *parse_sign(struct parser *parser)
{
	if (take(parser, "-"))
		return parse_prefixed(parser, KIND_MINUS, TYPE_NUMBER, "-", parse_sign);
	return parse_primary(parser);
}

/* `format == "jpg"` would never hold, and nobody would know why. */
static bool check_literal(struct parser *parser, const struct expression *name, const struct expression *literal)
{
	if (name->kind != KIND_NAME || literal->kind != KIND_VALUE ||
		(name->name != NAME_FORMAT && name->name != NAME_ORIENTATION))
		return true;
	const char *const *known = name->name == NAME_FORMAT ? file_format_names(FILE_FORMATS_READ) : orientations;
	if (g_strv_contains(known, literal->value.text))
		return true;
	const char *meant = did_you_mean(literal->value.text, known);
	g_autofree char *list = g_strjoinv(", ", (char **)known);
	if (meant)
		wrong(parser, literal->offset, "%s is never '%s'; did you mean '%s'?", expression_names[name->name],
			literal->value.text, meant);
	else
		wrong(parser, literal->offset, "%s is never '%s'; it is one of %s", expression_names[name->name],
			literal->value.text, list);
	return false;
}

static bool check_pair(struct parser *parser, enum operator op, const char *sign, const struct expression *a,
	const struct expression *b)
{
	if (op == OP_OR || op == OP_AND)
		return require_type(parser, a, TYPE_TRUTH, sign) && require_type(parser, b, TYPE_TRUTH, sign);
	if (op != OP_EQUAL && op != OP_UNEQUAL)
		return require_type(parser, a, TYPE_NUMBER, sign) && require_type(parser, b, TYPE_NUMBER, sign);
	if (a->type != b->type) {
		wrong(parser, b->offset, "this is %s, and what stands before '%s' is %s", type_text(b->type), sign,
			type_text(a->type));
		return false;
	}
	return a->type != TYPE_TEXT || (check_literal(parser, a, b) && check_literal(parser, b, a));
}

struct sign {
	const char *text;
	enum operator op;
};

static const struct sign *take_sign(struct parser *parser, const struct sign *signs)
{
	for (; signs->text; signs++)
		if (take(parser, signs->text))
			return signs;
	return NULL;
}

/* left SIGN right SIGN right ...; once: at most one. */
static struct expression *parse_chain(
	struct parser *parser, const struct sign *signs, enum type type, struct expression *(*parse)(struct parser *))
{
	auto_struct(expression) left = parse(parser);

	for (unsigned count = 0; left; count++) {
		gsize offset = here(parser);
		const struct sign *sign = take_sign(parser, signs);
		if (!sign)
			break;
		if (count >= DEPTH_MAX)
			return wrong(parser, offset, "there are more than %d of these in a row", DEPTH_MAX);
		auto_struct(expression) right = parse(parser);
		if (!right || !check_pair(parser, sign->op, sign->text, left, right))
			return NULL;
		struct expression *made = expression_new(KIND_BINARY, type, left->offset);
		made->op = sign->op;
		g_ptr_array_add(made->with, g_steal_pointer(&left));
		g_ptr_array_add(made->with, g_steal_pointer(&right));
		left = made;
	}
	return g_steal_pointer(&left);
}

static struct expression *parse_product(struct parser *parser)
{
	static const struct sign signs[] = {{"*", OP_MUL}, {"/", OP_DIV}, {NULL, 0}};
	return parse_chain(parser, signs, TYPE_NUMBER, parse_sign);
}

static struct expression *parse_sum(struct parser *parser)
{
	static const struct sign signs[] = {{"+", OP_ADD}, {"-", OP_SUB}, {NULL, 0}};
	return parse_chain(parser, signs, TYPE_NUMBER, parse_product);
}

/* What stands behind `in`: [a, b, c]. Takes left. */
static struct expression *parse_list(struct parser *parser, struct expression *left)
{
	auto_struct(expression) made = expression_new(KIND_IN, TYPE_TRUTH, left->offset);

	g_ptr_array_add(made->with, left);
	if (!take(parser, "["))
		return wrong(parser, here(parser), "'in' takes a list, such as [\"jpeg\", \"png\"]");
	do {
		struct expression *item = parse_sum(parser);
		if (!item)
			return NULL;
		g_ptr_array_add(made->with, item);
		if (!check_pair(parser, OP_EQUAL, "in", left, item))
			return NULL;
	} while (take(parser, ","));
	if (!take(parser, "]"))
		return wrong(parser, here(parser), "the list goes on with ',' or ends with ']' here");
	return g_steal_pointer(&made);
}

static struct expression *parse_comparison(struct parser *parser)
{
	static const struct sign signs[] = {{"==", OP_EQUAL}, {"!=", OP_UNEQUAL}, {"<=", OP_MOST}, {">=", OP_LEAST},
		{"<", OP_LESS}, {">", OP_MORE}, {NULL, 0}};
	auto_struct(expression) left = parse_sum(parser);

	if (!left)
		return NULL;
	gsize offset = here(parser);
	if (take(parser, "in"))
		return parse_list(parser, g_steal_pointer(&left));
	const struct sign *sign = take_sign(parser, signs);
	if (!sign)
		return *parser->at == '=' ? wrong(parser, offset, "write '==' to compare") : g_steal_pointer(&left);
	auto_struct(expression) right = parse_sum(parser);
	if (!right || !check_pair(parser, sign->op, sign->text, left, right))
		return NULL;
	offset = here(parser);
	if (take_sign(parser, signs))
		return wrong(parser, offset, "only two values are compared at once; write a < b and b < c");
	struct expression *made = expression_new(KIND_BINARY, TYPE_TRUTH, left->offset);
	made->op = sign->op;
	g_ptr_array_add(made->with, g_steal_pointer(&left));
	g_ptr_array_add(made->with, g_steal_pointer(&right));
	return made;
}

static struct expression *parse_not(struct parser *parser)
{
	here(parser);
	if (take(parser, "not") || (strncmp(parser->at, "!=", 2) != 0 && take(parser, "!")))
		return parse_prefixed(parser, KIND_NOT, TYPE_TRUTH, "not", parse_not);
	return parse_comparison(parser);
}

static struct expression *parse_and(struct parser *parser)
{
	static const struct sign signs[] = {{"and", OP_AND}, {"&&", OP_AND}, {NULL, 0}};
	return parse_chain(parser, signs, TYPE_TRUTH, parse_not);
}

static struct expression *parse_or(struct parser *parser)
{
	static const struct sign signs[] = {{"or", OP_OR}, {"||", OP_OR}, {NULL, 0}};

	if (++parser->depth > DEPTH_MAX)
		return wrong(parser, here(parser), "this is nested more than %d deep", DEPTH_MAX);
	struct expression *made = parse_chain(parser, signs, TYPE_TRUTH, parse_and);
	parser->depth--;
	return made;
}

struct expression *expression_parse(const char *text, gsize *offset_bytes, GError **error)
{
	struct parser parser = {.text = text, .at = text, .error = error};

	*offset_bytes = 0;
	if (strlen(text) > BYTES_MAX)
		return wrong(&parser, 0, "a condition has %d bytes at most", BYTES_MAX);
	auto_struct(expression) made = parse_or(&parser);
	if (made && here(&parser) < strlen(text)) {
		wrong(&parser, here(&parser), "the condition ends before this; join conditions with and, or");
		expression_free(g_steal_pointer(&made));
	}
	if (made && made->type != TYPE_TRUTH) {
		wrong(&parser, made->offset, "a condition is true or false, and this is %s; compare it with something",
			type_text(made->type));
		expression_free(g_steal_pointer(&made));
	}
	*offset_bytes = parser.wrong;
	return g_steal_pointer(&made);
}
