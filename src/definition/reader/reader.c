/* SPDX-License-Identifier: GPL-2.0-or-later
 * Readers of single values: see reader.h. */
#include "definition/reader/reader.h"

#include <string.h>

#include "definition/expression/expression_parse.h"

#define DURATION_MAX_US (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)

char *node_shown(const struct node *node)
{
	switch (node->kind) {
	case NODE_LIST:
		return g_strdup("a list");
	case NODE_MAP:
		return g_strdup("a map");
	case NODE_SCALAR:
		return g_strdup_printf("'%s'", node->text);
	default:
		return g_strdup("nothing");
	}
}

void unknown_key(struct reader *reader, const struct node_entry *entry, const char *const *known)
{
	const char *meant = did_you_mean(entry->key, known);

	if (meant) {
		diagnostics_add(reader->errors, entry->line, entry->column, "unknown key '%s'; did you mean '%s'?",
			entry->key, meant);
		return;
	}
	g_autofree char *list = g_strjoinv(", ", (char **)known);
	diagnostics_add(reader->errors, entry->line, entry->column, "unknown key '%s'; there are %s", entry->key, list);
}

/* "KEY must be WHAT, not 'yes'" at the value; a value that is missing gets its own words. Always false. */
static bool must_be(struct reader *reader, const char *key, const struct node *node, const char *what)
{
	if (node->kind == NODE_NULL) {
		diagnostics_add(reader->errors, node->line, node->column,
			"%s has no value; it must be %s, or take the key out", key, what);
		return false;
	}
	g_autofree char *shown = node_shown(node);
	diagnostics_add(reader->errors, node->line, node->column, "%s must be %s, not %s", key, what, shown);
	return false;
}

bool require_kind(
	struct reader *reader, const char *key, const struct node *node, enum node_kind kind, const char *advice)
{
	g_autofree char *what = g_strdup_printf("a %s such as %s", kind == NODE_LIST ? "list" : "map", advice);

	return node->kind == kind || must_be(reader, key, node, what);
}

bool read_text(struct reader *reader, const char *key, const struct node *node, const char **value)
{
	const char *text = node_as_string(node);

	if (!text)
		return must_be(reader, key, node, "text");
	*value = text;
	return true;
}

bool read_bool(struct reader *reader, const char *key, const struct node *node, bool *value)
{
	return node_as_bool(node, value) || must_be(reader, key, node, "true or false");
}

bool read_integer(
	struct reader *reader, const char *key, const struct node *node, gint64 min, gint64 max, gint64 *value)
{
	gint64 integer;

	if (!node_as_int(node, &integer) || integer < min || integer > max) {
		g_autofree char *what =
			g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
		return must_be(reader, key, node, what);
	}
	*value = integer;
	return true;
}

bool read_number(struct reader *reader, const char *key, const struct node *node, double min, double max, double *value)
{
	double number;

	if (!node_as_double(node, &number) || number < min || number > max) {
		g_autofree char *what = g_strdup_printf("a number from %.10g to %.10g", min, max);
		return must_be(reader, key, node, what);
	}
	*value = number;
	return true;
}

bool read_duration(struct reader *reader, const char *key, const struct node *node, gint64 *value_us)
{
	static const struct {
		const char *name;
		double us;
	} units[] = {{"ms", 1000.0}, {"s", G_USEC_PER_SEC}, {"m", 60.0 * G_USEC_PER_SEC}};
	static const char what[] = "a duration from 0ms to 60m, such as 500ms, 2s or 1m";
	const char *text = node_as_string(node);

	size_t digits = text ? strspn(text, "0123456789.") : 0;
	if (digits == 0 || !g_ascii_isdigit(*text) || !g_ascii_isdigit(text[digits - 1]) ||
		strchr(text, '.') != strrchr(text, '.'))
		return must_be(reader, key, node, what);
	double number = g_ascii_strtod(text, NULL);
	if (text[digits] == '\0') {
		/* Nobody waits a minute for a file to settle, or two milliseconds. */
		diagnostics_add(reader->errors, node->line, node->column, "%s needs a unit; did you mean '%s%s'?", key,
			text, number > 60 ? "ms" : "s");
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (!g_str_equal(text + digits, units[i].name))
			continue;
		if (number * units[i].us > (double)DURATION_MAX_US)
			return must_be(reader, key, node, what);
		*value_us = (gint64)(number * units[i].us + 0.5);
		return true;
	}
	return must_be(reader, key, node, what);
}

bool read_bytes(struct reader *reader, const char *key, const struct node *node, gint64 *value)
{
	static const char what[] = "a size in bytes, such as 5000000, 200MB or 1.5GiB";
	static const char prefixes[] = "kMGT";
	const char *text = node_as_string(node);
	size_t digits = text ? strspn(text, "0123456789.") : 0;

	if (digits == 0 || !g_ascii_isdigit(*text) || !g_ascii_isdigit(text[digits - 1]) ||
		strchr(text, '.') != strrchr(text, '.'))
		return must_be(reader, key, node, what);
	double bytes = g_ascii_strtod(text, NULL);
	const char *unit = text + digits + strspn(text + digits, " ");
	const char *prefix = *unit ? strchr(prefixes, *unit == 'K' ? 'k' : *unit) : NULL;
	if (prefix) {
		bool binary = unit[1] == 'i';
		for (const char *p = prefixes; p <= prefix; p++)
			bytes *= binary ? 1024 : 1000;
		unit += 1 + binary;
	}
	unit += *unit == 'B';
	if (*unit || bytes < 1 || bytes > 1e15)
		return must_be(reader, key, node, what);
	*value = (gint64)bytes;
	return true;
}

bool read_when(struct reader *reader, const struct node *node, const char **value)
{
	g_autoptr(GError) cause = NULL;
	gsize offset;
	const char *text = node_as_string(node);

	if (!text)
		return must_be(reader, "when", node, "a condition such as 'width > 4000'");
	auto_struct(expression) expression = expression_parse(text, &offset, &cause);
	if (!expression) {
		diagnostics_add(reader->errors, node->line, node_text_column(node, offset), "when: %s", cause->message);
		return false;
	}
	*value = text;
	return true;
}

bool read_choice(
	struct reader *reader, const char *key, const struct node *node, const char *const *names, unsigned *value)
{
	const char *text = node_as_string(node);

	for (unsigned i = 0; text && names[i]; i++) {
		if (g_str_equal(names[i], text)) {
			*value = i;
			return true;
		}
	}
	const char *meant = text ? did_you_mean(text, names) : NULL;
	if (meant) {
		diagnostics_add(reader->errors, node->line, node->column, "unknown %s '%s'; did you mean '%s'?", key,
			text, meant);
		return false;
	}
	g_autofree char *list = g_strjoinv(", ", (char **)names);
	g_autofree char *what = g_strdup_printf("one of %s", list);
	return must_be(reader, key, node, what);
}
