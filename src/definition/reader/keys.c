/* SPDX-License-Identifier: GPL-2.0-or-later
 * The keys of a definition: see reader.h. Their table is in definition/keys.c. */
#include <string.h>

#include "base/file_format.h"
#include "definition/keys.h"
#include "definition/reader/keys.h"
#include "definition/reader/outputs.h"
#include "definition/reader/reader.h"
#include "definition/reader/steps.h"

static struct place place_of(const struct node *node)
{
	return (struct place){node->file, node->line, node->column};
}

static void read_name(struct reader *reader, const struct node *node)
{
	const char *name;

	if (!read_text(reader, "name", node, &name))
		return;
	if (!pipeline_name_valid(name)) {
		diagnostics_add(reader->errors, node->line, node->column,
			"'%s' cannot be a name; write a-z, 0-9, _ and -, a letter or digit first, 64 at most", name);
		return;
	}
	g_free(reader->pipeline->name);
	reader->pipeline->name = g_strdup(name);
	reader->pipeline->name_place = place_of(node);
}

const char *inbox_fault(const char *inbox, gsize *offset_bytes)
{
	bool named = false;

	*offset_bytes = 0;
	if (*inbox == '\0')
		return "is empty; name a folder below the watch folder, or write an absolute path";
	if (*inbox == '~')
		return "begins with '~', which only a shell knows; write the absolute path";
	g_autofree char *scheme = g_uri_parse_scheme(inbox);
	if (scheme && strstr(inbox, "://"))
		return "is an address, and dropmill watches folders of this machine; mount or sync it to a folder, and name that";
	for (const char *start = inbox;; start++) {
		size_t length = strcspn(start, "/");
		g_autofree char *component = g_strndup(start, length);
		*offset_bytes = (gsize)(start - inbox);
		if (g_str_equal(component, ".."))
			return "contains '..'; name a folder below the watch folder, or write an absolute path";
		if (g_str_equal(component, "_done") || g_str_equal(component, "_failed") ||
			g_str_equal(component, ".dropmill"))
			return "contains a folder that dropmill keeps for itself; name another";
		for (const char *c = component; *c; c++)
			if (g_ascii_iscntrl(*c))
				return "contains a control character; take it out";
		named = named || (length > 0 && !g_str_equal(component, "."));
		start += length;
		if (*start == '\0')
			break;
	}
	*offset_bytes = 0;
	return named ? NULL : "is not a folder of its own; name one below the watch folder";
}

static void read_inbox(struct reader *reader, const struct node *node)
{
	const char *inbox, *fault;
	gsize offset;

	if (!read_text(reader, "inbox", node, &inbox))
		return;
	fault = inbox_fault(inbox, &offset);
	if (fault) {
		diagnostics_add(
			reader->errors, node->line, node_text_column(node, offset), "inbox '%s' %s", inbox, fault);
		return;
	}
	g_free(reader->pipeline->inbox);
	reader->pipeline->inbox = g_strdup(inbox);
	reader->pipeline->inbox_place = place_of(node);
}

/* One entry of accept: or reject: in the form that the intake reads: a glob, or a format's name. NULL after a diagnostic. */
static char *read_pattern(struct reader *reader, const char *key, const struct node *node)
{
	g_autofree char *what = g_strdup_printf("a pattern of %s", key);
	const char *word;

	if (!read_text(reader, what, node, &word))
		return NULL;
	if (*word == '\0' || strchr(word, '/')) {
		diagnostics_add(reader->errors, node->line, node->column,
			"'%s' matches no file's name; write a pattern without '/' such as \"*.jpg\"", word);
		return NULL;
	}
	if (strpbrk(word, "*?[."))
		return g_strdup(word);
	const char *format = pipeline_format_word(word);
	if (!format && g_strv_contains(file_format_names(FILE_FORMATS_ALLOWABLE), word))
		format = word;
	if (!format) {
		const char *meant = did_you_mean(word, file_format_names(FILE_FORMATS_READ));
		diagnostics_add(reader->errors, node->line, node->column,
			"'%s' is not a format that is read here%s%s%s; for files' names write a pattern such as \"*.%s\"",
			word, meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "", word);
	}
	return g_strdup(format);
}

static void read_patterns(struct reader *reader, const char *key, const struct node *node, char ***patterns)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	if (!require_kind(reader, key, node, NODE_LIST, "[jpeg, \"*.tif\"]"))
		return;
	for (guint i = 0; i < node->items->len; i++) {
		g_autofree char *pattern = read_pattern(reader, key, g_ptr_array_index(node->items, i));
		if (pattern)
			g_strv_builder_add(builder, pattern);
	}
	g_strfreev(*patterns);
	*patterns = g_strv_builder_end(builder);
}

static void read_accept(struct reader *reader, const struct node *node)
{
	if (node->kind == NODE_LIST && node->items->len == 0)
		diagnostics_add(reader->errors, node->line, node->column,
			"accept is empty, so that no file would be taken; list patterns, or take the key out to take every image");
	read_patterns(reader, "accept", node, &reader->pipeline->accept);
}

static void read_reject(struct reader *reader, const struct node *node)
{
	read_patterns(reader, "reject", node, &reader->pipeline->reject);
}

