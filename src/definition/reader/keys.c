/* SPDX-License-Identifier: GPL-2.0-or-later
 * The keys of a definition: see reader.h. The table at the end is the language; a new key is one entry there and one function. */
#include <string.h>

#include "base/file_format.h"
#include "definition/reader/reader.h"

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

static void read_description(struct reader *reader, const struct node *node)
{
	const char *text;

	if (!read_text(reader, "description", node, &text))
		return;
	g_free(reader->pipeline->description);
	reader->pipeline->description = g_strstrip(g_strdup(text));
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

static void read_recursive(struct reader *reader, const struct node *node)
{
	read_bool(reader, "recursive", node, &reader->pipeline->recursive);
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
		const char *meant = did_you_mean(word, file_format_names(FILE_FORMATS_WRITTEN));
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

static void read_originals(struct reader *reader, const struct node *node)
{
	unsigned choice;

	if (read_choice(reader, "originals", node, originals_names, &choice))
		reader->pipeline->originals = (enum originals)choice;
}

static void read_on_conflict(struct reader *reader, const struct node *node)
{
	unsigned choice;

	if (read_choice(reader, "on_conflict", node, on_conflict_names, &choice))
		reader->pipeline->on_conflict = (enum on_conflict)choice;
}

static void read_settle(struct reader *reader, const struct node *node)
{
	read_duration(reader, "settle", node, &reader->pipeline->settle_us);
}

static void read_wait_empty(struct reader *reader, const struct node *node)
{
	read_duration(reader, "wait_empty", node, &reader->pipeline->wait_empty_us);
}

static void read_prune_folders(struct reader *reader, const struct node *node)
{
	if (g_strcmp0(node_as_string(node), "never") == 0)
		reader->pipeline->prune_us = -1;
	else
		read_duration(reader, "prune_folders", node, &reader->pipeline->prune_us);
}

static void read_limits(struct reader *reader, const struct node *node)
{
	static const char *const keys[] = {"megapixels", "frames", "seconds", "bytes", NULL};
	struct limits *limits = &reader->pipeline->limits;
	gint64 frames = limits->frames;

	if (!require_kind(reader, "limits", node, NODE_MAP, "{megapixels: 100, seconds: 60}"))
		return;
	for (guint i = 0; i < node->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(node->items, i);
		if (g_str_equal(entry->key, "megapixels"))
			read_number(reader, "megapixels", entry->value, 0.001, 1e6, &limits->megapixels);
		else if (g_str_equal(entry->key, "frames"))
			read_integer(reader, "frames", entry->value, 1, 100000, &frames);
		else if (g_str_equal(entry->key, "seconds"))
			read_number(reader, "seconds", entry->value, 1, 86400, &limits->seconds);
		else if (g_str_equal(entry->key, "bytes"))
			read_bytes(reader, "bytes", entry->value, &limits->bytes);
		else
			unknown_key(reader, entry, keys);
	}
	limits->frames = (unsigned)frames;
}

static void read_priority(struct reader *reader, const struct node *node)
{
	gint64 priority;

	if (read_integer(reader, "priority", node, PRIORITY_MIN, PRIORITY_MAX, &priority))
		reader->pipeline->priority = (int)priority;
}

static void read_on_failure(struct reader *reader, const struct node *node)
{
	static const char *const keys[] = {"attempts", NULL};
	gint64 attempts = reader->pipeline->attempts;

	if (!require_kind(reader, "on_failure", node, NODE_MAP, "{attempts: 3}"))
		return;
	for (guint i = 0; i < node->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(node->items, i);
		if (g_str_equal(entry->key, "attempts"))
			read_integer(reader, "attempts", entry->value, 1, ATTEMPTS_MAX, &attempts);
		else
			unknown_key(reader, entry, keys);
	}
	reader->pipeline->attempts = (unsigned)attempts;
}

/* vars: and include: were done when the files were put together: see include.h. */
static void read_nothing(struct reader *reader, const struct node *node)
{
	(void)reader;
	(void)node;
}

/* Schemas use one quote for two: they are C strings, and JSON only in image/describe/schema.c. */
#define PATTERNS "{'type': 'array', 'minItems': 1, 'items': {'type': 'string'}}"

static const struct definition_key keys[] = {
	{"name", "the pipeline's name; default: the file's name",
		"{'type': 'string', 'pattern': '^[a-z0-9][a-z0-9_-]{0,63}$'}", read_name},
	{"description", "for people", "{'type': 'string'}", read_description},
	{"inbox", "folder below the watch folder, or an absolute path; default: the file's name", "{'type': 'string'}",
		read_inbox},
	{"recursive", "sub-folders are watched, and mirrored in the out folder", "{'type': 'boolean', 'default': true}",
		read_recursive},
	{"accept", "which files are taken: patterns of names, or formats by content; default: every image", PATTERNS,
		read_accept},
	{"reject", "which files are left alone although they are accepted", PATTERNS, read_reject},
	{"allow", "formats that are read though their libraries are not made for strangers' files",
		"{'type': 'array', 'items': {'$ref': '#/$defs/allowable'}}", read_allow},
	{"vars", "values for ${name}",
		"{'type': 'object', 'additionalProperties': {'type': ['string', 'number', "
		"'boolean', 'null']}}",
		read_nothing},
	{"include", "files whose keys are read below these",
		"{'anyOf': [{'type': 'string'}, {'type': 'array', 'items': "
		"{'type': 'string'}}]}",
		read_nothing},
	{"steps", "the operations, in this order", "{'$ref': '#/$defs/steps'}", read_pipeline_steps},
	{"outputs", "the files that are written; default: one, same name, same format", "{'$ref': '#/$defs/outputs'}",
		read_outputs},
	{"originals", "what happens to the dropped file",
		"{'enum': ['archive', 'delete', 'keep'], 'default': 'archive'}", read_originals},
	{"on_conflict", "when an output's name is taken by another file",
		"{'enum': ['rename', 'overwrite', 'skip', 'fail'], 'default': 'rename'}", read_on_conflict},
	{"settle", "how long a file written in place must not change",
		"{'type': 'string', 'pattern': '^[0-9.]+(ms|s|m)$', 'default': '500ms'}", read_settle},
	{"wait_empty", "how long a file of 0 bytes may wait for its content, before it fails",
		"{'type': 'string', 'pattern': '^[0-9.]+(ms|s|m)$', 'default': '10m'}", read_wait_empty},
	{"prune_folders", "emptied folders of a drop are removed after this time without a change, or never",
		"{'type': 'string', 'pattern': '^([0-9.]+(ms|s|m)|never)$', 'default': '30s'}", read_prune_folders},
	{"limits", "a picture that is bigger or slower fails",
		"{'type': 'object', 'additionalProperties': false, 'properties': {"
		"'megapixels': {'type': 'number', 'minimum': 0.001, 'maximum': 1000000, 'default': 1000}, "
		"'frames': {'type': 'integer', 'minimum': 1, 'maximum': 100000, 'default': 64}, "
		"'seconds': {'type': 'number', 'minimum': 1, 'maximum': 86400, 'default': 600}, "
		"'bytes': {'anyOf': [{'type': 'integer', 'minimum': 1}, {'type': 'string', 'pattern': "
		"'^[0-9.]+ ?([kKMGT]i?)?B?$'}]}}}",
		read_limits},
	{"priority", "higher goes first", "{'type': 'integer', 'minimum': 0, 'maximum': 9, 'default': 5}",
		read_priority},
	{"on_failure", "how often a picture is tried before it goes to _failed/",
		"{'type': 'object', 'additionalProperties': false, 'properties': {'attempts': "
		"{'type': 'integer', 'minimum': 1, 'maximum': 100, 'default': 3}}}",
		read_on_failure},
	{NULL, NULL, NULL, NULL},
};

const struct definition_key *definition_keys(void)
{
	return keys;
}

void read_entry(struct reader *reader, const struct node_entry *entry)
{
	const char *names[G_N_ELEMENTS(keys)] = {NULL};

	for (size_t i = 0; keys[i].name; i++) {
		if (g_str_equal(keys[i].name, entry->key)) {
			keys[i].read(reader, entry->value);
			return;
		}
		names[i] = keys[i].name;
	}
	unknown_key(reader, entry, names);
}
