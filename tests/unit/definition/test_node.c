/* SPDX-License-Identifier: GPL-2.0-or-later
 * YAML trees: places, types, anchors, merges, and everything that is refused. */
#include "../unit.h"

#include "definition/yaml/node.h"
#include "definition/yaml/parser.h"

#include <string.h>

static struct node *parsed(const char *text)
{
	auto_struct(diagnostics) errors = diagnostics_new("x.yaml");
	struct node *node = node_parse(text, strlen(text), errors);
	g_autofree char *said = diagnostics_text(errors);

	assert_string_equal(said, "");
	assert_non_null(node);
	return node;
}

static const struct node *item(const struct node *list, guint index)
{
	assert_int_equal(list->kind, NODE_LIST);
	assert_true(index < list->items->len);
	return g_ptr_array_index(list->items, index);
}

static const struct node_entry *entry(const struct node *map, guint index)
{
	assert_int_equal(map->kind, NODE_MAP);
	assert_true(index < map->items->len);
	return g_ptr_array_index(map->items, index);
}

static void assert_at(const struct node *node, unsigned line, unsigned column)
{
	assert_non_null(node);
	assert_int_equal(node->line, line);
	assert_int_equal(node->column, column);
}

static void places_are_kept(void **state)
{
	auto_struct(node) root = parsed("# comment\n"
					"a: one\n"
					"\xc3\xa9\xc3\xa9: \"two\"\n" /* two letters, four bytes */
					"steps:\n"
					"  - blur\n"
					"  - {resize: {width: 5}}\n");

	assert_at(root, 2, 1);
	assert_at(node_get(root, "a"), 2, 4);
	assert_int_equal(entry(root, 1)->line, 3);
	assert_int_equal(entry(root, 1)->column, 1);
	assert_at(node_get(root, "\xc3\xa9\xc3\xa9"), 3, 5);
	const struct node *steps = node_get(root, "steps");
	assert_at(steps, 5, 3);
	assert_at(item(steps, 0), 5, 5);
	const struct node *resize = node_get(item(steps, 1), "resize");
	assert_at(resize, 6, 14);
	assert_int_equal(entry(resize, 0)->column, 15);
	assert_at(node_get(resize, "width"), 6, 22);
	assert_null(node_get(resize, "height"));
	assert_null(node_get(steps, "width"));
	assert_null(node_get(NULL, "width"));
}

static void byte_order_mark_and_crlf_are_fine(void **state)
{
	auto_struct(node) root = parsed("\xef\xbb\xbf"
					"a: 1\r\nb: 2\r\n");

	assert_int_equal(entry(root, 0)->column, 1);
	assert_at(node_get(root, "b"), 2, 4);
	assert_string_equal(node_get(root, "a")->text, "1");
}

static void columns_inside_a_text_are_known_when_it_stands_as_it_is(void **state)
{
	auto_struct(node) root = parsed("- {a: b\xc3\xa9x}\n"
					"- \"q{x\"\n"
					"- 'it''s'\n"
					"- \"\\x41bc\"\n"
					"- folded\n"
					"  text\n"
					"- |\n"
					"  block\n");

	assert_int_equal(node_text_column(node_get(item(root, 0), "a"), 3), 9);
	assert_int_equal(node_text_column(item(root, 1), 1), 5);
	for (guint i = 2; i < 6; i++)
		assert_int_equal(node_text_column(item(root, i), 1), 3);
	assert_int_equal(node_text_column(root, 1), root->column);
	assert_int_equal(node_text_column(item(root, 1), 1000), 3);
}

static void nulls(void **state)
{
	auto_struct(node) root = parsed("[~, null, Null, NULL, '', \"null\", nil]");

	for (guint i = 0; i < 7; i++)
		assert_int_equal(item(root, i)->kind, i < 4 ? NODE_NULL : NODE_SCALAR);
	assert_null(node_as_string(item(root, 0)));
	assert_string_equal(node_as_string(item(root, 4)), "");
	auto_struct(node) empty = parsed("# nothing\n");
	assert_int_equal(empty->kind, NODE_NULL);
	auto_struct(node) value = parsed("a:\nb: 1\n");
	assert_int_equal(node_get(value, "a")->kind, NODE_NULL);
}

static void booleans(void **state)
{
	auto_struct(node) root = parsed("[true, True, TRUE, false, False, FALSE, yes, on, 'true', 1, tRue, ~, []]");

	for (guint i = 0; i < root->items->len; i++) {
		bool value = i >= 3;
		assert_int_equal(node_as_bool(item(root, i), &value), i < 6);
		if (i < 6)
			assert_int_equal(value, i < 3);
	}
}

