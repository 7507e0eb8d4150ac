/* SPDX-License-Identifier: GPL-2.0-or-later
 * YAML text to a tree: see parser.h. libyaml's events are taken one by one, so that a document that grows without
 * end is left where it crosses a limit. Trees themselves, and what a scalar means, are node.c's. */
#include "definition/yaml/parser.h"

#include <string.h>
#include <yaml.h>

#include "definition/yaml/syntax.h"

#define NODES_MAX 10000
#define DEPTH_MAX 64 /* also bounds the recursion here and of everybody who walks a tree */

struct parse {
	yaml_parser_t yaml;
	const char *file; /* interned */
	const char *text;
	gsize length;
	yaml_mark_t end; /* of the text */
	struct diagnostics *errors;
	GHashTable *anchors; /* name -> struct node, borrowed from the tree or merged; NULL while it is still open */
	GPtrArray *merged;   /* what stood after `<<`: not in the tree, but an anchor may name it */
	unsigned nodes;
	unsigned depth;
};

#define auto_event __attribute__((cleanup(yaml_event_delete))) yaml_event_t

/* At the end of a text without a last line break libyaml steps down to a line that is not there. */
static yaml_mark_t inside(const struct parse *parse, yaml_mark_t mark)
{
	return mark.line > parse->end.line ? parse->end : mark;
}

/* Adds the error at a mark of libyaml's (from 0). Always NULL. */
static void *wrong(struct parse *parse, yaml_mark_t mark, const char *message)
{
	mark = inside(parse, mark);
	diagnostics_add(parse->errors, (unsigned)mark.line + 1, (unsigned)mark.column + 1, "%s", message);
	return NULL;
}

static struct node *counted_node(struct parse *parse, enum node_kind kind, yaml_mark_t mark)
{
	if (++parse->nodes > NODES_MAX)
		return wrong(parse, mark,
			"the definition is too big: it has more than 10,000 values, aliases counted as what they stand for");
	mark = inside(parse, mark);
	struct node *node = node_new(kind, (unsigned)mark.line + 1, (unsigned)mark.column + 1);
	node->file = parse->file;
	return node;
}

static void syntax_error(struct parse *parse)
{
	const yaml_parser_t *yaml = &parse->yaml;
	yaml_mark_t mark = yaml->problem_mark;

	if (yaml->error == YAML_READER_ERROR) { /* of the encoding: it tells no line, only how far it got */
		const char *invalid;
		g_utf8_validate_len(parse->text, parse->length, &invalid); /* where a broken letter begins */
		mark = (yaml_mark_t){0};
		syntax_place(parse->text, MIN((gsize)(invalid - parse->text), yaml->problem_offset), &mark.line,
			&mark.column);
	}
	mark = inside(parse, mark);
	bool at_start;
	g_autofree char *message =
		syntax_message(parse->text, parse->length, mark.line, yaml->context, yaml->problem, &at_start);
	wrong(parse, at_start && yaml->context ? yaml->context_mark : mark, message);
}

static bool next_event(struct parse *parse, yaml_event_t *event)
{
	if (yaml_parser_parse(&parse->yaml, event))
		return true;
	syntax_error(parse);
	return false;
}

static bool is_null_text(const char *text)
{
	static const char *const spellings[] = {"", "~", "null", "Null", "NULL", NULL};
	return g_strv_contains(spellings, text);
}

static struct node *scalar_node(struct parse *parse, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	const char *tag = (const char *)event->data.scalar.tag;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	bool text_tag = tag && (g_str_equal(tag, "!") || g_str_equal(tag, YAML_STR_TAG));

	if (memchr(text, '\0', length))
		return wrong(parse, event->start_mark, "a NUL character is not allowed; take the \\0 out");
	if (tag && !text_tag)
		return wrong(parse, event->start_mark, "tags ('!...') mean nothing here; take it out");
	bool null = plain && !tag && is_null_text(text);
	struct node *node = counted_node(parse, null ? NODE_NULL : NODE_SCALAR, event->start_mark);
	if (!node || null)
		return node;
	node->text = g_strndup(text, length);
	node->quoted = !plain || tag;
	/* Folding and escapes shorten a text, so equal lengths on one line mean that the file has it unchanged. */
	size_t quotes = plain ? 0 : 2;
	if (!tag && event->start_mark.line == event->end_mark.line &&
		event->end_mark.index - event->start_mark.index == (size_t)g_utf8_strlen(text, (gssize)length) + quotes)
		node->text_column = node->column + (plain ? 0 : 1);
	return node;
}

