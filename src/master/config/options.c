/* SPDX-License-Identifier: GPL-2.0-or-later
 * Options of the daemons: see options.h. */
#include "master/config/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "definition/lanes.h"
#include "definition/yaml/node.h"

/* A worker with less could do nothing. */
#define LEAST_SIZE (16 << 20)

#define DEFAULT_SPOOL (G_GINT64_CONSTANT(16) << 30)

/* long name (also the key in dropmill.yaml and, in capitals, the environment variable), field, argument, default, help */
#define TEXT_OPTIONS(X)                                                                                                \
	X("pipelines", pipelines, "DIR", "pipelines", "folder of definitions (default pipelines)")                     \
	X("watch", watch, "DIR", "watch", "folder of inboxes (default watch)")                                         \
	X("out", out, "DIR", "out", "folder for finished images (default out)")                                        \
	X("state", state, "DIR", ".dropmill", "folder for history and spool files (default .dropmill)")                \
	X("http", http, "ADDR:PORT", "127.0.0.1:8080", "the status page (default 127.0.0.1:8080; port 0: any)")        \
	X("brokers", brokers, "LIST", NULL, "Kafka cluster host:port,... (default: the embedded broker)")              \
	X("topic-prefix", prefix, "P", "", "before every topic's and group's name")                                    \
	X("payload", payload, "auto|inline|shm", "auto", "how pixels travel (default auto)")                           \
	X("log-format", log_format, "text|json", "text", "log lines (default text)")
#define NUMBER_OPTIONS(X)                                                                                              \
	X("workers", workers, "N", 1, 1024, "worker processes (default: one a core)")                                  \
	X("count", count, "N", 1, 1024, "worker: how many processes (default 1)")                                      \
	X("history", history, "N", 1, 100000000, "finished jobs that are remembered (default 100000)")                 \
	X("drain-seconds", drain_seconds, "N", 1, 86400,                                                               \
		"after SIGTERM: for so long what is in hand may be finished (default 120)")                            \
	X("queue", queue, "N", 1, 100000000,                                                                           \
		"files of an inbox that are taken at a time, the rest waits there (default 1000, or 8 a worker)")      \
	X("recycle-tasks", recycle_tasks, "N", 0, 1000000000,                                                          \
		"replace a worker after so many tasks (default 0: never)")                                             \
	X("nice", nice, "N", -20, 19, "niceness of workers and codecs (default 0)")                                    \
	X("tile", tile, "PX", 16, 65536,                                                                               \
		"tile edge; when given, every picture larger than one tile is cut (default 512, of large pictures more)")

#define SIZE_OPTIONS(X)                                                                                                \
	X("memory", memory, "SIZE",                                                                                    \
		"for pictures that are in tiles, and what is on its way to workers (default 256M)")                    \
	X("spool", spool, "SIZE",                                                                                      \
		"for large pictures on their way over Kafka, in files, in each process (default 16G)")                 \
	X("recycle-growth", recycle_growth, "SIZE",                                                                    \
		"replace a worker that grew by so much, such as 500M (default: never)")                                \
	X("worker-memory", worker_memory, "SIZE",                                                                      \
		"replace a worker that holds more memory of its own, such as 2G (default: no limit)")
#define KAFKA_VARIABLE "DROPMILL_KAFKA_"

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