static void integers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		gint64 value;
	} cases[] = {{"0", true, 0}, {"12", true, 12}, {"-12", true, -12}, {"+12", true, 12}, {"012", true, 12},
		{"0x1f", true, 31}, {"0o17", true, 15}, {"9223372036854775807", true, G_MAXINT64},
		{"-9223372036854775808", true, G_MININT64}, {"9223372036854775808", false, 0},
		{"0xffffffffffffffffff", false, 0}, {"1.0", false, 0}, {"1e3", false, 0}, {"'12'", false, 0},
		{"+-5", false, 0}, {"--5", false, 0}, {"-0x1f", false, 0}, {"0x", false, 0}, {"0o8", false, 0},
		{"12px", false, 0}, {"1_000", false, 0}, {"~", false, 0}, {"[1]", false, 0}, {"+", false, 0}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		auto_struct(node) node = parsed(cases[i].text);
		gint64 value = 77;
		if (node_as_int(node, &value) != cases[i].good)
			fail_msg("%s", cases[i].text);
		assert_true(value == (cases[i].good ? cases[i].value : 77));
	}
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		double value;
	} cases[] = {{"1.5", true, 1.5}, {"-1.5e3", true, -1500}, {".5", true, 0.5}, {"5.", true, 5}, {"7", true, 7},
		{"0x10", true, 16}, {"1E+2", true, 100}, {"+0.25", true, 0.25}, {".inf", false, 0}, {"-.inf", false, 0},
		{".nan", false, 0}, {"nan", false, 0}, {"inf", false, 0}, {"infinity", false, 0}, {"1e999", false, 0},
		{"1.2.3", false, 0}, {".", false, 0}, {"-", false, 0}, {"1e", false, 0}, {"e5", false, 0},
		{"'1.5'", false, 0}, {"1,5", false, 0}, {"0x1p3", false, 0}, {"~", false, 0}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		auto_struct(node) node = parsed(cases[i].text);
		double value = 77;
		if (node_as_double(node, &value) != cases[i].good)
			fail_msg("%s", cases[i].text);
		assert_true(value == (cases[i].good ? cases[i].value : 77));
	}
}

static void aliases_stand_for_their_anchor(void **state)
{
	auto_struct(node) root = parsed("a: &a {x: [1, two]}\n"
					"b: *a\n"
					"c: &a 5\n"
					"d: *a\n");
	const struct node *copy = node_get(root, "b");

	assert_ptr_not_equal(copy, node_get(root, "a"));
	assert_string_equal(item(node_get(copy, "x"), 1)->text, "two");
	assert_at(item(node_get(copy, "x"), 1), 1, 15); /* where it can be mended */
	assert_string_equal(node_get(root, "d")->text, "5");
}

static void merges_fill_in_what_is_missing(void **state)
{
	auto_struct(node) root = parsed("base: &base {a: 1, b: 2}\n"
					"more: &more {b: 3, c: 4}\n"
					"one: {<<: *base, b: 9}\n"
					"two: {b: 9, <<: *base}\n"
					"both: {<<: [*base, *more]}\n"
					"inline: {<<: &inner {z: 1}}\n"
					"later: *inner\n"
					"quoted: {'<<': 1}\n");

	assert_string_equal(node_get(node_get(root, "one"), "a")->text, "1");
	assert_string_equal(node_get(node_get(root, "one"), "b")->text, "9");
	assert_string_equal(node_get(node_get(root, "two"), "b")->text, "9");
	assert_int_equal(node_get(root, "two")->items->len, 2);
	assert_string_equal(node_get(node_get(root, "both"), "b")->text, "2");
	assert_string_equal(node_get(node_get(root, "both"), "c")->text, "4");
	assert_string_equal(node_get(node_get(root, "inline"), "z")->text, "1");
	assert_string_equal(node_get(node_get(root, "later"), "z")->text, "1");
	assert_string_equal(node_get(node_get(root, "quoted"), "<<")->text, "1");
}

static void assert_refused(const char *text, gsize length, unsigned line, unsigned column, const char *words)
{
	auto_struct(diagnostics) errors = diagnostics_new("x.yaml");
	auto_struct(node) node = node_parse(text, length, errors);

	assert_null(node);
	assert_int_equal(diagnostics_count(errors), 1);
	const struct diagnostic *error = diagnostics_get(errors, 0);
	if (error->line != line || error->column != column || !strstr(error->message, words))
		fail_msg("%.200s\n-> %u:%u: %s", text, error->line, error->column, error->message);
}

