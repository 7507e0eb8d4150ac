/* SPDX-License-Identifier: GPL-2.0-or-later
 * The tree without YAML: its nodes, and what a scalar means by the core schema of YAML 1.2 (chapter 10.3 of its
 * specification): see node.h. */
#include "definition/yaml/node.h"

#include <math.h>
#include <string.h>

static void entry_destroy(void *data)
{
	struct node_entry *entry = data;

	g_free(entry->key);
	node_free(entry->value);
	g_free(entry);
}

void node_destroy(void *node)
{
	node_free(node);
}

struct node *node_new(enum node_kind kind, unsigned line, unsigned column)
{
	struct node *node = g_new0(struct node, 1);

	node->kind = kind;
	node->line = line;
	node->column = column;
	if (kind == NODE_LIST)
		node->items = g_ptr_array_new_with_free_func(node_destroy);
	if (kind == NODE_MAP)
		node->items = g_ptr_array_new_with_free_func(entry_destroy);
	return node;
}

void node_free(struct node *node)
{
	if (!node)
		return;
	g_free(node->text);
	if (node->items)
		g_ptr_array_unref(node->items);
	g_free(node);
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (guint i = 0; i < map->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(map->items, i);
		if (g_str_equal(entry->key, key))
			return entry->value;
	}
	return NULL;
}

unsigned node_text_column(const struct node *node, gsize offset_bytes)
{
	if (node->kind != NODE_SCALAR || node->text_column == 0 || offset_bytes > strlen(node->text))
		return node->column;
	return node->text_column + (unsigned)g_utf8_strlen(node->text, (gssize)offset_bytes);
}

/* The text of a scalar that is not a string by its quotes, or NULL. */
static const char *plain_text(const struct node *node)
{
	return node && node->kind == NODE_SCALAR && !node->quoted ? node->text : NULL;
}

bool node_as_bool(const struct node *node, bool *value)
{
	static const char *const yes[] = {"true", "True", "TRUE", NULL};
	static const char *const no[] = {"false", "False", "FALSE", NULL};
	const char *text = plain_text(node);

	if (!text || !(g_strv_contains(yes, text) || g_strv_contains(no, text)))
		return false;
	*value = g_strv_contains(yes, text);
	return true;
}

static bool all_of(const char *text, const char *digits)
{
	return *text && text[strspn(text, digits)] == '\0';
}

bool node_as_int(const struct node *node, gint64 *value)
{
	const char *text = plain_text(node);

	if (!text)
		return false;
	/* The schema gives hexadecimal and octal numbers no sign. */
	if (g_str_has_prefix(text, "0x") && all_of(text + 2, "0123456789abcdefABCDEF"))
		return g_ascii_string_to_signed(text + 2, 16, G_MININT64, G_MAXINT64, value, NULL);
	if (g_str_has_prefix(text, "0o") && all_of(text + 2, "01234567"))
		return g_ascii_string_to_signed(text + 2, 8, G_MININT64, G_MAXINT64, value, NULL);
	if (*text == '+')
		text++;
	if (!all_of(*text == '-' && text == node->text ? text + 1 : text, "0123456789"))
		return false;
	return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, value, NULL);
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float_text(const char *text)
{
	static const char digits[] = "0123456789";

	text += *text == '-' || *text == '+';
	size_t whole = strspn(text, digits);
	text += whole;
	size_t fraction = 0;
	if (*text == '.') {
		fraction = strspn(text + 1, digits);
		text += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		return all_of(text, digits);
	}
	return *text == '\0';
}

bool node_as_double(const struct node *node, double *value)
{
	const char *text = plain_text(node);
	gint64 integer;

	if (!text)
		return false;
	if (node_as_int(node, &integer)) {
		*value = (double)integer;
		return true;
	}
	if (!is_float_text(text))
		return false;
	double number = g_ascii_strtod(text, NULL);
	if (!isfinite(number))
		return false;
	*value = number;
	return true;
}

const char *node_as_string(const struct node *node)
{
	return node && node->kind == NODE_SCALAR ? node->text : NULL;
}