static bool descend(struct parse *parse, yaml_mark_t mark)
{
	if (parse->depth >= DEPTH_MAX) {
		wrong(parse, mark, "lists and maps are nested more than 64 deep here; a definition needs far fewer");
		return false;
	}
	parse->depth++;
	return true;
}

static struct node *node_copy(struct parse *parse, const struct node *from, yaml_mark_t alias);

static bool entry_copy(struct parse *parse, struct node *map, const struct node_entry *from, yaml_mark_t alias)
{
	struct node *value = node_copy(parse, from->value, alias);

	if (!value)
		return false;
	struct node_entry *entry = g_memdup2(from, sizeof *from);
	entry->key = g_strdup(from->key);
	entry->value = value;
	g_ptr_array_add(map->items, entry);
	return true;
}

static bool items_copy(struct parse *parse, struct node *to, const struct node *from, yaml_mark_t alias)
{
	for (guint i = 0; i < from->items->len; i++) {
		const void *item = g_ptr_array_index(from->items, i);
		if (from->kind == NODE_MAP) {
			if (!entry_copy(parse, to, item, alias))
				return false;
			continue;
		}
		struct node *copy = node_copy(parse, item, alias);
		if (!copy)
			return false;
		g_ptr_array_add(to->items, copy);
	}
	return true;
}

static struct node *node_copy(struct parse *parse, const struct node *from, yaml_mark_t alias)
{
	auto_struct(node) copy = counted_node(parse, from->kind, alias);

	if (!copy)
		return NULL;
	copy->line = from->line;
	copy->column = from->column;
	copy->text = g_strdup(from->text);
	copy->quoted = from->quoted;
	copy->text_column = from->text_column;
	if (from->items) {
		if (!descend(parse, alias) || !items_copy(parse, copy, from, alias))
			return NULL;
		parse->depth--;
	}
	return g_steal_pointer(&copy);
}

static struct node *alias_node(struct parse *parse, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	void *anchored;

	if (!g_hash_table_lookup_extended(parse->anchors, name, NULL, &anchored))
		return wrong(parse, event->start_mark,
			"this alias has no anchor before it; define it with '&', or put text that begins with '*' in quotes");
	if (!anchored)
		return wrong(parse, event->start_mark, "this alias stands inside what it stands for; take it out");
	return node_copy(parse, anchored, event->start_mark);
}

static struct node *event_node(struct parse *parse, const yaml_event_t *event);

static bool list_items(struct parse *parse, struct node *list)
{
	for (;;) {
		auto_event event = {0};
		if (!next_event(parse, &event))
			return false;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			return true;
		struct node *item = event_node(parse, &event);
		if (!item)
			return false;
		g_ptr_array_add(list->items, item);
	}
}

static const struct node_entry *entry_find(const struct node *map, const char *key)
{
	for (guint i = 0; i < map->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(map->items, i);
		if (g_str_equal(entry->key, key))
			return entry;
	}
	return NULL;
}

/* Adds what a `<<` brings; a key that the map has already stays as it is, so the first of several maps wins. */
static bool merge(struct parse *parse, struct node *map, const struct node *from, yaml_mark_t mark)
{
	if (from->kind == NODE_LIST) {
		for (guint i = 0; i < from->items->len; i++) {
			const struct node *one = g_ptr_array_index(from->items, i);
			if (one->kind == NODE_LIST)
				return wrong(parse, mark, "'<<' takes a map or a list of maps, not a list of lists");
			if (!merge(parse, map, one, mark))
				return false;
		}
		return true;
	}
	if (from->kind != NODE_MAP)
		return wrong(parse, mark, "'<<' takes a map, as in '<<: *name'");
	for (guint i = 0; i < from->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(from->items, i);
		if (!entry_find(map, entry->key) && !entry_copy(parse, map, entry, mark))
			return false;
	}
	return true;
}

static bool key_check(struct parse *parse, const yaml_event_t *key, const struct node *map)
{
	const char *text = (const char *)key->data.scalar.value;

	if (key->type != YAML_SCALAR_EVENT)
		return wrong(parse, key->start_mark, "a key must be a plain word");
	if (key->data.scalar.anchor || key->data.scalar.tag)
		return wrong(
			parse, key->start_mark, "anchors and tags stand before values, not before keys; take it out");
	if (*text == '\0' || strlen(text) != key->data.scalar.length)
		return wrong(parse, key->start_mark, "a key is missing before the ':'");
	const struct node_entry *first = entry_find(map, text);
	if (!first)
		return true;
	g_autofree char *message =
		g_strdup_printf("duplicate key '%s'; it is in line %u already, keep one of them", text, first->line);
	return wrong(parse, key->start_mark, message);
}