static void what_is_no_yaml_is_refused_in_words_that_help(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *words;
	} cases[] = {
		{"a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key 'a'; it is in line 1 already"},
		{"a: b: c\n", 1, 5, "':' is not allowed here"},
		{"a: 1\n  b: 2\n", 2, 4, "':' is not allowed here"},
		{"a:\n    b: 1\n  c: 2\n", 3, 3, "does not fit the keys before it"},
		{"a:\n\tb: 1\n", 2, 1, "use spaces"},
		{"a:\n  \t- b\n", 2, 3, "use spaces"},
		{"a: [1, 2\nb: 3\n", 2, 2, "closing ']'"},
		{"a: {x: 1\nb: 3\n", 2, 2, "closing '}'"},
		{"a: \"open\n", 1, 4, "never closed"},
		{"a: 1\nb\n", 3, 1, "':' is missing"},
		{"accept: [*.jpg]\n", 1, 10, "in quotes, as in \"*.jpg\""},
		{"a: - b\n", 1, 4, "line of its own"},
		{"- a\nb: 1\n", 2, 1, "begin it with '- '"},
		{"a: @b\n", 1, 4, "must be in quotes"},
		{"a: *nobody\n", 1, 4, "no anchor before it"},
		{"a: &a [1, *a]\n", 1, 11, "inside what it stands for"},
		{"a: !python/object x\n", 1, 4, "tags"},
		{"a: !!int 5\n", 1, 4, "tags"},
		{"a: !!map {}\n", 1, 4, "tags"},
		{"[a]: 1\n", 1, 1, "plain word"},
		{"{a: 1}: 1\n", 1, 1, "plain word"},
		{"&k a: 1\n", 1, 1, "not before keys"},
		{"'': 1\n", 1, 1, "a key is missing"},
		{"a: \"x\\0y\"\n", 1, 4, "NUL"},
		{"\"x\\0y\": 1\n", 1, 1, "a key is missing"},
		{"a: 1\n---\nb: 1\n", 2, 1, "second document"},
		{"a: {<<: 5}\n", 1, 5, "'<<' takes a map"},
		{"a: {<<: [[{}]]}\n", 1, 5, "list of lists"},
		{"x: &x {}\na:\n  <<: *x\n  <<: *x\n", 4, 3, "second '<<'"},
		{"a: \xff\xfe\n", 1, 4, "UTF-8"},
		{"\xc3\xa9: 1\nb: \xc3\n", 2, 4, "UTF-8"},
		{"\xff\xfe"
		 "a: 1\n",
			1, 1, "UTF-8"},
		{"a: 1\nb: \x01\n", 2, 4, "control character"},
		{"%YAML 9.0\n---\na: 1\n", 1, 1, "not valid YAML"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_refused(cases[i].text, strlen(cases[i].text), cases[i].line, cases[i].column, cases[i].words);
	assert_refused("a: 1\0", 5, 1, 5, "control character");
}

static void bombs_are_refused(void **state)
{
	g_autoptr(GString) laughs = g_string_new("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
	for (char name = 'b'; name < 'n'; name++) {
		g_string_append_printf(laughs, "%c: &%c [", name, name);
		for (int i = 0; i < 10; i++)
			g_string_append_printf(laughs, "%s*%c", i ? ", " : "", name - 1);
		g_string_append(laughs, "]\n");
	}
	assert_refused(laughs->str, laughs->len, 4, 36, "more than 10,000 values");

	g_autoptr(GString) wide = g_string_new(NULL);
	for (int i = 0; i < 10000; i++)
		g_string_append(wide, "- x\n");
	assert_refused(wide->str, wide->len, 10000, 3, "more than 10,000 values");
	g_string_truncate(wide, 9999 * 4);
	auto_struct(node) fits = parsed(wide->str);
	assert_int_equal(fits->items->len, 9999);

	g_autofree char *deep = g_strnfill(500000, '[');
	assert_refused(deep, 500000, 1, 65, "64 deep");
	/* Each alias brings forty levels, so that no line of it is deep by itself. */
	g_autoptr(GString) ladder = g_string_new("a: &a x\n");
	for (char name = 'b'; name < 'e'; name++) {
		g_string_append_printf(ladder, "%c: &%c ", name, name);
		for (int i = 0; i < 40; i++)
			g_string_append_c(ladder, '[');
		g_string_append_printf(ladder, "*%c", name - 1);
		for (int i = 0; i < 40; i++)
			g_string_append_c(ladder, ']');
		g_string_append_c(ladder, '\n');
	}
	assert_refused(ladder->str, ladder->len, 3, 47, "64 deep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_kept),
		cmocka_unit_test(byte_order_mark_and_crlf_are_fine),
		cmocka_unit_test(columns_inside_a_text_are_known_when_it_stands_as_it_is),
		cmocka_unit_test(nulls),
		cmocka_unit_test(booleans),
		cmocka_unit_test(integers),
		cmocka_unit_test(numbers),
		cmocka_unit_test(aliases_stand_for_their_anchor),
		cmocka_unit_test(merges_fill_in_what_is_missing),
		cmocka_unit_test(what_is_no_yaml_is_refused_in_words_that_help),
		cmocka_unit_test(bombs_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