static void unknown_allow(struct reader *reader, const struct node *node, const char *word)
{
	const char *const *names = file_format_names(FILE_FORMATS_ALLOWABLE);
	const char *meant = did_you_mean(word, names);
	g_autofree char *list = g_strjoinv(", ", (char **)names);

	if (meant)
		diagnostics_add(reader->errors, node->line, node->column,
			"allow: unknown format '%s'; did you mean '%s'?", word, meant);
	else if (pipeline_format_word(word))
		diagnostics_add(reader->errors, node->line, node->column,
			"allow: '%s' is read without it; take it out (those that need it are %s)", word, list);
	else
		diagnostics_add(reader->errors, node->line, node->column, "allow: unknown format '%s'; choose of %s",
			word, list);
}

/* One entry of allow:, or NULL after a diagnostic. */
static const char *read_allowed(struct reader *reader, const struct node *node)
{
	const char *word;

	if (!read_text(reader, "a format of allow", node, &word))
		return NULL;
	if (!g_strv_contains(file_format_names(FILE_FORMATS_ALLOWABLE), word)) {
		unknown_allow(reader, node, word);
		return NULL;
	}
	if (!reader->rules->can_load(word)) {
		diagnostics_add(reader->errors, node->line, node->column,
			"allow: the libvips installed here cannot read %s; install one that can, or take it out", word);
		return NULL;
	}
	return word;
}

static void read_allow(struct reader *reader, const struct node *node)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	if (!require_kind(reader, "allow", node, NODE_LIST, "[svg, pdf]"))
		return;
	for (guint i = 0; i < node->items->len; i++) {
		const char *word = read_allowed(reader, g_ptr_array_index(node->items, i));
		if (word)
			g_strv_builder_add(builder, word);
	}
	g_strfreev(reader->pipeline->allow);
	reader->pipeline->allow = g_strv_builder_end(builder);
}

static void read_pipeline_steps(struct reader *reader, const struct node *node)
{
	read_steps(reader, node, reader->pipeline->steps);
}

/* vars: and include: were done when the files were put together: see include.h. */
static void read_nothing(struct reader *reader, const struct node *node)
{
	(void)reader;
	(void)node;
}

/* A key of this map; map NULL: of the definition. */
static void read_within(struct reader *reader, const char *map, const struct node_entry *entry);

/* Keys with a reader of their own. */
static const struct {
	const char *name;
	void (*read)(struct reader *reader, const struct node *node);
} readers[] = {
	{"name", read_name},
	{"inbox", read_inbox},
	{"accept", read_accept},
	{"reject", read_reject},
	{"allow", read_allow},
	{"vars", read_nothing},
	{"include", read_nothing},
	{"steps", read_pipeline_steps},
	{"outputs", read_outputs},
};

static void read_plain_text(struct reader *reader, const char *key, const struct node *node, char **value)
{
	const char *text;

	if (!read_text(reader, key, node, &text))
		return;
	g_free(*value);
	*value = g_strstrip(g_strdup(text));
}

static void read_map(struct reader *reader, const struct definition_key *map, const struct node *node)
{
	if (!require_kind(reader, map->name, node, NODE_MAP, map->example))
		return;
	for (guint i = 0; i < node->items->len; i++)
		read_within(reader, map->name, g_ptr_array_index(node->items, i));
}

/* By its type. */
static void read_plain(struct reader *reader, const struct definition_key *key, const struct node *node)
{
	void *value = (char *)reader->pipeline + key->at;
	gint64 integer;

	switch (key->type) {
	case KEY_TEXT:
		read_plain_text(reader, key->name, node, value);
		break;
	case KEY_BOOL:
		read_bool(reader, key->name, node, value);
		break;
	case KEY_INTEGER:
		if (read_integer(reader, key->name, node, (gint64)key->low, (gint64)key->high, &integer))
			*(int *)value = (int)integer;
		break;
	case KEY_NUMBER:
		read_number(reader, key->name, node, key->low, key->high, value);
		break;
	case KEY_DURATION:
		if (key->low < 0 && g_strcmp0(node_as_string(node), "never") == 0)
			*(gint64 *)value = -1;
		else
			read_duration(reader, key->name, node, value);
		break;
	case KEY_BYTES:
		read_bytes(reader, key->name, node, value);
		break;
	case KEY_CHOICE:
		read_choice(reader, key->name, node, key->words, value);
		break;
	case KEY_MAP:
		read_map(reader, key, node);
		break;
	case KEY_TEXTS:
	case KEY_OWN:
		break; /* they have readers of their own */
	}
}

static void read_within(struct reader *reader, const char *map, const struct node_entry *entry)
{
	const struct definition_key *key = definition_key_find(map, entry->key);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (size_t i = 0; key && !map && i < G_N_ELEMENTS(readers); i++)
		if (g_str_equal(readers[i].name, key->name)) {
			readers[i].read(reader, entry->value);
			return;
		}
	if (key) {
		read_plain(reader, key, entry->value);
		return;
	}
	for (key = definition_keys; key->name; key++)
		if (g_strcmp0(key->within, map) == 0)
			g_ptr_array_add(names, (gpointer)key->name);
	g_ptr_array_add(names, NULL);
	unknown_key(reader, entry, (const char *const *)names->pdata);
}

void read_entry(struct reader *reader, const struct node_entry *entry)
{
	read_within(reader, NULL, entry);
}