static bool map_entries(struct parse *parse, struct node *map)
{
	const struct node *merge_from = NULL;
	yaml_mark_t merge_mark = {0};

	for (;;) {
		auto_event key = {0};
		auto_event event = {0};
		if (!next_event(parse, &key))
			return false;
		if (key.type == YAML_MAPPING_END_EVENT)
			return !merge_from || merge(parse, map, merge_from, merge_mark);
		if (!key_check(parse, &key, map) || !next_event(parse, &event))
			return false;
		struct node *value = event_node(parse, &event);
		if (!value)
			return false;
		const char *text = (const char *)key.data.scalar.value;
		if (g_str_equal(text, "<<") && key.data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
			g_ptr_array_add(parse->merged, value);
			if (merge_from)
				return wrong(parse, key.start_mark, "a second '<<' in one map; write '<<: [*a, *b]'");
			merge_from = value;
			merge_mark = key.start_mark;
			continue;
		}
		struct node_entry *entry = g_new0(struct node_entry, 1);
		entry->key = g_strdup(text);
		entry->line = (unsigned)key.start_mark.line + 1;
		entry->column = (unsigned)key.start_mark.column + 1;
		entry->value = value;
		g_ptr_array_add(map->items, entry);
	}
}

static struct node *collection_node(struct parse *parse, const yaml_event_t *event)
{
	bool list = event->type == YAML_SEQUENCE_START_EVENT;
	const void *tag = list ? event->data.sequence_start.tag : event->data.mapping_start.tag;

	if (tag)
		return wrong(parse, event->start_mark, "tags ('!...') mean nothing here; take it out");
	auto_struct(node) node = counted_node(parse, list ? NODE_LIST : NODE_MAP, event->start_mark);
	if (!node || !descend(parse, event->start_mark))
		return NULL;
	if (!(list ? list_items(parse, node) : map_entries(parse, node)))
		return NULL;
	parse->depth--;
	return g_steal_pointer(&node);
}

static struct node *event_node(struct parse *parse, const yaml_event_t *event)
{
	const yaml_char_t *anchor;
	struct node *node;

	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return alias_node(parse, event);
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		node = scalar_node(parse, event);
		break;
	default:
		anchor = event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
								  : event->data.mapping_start.anchor;
		if (anchor)
			g_hash_table_insert(parse->anchors, g_strdup((const char *)anchor), NULL);
		node = collection_node(parse, event);
		break;
	}
	if (node && anchor)
		g_hash_table_insert(parse->anchors, g_strdup((const char *)anchor), node);
	return node;
}

/* The one document of the stream, or NULL. */
static struct node *document_node(struct parse *parse)
{
	auto_struct(node) root = NULL;

	for (;;) {
		auto_event event = {0};
		if (!next_event(parse, &event))
			return NULL;
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (root)
				return wrong(parse, event.start_mark,
					"a second document begins here; a definition is one, so take out the '---'");
			break;
		case YAML_STREAM_END_EVENT:
			return root ? g_steal_pointer(&root) : counted_node(parse, NODE_NULL, event.start_mark);
		default:
			root = event_node(parse, &event);
			if (!root)
				return NULL;
		}
	}
}

struct node *node_parse(const char *text, gsize length, struct diagnostics *errors)
{
	/* libyaml passes over a byte order mark only where it guesses the encoding, and it may not guess UTF-16. */
	bool marked = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
	struct parse parse = {.file = g_intern_string(diagnostics_file(errors)),
		.text = text + (marked ? 3 : 0),
		.length = length - (marked ? 3 : 0),
		.errors = errors};

	syntax_place(parse.text, parse.length, &parse.end.line, &parse.end.column);
	if (!yaml_parser_initialize(&parse.yaml))
		g_error("out of memory");
	yaml_parser_set_encoding(&parse.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parse.yaml, (const unsigned char *)parse.text, parse.length);
	parse.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	parse.merged = g_ptr_array_new_with_free_func(node_destroy);
	struct node *root = document_node(&parse);
	g_ptr_array_unref(parse.merged);
	g_hash_table_unref(parse.anchors);
	yaml_parser_delete(&parse.yaml);
	return root;
}
