/* SPDX-License-Identifier: GPL-2.0-or-later
 * Options of the daemons: see options.h. */
#include "master/config/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cores.h"
#include "base/error.h"
#include "definition/lanes.h"
#include "definition/yaml/node.h"
#include "definition/yaml/parser.h"

/* A worker with less could do nothing. */
#define LEAST_SIZE (16 << 20)

#define DEFAULT_SPOOL (G_GINT64_CONSTANT(16) << 30)

static const struct option {
	const char *field, *argument, *fallback, *otherwise, *help;
	enum { OPTION_TEXT, OPTION_NUMBER, OPTION_SIZE } type;
	gsize at;
	int low, high;
} table[] = {
#define TEXT_ROW(field, argument, fallback, otherwise, help)                                                           \
	{#field, argument, fallback, otherwise, help, OPTION_TEXT, offsetof(struct options, field), 0, 0},
#define NUMBER_ROW(field, argument, low, high, fallback, otherwise, help)                                              \
	{#field, argument, fallback, otherwise, help, OPTION_NUMBER, offsetof(struct options, field), low, high},
#define SIZE_ROW(field, argument, fallback, otherwise, help)                                                           \
	{#field, argument, fallback, otherwise, help, OPTION_SIZE, offsetof(struct options, field), 0, 0},
	OPTIONS(TEXT_ROW, NUMBER_ROW, SIZE_ROW)};

#define KAFKA_VARIABLE "DROPMILL_KAFKA_"

static char *name_of(const struct option *option)
{
	return g_strdelimit(g_strdup(option->field), "_", '-');
}

static char *environment_name(const char *name)
{
	g_autofree char *upper = g_ascii_strup(name, -1);
	return g_strconcat("DROPMILL_", g_strdelimit(upper, "-", '_'), NULL);
}

static bool read_number(
	const char *where, const char *name, const char *text, int low, int high, int *value, GError **error)
{
	char *end;
	errno = 0;
	long number = strtol(text, &end, 10);

	if (errno || end == text || *end || number < low || number > high)
		return fail(error, ERROR_SYSTEM, "%s: %s must be a whole number from %d to %d, not '%s'", where, name,
			low, high, text);
	*value = (int)number;
	return true;
}

/* A list in the file, separated by : in the environment as PATH is. */
static void settle_list(char ***field, const char *name, const struct node *file)
{
	g_autofree char *variable = environment_name(name);
	const struct node *node = file ? node_get(file, name) : NULL;
	const char *text = node ? node_as_string(node) : NULL;
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();

	if (!*field && g_getenv(variable))
		*field = g_strsplit(g_getenv(variable), ":", -1);
	if (*field || !node)
		return;
	if (text)
		g_strv_builder_add(words, text);
	for (guint i = 0; node->kind == NODE_LIST && i < node->items->len; i++)
		if (node_as_string(node->items->pdata[i]))
			g_strv_builder_add(words, node_as_string(node->items->pdata[i]));
	*field = g_strv_builder_end(words);
}

/* DROPMILL_KAFKA_SASL_PASSWORD is the property sasl.password: secrets need not be in a file. They are taken out of the
 * environment, which codecs inherit. */
static void take_properties(GHashTable *properties)
{
	g_auto(GStrv) names = g_listenv();

	for (char **name = names; *name; name++) {
		if (!g_str_has_prefix(*name, KAFKA_VARIABLE))
			continue;
		g_autofree char *lower = g_ascii_strdown(*name + strlen(KAFKA_VARIABLE), -1);
		g_strdelimit(lower, "_", '.');
		if (!g_hash_table_contains(properties, lower))
			g_hash_table_insert(properties, g_strdup(lower), g_strdup(g_getenv(*name)));
		g_unsetenv(*name);
	}
}

/* 500M, 500MB, 1.5GiB: as people write it, in powers of 1024 except where a B follows. 0: none. */
static bool read_size(const char *where, const char *name, const char *text, gint64 *value, GError **error)
{
	static const char prefixes[] = "kMGT";
	char *unit;
	double bytes = text && g_ascii_isdigit(*text) ? g_ascii_strtod(text, &unit) : -1;

	if (bytes >= 0) {
		const char *prefix = *unit ? strchr(prefixes, *unit == 'K'   ? 'k'
							      : *unit == 'm' ? 'M'
							      : *unit == 'g' ? 'G'
									     : *unit)
					   : NULL;
		double base = prefix && unit[1] == 'B' ? 1000 : 1024;
		for (const char *p = prefixes; prefix && p <= prefix; p++)
			bytes *= base;
		unit += prefix != NULL;
		unit += *unit == 'i';
		unit += *unit == 'B';
	}
	if (bytes < 0 || *unit || bytes > 1e15 || (bytes > 0 && bytes < LEAST_SIZE))
		return fail(error, ERROR_SYSTEM,
			"%s: %s must be a size such as 500M or 1.5G, at least 16M, or 0 for none, not '%s'", where,
			name, text ? text : "");
	*value = (gint64)bytes;
	return true;
}

/* Where the argument lists all that it may be. */
static bool read_text(const char *where, const char *name, const struct option *option, const char *text, char **value,
	GError **error)
{
	g_auto(GStrv) choices = g_strsplit(option->argument, "|", -1);

	if (choices[1] && !g_strv_contains((const char *const *)choices, text)) {
		g_autofree char *list = g_strjoinv(", ", choices);
		return fail(error, ERROR_SYSTEM, "%s: %s must be one of %s, not '%s'", where, name, list, text);
	}
	*value = g_strdup(text);
	return true;
}

/* The command line goes before the environment, that before the file, and that before the default. */
static bool settle(struct options *options, const struct option *option, const char *given, const struct node *file,
	GError **error)
{
	g_autofree char *name = name_of(option), *variable = environment_name(name);
	const struct node *node = file ? node_get(file, name) : NULL;
	const char *set = g_getenv(variable), *written = node ? node_as_string(node) : NULL;
	const char *where = given ? "command line" : set ? variable : "dropmill.yaml";
	const char *text = given ? given : set ? set : written ? written : option->fallback;
	void *value = (char *)options + option->at;

	if (!given && !set && node && !written && node->kind != NODE_NULL)
		return fail(error, ERROR_SYSTEM, "dropmill.yaml: %s must have a plain value", name);
	if (!text)
		return true;
	switch (option->type) {
	case OPTION_NUMBER:
		return read_number(where, name, text, option->low, option->high, value, error);
	case OPTION_SIZE:
		return read_size(where, name, text, value, error);
	default:
		return read_text(where, name, option, text, value, error);
	}
}

static bool known_key(const char *key)
{
	for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
		g_autofree char *name = name_of(&table[i]);
		if (g_str_equal(name, key))
			return true;
	}
	return g_str_equal(key, "allow") || g_str_equal(key, "kafka");
}

/* dropmill.yaml: the options' long names as keys, and kafka: a map of librdkafka properties. */
static bool read_file(struct options *options, struct node **root, GError **error)
{
	const char *path = options->config ? options->config : "dropmill.yaml";
	g_autofree char *text = NULL;
	gsize length;
	g_autoptr(GError) cause = NULL;

	if (!options->config && !g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	if (!g_file_get_contents(path, &text, &length, &cause))
		return fail(error, ERROR_SYSTEM, "%s", cause->message);
	auto_struct(diagnostics) errors = diagnostics_new(path);
	*root = node_parse(text, length, errors);
	for (guint i = 0; *root && (*root)->kind == NODE_MAP && i < (*root)->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index((*root)->items, i);
		if (!known_key(entry->key))
			diagnostics_add(errors, entry->line, entry->column, "unknown key '%s'", entry->key);
	}
	const struct node *kafka = *root ? node_get(*root, "kafka") : NULL;
	for (guint i = 0; kafka && kafka->kind == NODE_MAP && i < kafka->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(kafka->items, i);
		const char *value = node_as_string(entry->value);
		if (!value)
			diagnostics_add(
				errors, entry->line, entry->column, "kafka: %s must have a plain value", entry->key);
		else if (!g_hash_table_contains(options->properties, entry->key))
			g_hash_table_insert(options->properties, g_strdup(entry->key), g_strdup(value));
	}
	if (diagnostics_count(errors) == 0)
		return true;
	g_autofree char *all = diagnostics_text(errors);
	return fail(error, ERROR_SYSTEM, "%s", g_strchomp(all));
}

/* The definitions' folder stays as given: every message about them has its name. */
static void make_absolute(char **path)
{
	char *absolute = g_canonicalize_filename(*path, NULL);

	g_free(*path);
	*path = absolute;
}

/* "help (default: X)". Returns owned. */
static char *help_of(const struct option *option)
{
	const char *fallback = option->otherwise ? option->otherwise : option->fallback;

	return fallback ? g_strdup_printf("%s (default: %s)", option->help, fallback) : g_strdup(option->help);
}

/* given: a text for each option of the table. */
static bool parse(int argc, char **argv, const char *usage, struct options *options, char **given, char ***properties,
	GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(usage);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	GOptionEntry entries[G_N_ELEMENTS(table) + 5] = {
		[G_N_ELEMENTS(table)] = {"config", 0, 0, G_OPTION_ARG_FILENAME, &options->config,
			"options as YAML, and kafka: for librdkafka properties (default: dropmill.yaml, if it exists)",
			"FILE"},
		{"allow", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->allow,
			"worker: tasks may name files below DIR; may be repeated (default: none)", "DIR"},
		{"property", 'X', 0, G_OPTION_ARG_STRING_ARRAY, properties, "any librdkafka property (TLS, SASL, ...)",
			"NAME=VALUE"},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->rest, NULL, NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
		char *name = name_of(&table[i]), *help = help_of(&table[i]);
		g_ptr_array_add(texts, name);
		g_ptr_array_add(texts, help);
		entries[i] = (GOptionEntry){name, 0, 0, G_OPTION_ARG_FILENAME, &given[i], help, table[i].argument};
	}
	g_option_context_add_main_entries(context, entries, NULL);
	return g_option_context_parse(context, &argc, &argv, error);
}

static bool add_properties(struct options *options, char **properties, GError **error)
{
	for (; properties && *properties; properties++) {
		g_auto(GStrv) pair = g_strsplit(*properties, "=", 2);
		if (!pair[0] || !pair[1])
			return fail(error, ERROR_SYSTEM, "-X wants NAME=VALUE, not '%s'", *properties);
		g_hash_table_insert(options->properties, g_strdup(pair[0]), g_strdup(pair[1]));
	}
	take_properties(options->properties);
	return true;
}

static bool read_all(int argc, char **argv, const char *usage, struct options *options, GError **error)
{
	char *given[G_N_ELEMENTS(table)] = {NULL};
	g_auto(GStrv) properties = NULL;
	auto_struct(node) file = NULL;
	bool ok = parse(argc, argv, usage, options, given, &properties, error) &&
		  add_properties(options, properties, error) && read_file(options, &file, error);

	for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
		ok = ok && settle(options, &table[i], given[i], file, error);
		g_free(given[i]);
	}
	settle_list(&options->allow, "allow", file);
	return ok;
}

struct options *options_read(int argc, char **argv, const char *usage, GError **error)
{
	auto_struct(options) options = g_new0(struct options, 1);

	options->properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (!read_all(argc, argv, usage, options, error))
		return NULL;
	if (!options->memory)
		options->memory = DEFAULT_MEMORY;
	if (!options->spool)
		options->spool = DEFAULT_SPOOL;
	if (!options->workers)
		options->workers = (int)cores_allowed();
	/* For codecs and workers, which read it there. */
	g_autofree char *nice = g_strdup_printf("%d", options->nice);
	g_setenv("DROPMILL_NICE", nice, TRUE);
	make_absolute(&options->watch);
	make_absolute(&options->out);
	make_absolute(&options->state);
	return g_steal_pointer(&options);
}

static void write_option(GString *text, const struct option *option)
{
	g_autofree char *name = name_of(option);
	bool plain = option->fallback && *option->fallback;
	bool size = option->type == OPTION_SIZE && option->otherwise && g_ascii_isdigit(*option->otherwise);

	g_string_append_printf(text, "\n# %s", option->help);
	if (!plain && !size && option->otherwise)
		g_string_append_printf(text, " (default: %s)", option->otherwise);
	g_string_append_printf(text, "\n#%s: %s\n", name,
		plain  ? option->fallback
		: size ? option->otherwise
		       : option->argument);
}

char *options_as_yaml(void)
{
	GString *text = g_string_new(
		"# Options of dropmill run, master, worker and once, started in this folder. A line without its # counts.\n"
		"# Each shows the default, or in capitals what kind of value belongs there.\n"
		"# The command line (--workers 4) and the environment (DROPMILL_WORKERS=4) win over this file.\n");

	for (guint i = 0; i < G_N_ELEMENTS(table); i++)
		write_option(text, &table[i]);
	g_string_append(text,
		"\n# worker: tasks may name files below these folders (default: none)\n"
		"#allow: [watch, out]\n"
		"\n# any librdkafka property for the cluster in brokers; secrets rather in DROPMILL_KAFKA_SASL_PASSWORD\n"
		"#kafka:\n"
		"#  security.protocol: SASL_SSL\n"
		"#  sasl.mechanism: SCRAM-SHA-512\n"
		"#  sasl.username: mill\n");
	return g_string_free(text, FALSE);
}

void options_free(struct options *options)
{
	if (!options)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(table); i++)
		if (table[i].type == OPTION_TEXT)
			g_free(*(char **)((char *)options + table[i].at));
	g_free(options->config);
	g_hash_table_unref(options->properties);
	g_strfreev(options->allow);
	g_strfreev(options->rest);
	g_free(options);
}