/* Takes what the command line left open from the environment, then from the file, then the default. */
static bool settle_text(char **field, const char *name, const struct node *file, const char *fallback)
{
	g_autofree char *variable = environment_name(name);
	const struct node *node = file ? node_get(file, name) : NULL;

	if (!*field && g_getenv(variable))
		*field = g_strdup(g_getenv(variable));
	if (!*field && node)
		*field = g_strdup(node_as_string(node));
	if (!*field)
		*field = g_strdup(fallback);
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

/* DROPMILL_KAFKA_SASL_PASSWORD is the property sasl.password: secrets that stand in no file. They are taken out of the environment, which
 * codecs inherit. */
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

static bool settle_number(
	int *field, const char *given, const char *name, const struct node *file, int low, int high, GError **error)
{
	g_autofree char *variable = environment_name(name);
	const struct node *node = file ? node_get(file, name) : NULL;

	if (given)
		return read_number("command line", name, given, low, high, field, error);
	if (g_getenv(variable))
		return read_number(variable, name, g_getenv(variable), low, high, field, error);
	if (node)
		return read_number("dropmill.yaml", name, node_as_string(node) ? node_as_string(node) : "?", low, high,
			field, error);
	return true;
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

static bool settle_size(gint64 *field, const char *given, const char *name, const struct node *file, GError **error)
{
	g_autofree char *variable = environment_name(name);
	const struct node *node = file ? node_get(file, name) : NULL;

	if (given)
		return read_size("command line", name, given, field, error);
	if (g_getenv(variable))
		return read_size(variable, name, g_getenv(variable), field, error);
	return !node || read_size("dropmill.yaml", name, node_as_string(node), field, error);
}

static bool known_key(const char *key)
{
	static const char *const keys[] = {
#define X(name, ...) name,
		TEXT_OPTIONS(X) NUMBER_OPTIONS(X) SIZE_OPTIONS(X)
#undef X
			"allow",
		"kafka", NULL};
	return g_strv_contains(keys, key);
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

static bool check(const struct options *options, GError **error)
{
	static const char *const payloads[] = {"auto", "inline", "shm", NULL}, *const logs[] = {"text", "json", NULL};

	if (!g_strv_contains(payloads, options->payload))
		return fail(error, ERROR_SYSTEM, "--payload must be auto, inline or shm, not '%s'", options->payload);
	if (!g_strv_contains(logs, options->log_format))
		return fail(error, ERROR_SYSTEM, "--log-format must be text or json, not '%s'", options->log_format);
	return true;
}

/* The definitions' folder stays as given: its name stands in every message about them. */
static void make_absolute(char **path)
{
	char *absolute = g_canonicalize_filename(*path, NULL);

	g_free(*path);
	*path = absolute;
}

struct options *options_read(int argc, char **argv, const char *usage, GError **error)
{
	auto_struct(options) options = g_new0(struct options, 1);
	g_auto(GStrv) properties = NULL;
#define X(name, field, ...) g_autofree char *given_##field = NULL;
	NUMBER_OPTIONS(X)
	SIZE_OPTIONS(X)
#undef X
	const GOptionEntry entries[] = {
#define X(name, field, argument, fallback, help) {name, 0, 0, G_OPTION_ARG_FILENAME, &options->field, help, argument},
		TEXT_OPTIONS(X)
#undef X
#define X(name, field, argument, low, high, help) {name, 0, 0, G_OPTION_ARG_STRING, &given_##field, help, argument},
			NUMBER_OPTIONS(X)
#undef X
#define X(name, field, argument, help) {name, 0, 0, G_OPTION_ARG_STRING, &given_##field, help, argument},
				SIZE_OPTIONS(X)
#undef X
					{"config", 0, 0, G_OPTION_ARG_FILENAME, &options->config,
						"options as YAML (default dropmill.yaml, when there is one)", "FILE"},
		{"allow", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->allow,
			"worker: a folder of the master's machine that tasks may name files in (may be repeated)",
			"DIR"},
		{"property", 'X', 0, G_OPTION_ARG_STRING_ARRAY, &properties, "any librdkafka property", "NAME=VALUE"},
		{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->rest, NULL, NULL},
		{0},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(usage);
	auto_struct(node) root = NULL;

	options->properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return NULL;
	for (guint i = 0; properties && properties[i]; i++) {
		g_auto(GStrv) pair = g_strsplit(properties[i], "=", 2);
		if (!pair[0] || !pair[1]) {
			fail(error, ERROR_SYSTEM, "-X wants NAME=VALUE, not '%s'", properties[i]);
			return NULL;
		}
		g_hash_table_insert(options->properties, g_strdup(pair[0]), g_strdup(pair[1]));
	}
	take_properties(options->properties);
	if (!read_file(options, &root, error))
		return NULL;
#define X(name, field, argument, fallback, help) settle_text(&options->field, name, root, fallback);
	TEXT_OPTIONS(X)
#undef X
#define X(name, field, argument, low, high, help)                                                                      \
	if (!settle_number(&options->field, given_##field, name, root, low, high, error))                              \
		return NULL;
	NUMBER_OPTIONS(X)
#undef X
#define X(name, field, ...)                                                                                            \
	if (!settle_size(&options->field, given_##field, name, root, error))                                           \
		return NULL;
	SIZE_OPTIONS(X)
#undef X
	if (!options->memory)
		options->memory = DEFAULT_MEMORY;
	if (!options->spool)
		options->spool = DEFAULT_SPOOL;
	/* For codecs and workers, which read it there. */
	g_autofree char *nice = g_strdup_printf("%d", options->nice);
	g_setenv("DROPMILL_NICE", nice, TRUE);
	settle_list(&options->allow, "allow", root);
	if (!options->workers)
		options->workers = (int)g_get_num_processors();
	if (!options->count)
		options->count = 1;
	if (!options->drain_seconds)
		options->drain_seconds = 120;
	if (!options->history)
		options->history = 100000;
	make_absolute(&options->watch);
	make_absolute(&options->out);
	make_absolute(&options->state);
	return check(options, error) ? g_steal_pointer(&options) : NULL;
}

void options_free(struct options *options)
{
	if (!options)
		return;
#define X(name, field, ...) g_free(options->field);
	TEXT_OPTIONS(X)
#undef X
	g_free(options->config);
	g_hash_table_unref(options->properties);
	g_strfreev(options->allow);
	g_strfreev(options->rest);
	g_free(options);
}
