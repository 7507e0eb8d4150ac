/* SPDX-License-Identifier: GPL-2.0-or-later
 * `dropmill topics`: options and output. See topics_command.h. */
#include "bus/command/topics_command.h"
#include "bus/handle.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/terminal.h"
#include "bus/client.h"
#include "bus/topics.h"

#define STATUS_FAILED 1
#define STATUS_USAGE 2
/* Under this, a topic could hardly take a task with its headers, and small records would have to go one by one. */
#define LEAST_MESSAGE_BYTES (256 * 1024)
#define MOST_MESSAGE_BYTES (1024 * 1024 * 1024)

struct arguments {
	char *brokers;
	char *prefix;
	int partitions, replication;
	char *retention, *max_message;
	char **properties;
	gboolean yes;
	gint64 retention_ms, max_message_bytes;
};

static void arguments_free(struct arguments *arguments)
{
	g_free(arguments->brokers);
	g_free(arguments->prefix);
	g_free(arguments->retention);
	g_free(arguments->max_message);
	g_strfreev(arguments->properties);
	g_free(arguments);
}
DEFINE_AUTO(arguments, arguments_free)

struct unit {
	const char *name;
	gint64 factor;
};

/* A number and a unit out of a list that ends with a NULL name. */
static bool parse_with_unit(const char *text, const struct unit *units, gint64 least, gint64 most, gint64 *value)
{
	char *end = NULL;

	if (!g_ascii_isdigit(*text))
		return false;
	gint64 number = g_ascii_strtoll(text, &end, 10);
	for (; units->name; units++)
		if (strcmp(end, units->name) == 0) {
			/* What does not fit saturates here, and is over any limit. */
			*value = number > G_MAXINT64 / units->factor ? G_MAXINT64 : number * units->factor;
			return *value >= least && *value <= most;
		}
	return false;
}

static bool check(struct arguments *arguments, GError **error)
{
	static const struct unit times[] = {
		{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
	static const struct unit sizes[] = {{"", 1}, {"K", 1024}, {"M", 1024 * 1024}, {NULL, 0}};

	if (!arguments->brokers || !*arguments->brokers)
		return fail(error, ERROR_SYSTEM, "--brokers HOST:PORT[,...] is missing (or DROPMILL_BROKERS)");
	for (const char *c = arguments->prefix; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("._-", *c))
			return fail(error, ERROR_SYSTEM, "--topic-prefix: only letters, digits, '.', '_', '-'");
	if (arguments->partitions < 1 || arguments->partitions > 10000)
		return fail(error, ERROR_SYSTEM, "--partitions: a number from 1 to 10000");
	if (arguments->replication != -1 && (arguments->replication < 1 || arguments->replication > 100))
		return fail(error, ERROR_SYSTEM, "--replication: a number from 1 to 100");
	if (arguments->retention &&
		!parse_with_unit(arguments->retention, times, 60000, 366 * times[4].factor, &arguments->retention_ms))
		return fail(error, ERROR_SYSTEM,
			"--retention %s: a time like 30m, 1h or 7d, at least a minute, at most a year",
			arguments->retention);
	if (arguments->max_message && !parse_with_unit(arguments->max_message, sizes, LEAST_MESSAGE_BYTES,
					      MOST_MESSAGE_BYTES, &arguments->max_message_bytes))
		return fail(error, ERROR_SYSTEM, "--max-message %s: a size like 900000, 512K or 8M, from 256K to 1024M",
			arguments->max_message);
	for (char **property = arguments->properties; property && *property; property++)
		if (!strchr(*property, '='))
			return fail(error, ERROR_SYSTEM, "-X %s: expected PROPERTY=VALUE", *property);
	return true;
}

static GOptionContext *context_for(struct arguments *arguments)
{
	GOptionEntry entries[] = {
		{"brokers", 0, 0, G_OPTION_ARG_STRING, &arguments->brokers, "Kafka brokers (default: DROPMILL_BROKERS)",
			"HOST:PORT,..."},
		{"topic-prefix", 0, 0, G_OPTION_ARG_STRING, &arguments->prefix,
			"goes before each topic's name (default: DROPMILL_TOPIC_PREFIX)", "PREFIX"},
		{"partitions", 0, 0, G_OPTION_ARG_INT, &arguments->partitions,
			"of tasks and results; use more partitions than workers (default: 12)", "N"},
		{"replication", 0, 0, G_OPTION_ARG_INT, &arguments->replication, "copies (default: the broker's)", "N"},
		{"retention", 0, 0, G_OPTION_ARG_STRING, &arguments->retention,
			"of tasks and results, such as 30m (default: 1h)", "TIME"},
		{"max-message", 0, 0, G_OPTION_ARG_STRING, &arguments->max_message, "largest record (default: 8M)",
			"BYTES"},
		{"yes", 0, 0, G_OPTION_ARG_NONE, &arguments->yes, "delete without asking", NULL},
		{"property", 'X', 0, G_OPTION_ARG_STRING_ARRAY, &arguments->properties,
			"any librdkafka property; may be repeated", "NAME=VALUE"},
		{0},
	};
	GOptionContext *context = g_option_context_new("create|describe|delete");

	g_option_context_set_summary(context,
		"The mill's topics on a Kafka cluster: tasks, results, heartbeats and dead-letters.\n"
		"create makes those that are missing and leaves the others alone; describe shows them; delete asks first.");
	g_option_context_add_main_entries(context, entries, NULL);
	return context;
}

static struct bus *connect_to(const struct arguments *arguments, GError **error)
{
	g_autoptr(GHashTable) properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (char **property = arguments->properties; property && *property; property++) {
		const char *equals = strchr(*property, '=');
		g_hash_table_insert(
			properties, g_strndup(*property, (gsize)(equals - *property)), g_strdup(equals + 1));
	}
	struct bus_options options = {
		.brokers = arguments->brokers,
		.prefix = arguments->prefix,
		.role = "dropmill-topics",
		.properties = properties,
	};
	return bus_new(&options, NULL, NULL, error);
}

static bool create(struct bus *bus, const struct arguments *arguments, GError **error)
{
	struct topic_plan plan;
	g_autofree char *said = NULL;

	topic_plan_default(&plan);
	plan.partitions = arguments->partitions;
	plan.replication = arguments->replication;
	if (arguments->retention)
		plan.retention_ms = arguments->retention_ms;
	if (arguments->max_message)
		plan.max_message_bytes = arguments->max_message_bytes;
	if (!topics_create(bus, &plan, &said, error))
		return false;
	terminal_print("%s", said);
	return true;
}

static char *time_text(gint64 ms)
{
	static const struct unit units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

	if (ms < 0)
		return g_strdup("for ever");
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
		if (ms && ms % units[i].factor == 0)
			return g_strdup_printf("%" G_GINT64_FORMAT "%s", ms / units[i].factor, units[i].name);
	return g_strdup("?");
}

static bool describe(struct bus *bus, GError **error)
{
	struct topic_state state[TOPIC_COUNT];
	int missing = 0, width = (int)strlen("topic");

	if (!topics_describe(bus, state, error))
		return false;
	for (int topic = 0; topic < TOPIC_COUNT; topic++)
		width = MAX(width, (int)strlen(state[topic].name));
	terminal_print("%-*s  %10s  %11s  %9s  %15s\n", width, "topic", "partitions", "replication", "retention",
		"largest message");
	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		if (state[topic].partitions > 0) {
			g_autofree char *retention = time_text(state[topic].retention_ms);
			terminal_print("%-*s  %10d  %11d  %9s  %15" G_GINT64_FORMAT "\n", width, state[topic].name,
				state[topic].partitions, state[topic].replication, retention,
				state[topic].max_message_bytes);
		} else {
			terminal_print("%-*s  missing\n", width, state[topic].name);
			missing++;
		}
		g_free(state[topic].name);
	}
	return missing == 0 || fail(error, ERROR_SYSTEM, "%d of %d topics missing: `dropmill topics create` makes them",
				       missing, TOPIC_COUNT);
}

static bool delete_all(struct bus *bus, const struct arguments *arguments, GError **error)
{
	g_autofree char *said = NULL;
	char answer[16] = "";

	if (!arguments->yes) {
		if (!isatty(STDIN_FILENO))
			return fail(error, ERROR_SYSTEM,
				"nothing deleted: there is no terminal to ask on; --yes deletes without asking");
		terminal_print("Delete");
		for (int topic = 0; topic < TOPIC_COUNT; topic++) {
			g_autofree char *name = topic_name(bus_options(bus), topic);
			terminal_print("%s %s", topic ? "," : "", name);
		}
		terminal_print(" on %s, with all that is in them? [y/N] ", arguments->brokers);
		fflush(stdout);
		if (!fgets(answer, sizeof(answer), stdin) ||
			(strcmp(answer, "y\n") != 0 && strcmp(answer, "yes\n") != 0))
			return fail(error, ERROR_SYSTEM, "nothing deleted");
	}
	if (!topics_delete(bus, &said, error))
		return false;
	terminal_print("%s", said);
	return true;
}

static int usage(const char *message)
{
	terminal_say("dropmill topics: %s\nTry `dropmill topics --help`.", message);
	return STATUS_USAGE;
}

static bool run(const char *action, const struct arguments *arguments, GError **error)
{
	auto_struct(bus) bus = connect_to(arguments, error);
	if (!bus)
		return false;
	return strcmp(action, "create") == 0     ? create(bus, arguments, error)
	       : strcmp(action, "describe") == 0 ? describe(bus, error)
						 : delete_all(bus, arguments, error);
}

int topics_command(int argc, char **argv)
{
	static const char *const actions[] = {"create", "describe", "delete", NULL};
	auto_struct(arguments) arguments = g_new0(struct arguments, 1);
	g_autoptr(GError) error = NULL;
	/* The parser takes out what it has used; the array's own strings stay the caller's. */
	g_autofree char **words = g_memdup2(argv, sizeof(*argv) * (gsize)argc);

	arguments->partitions = 12;
	arguments->replication = -1;
	/* GOption takes the program's name from the system: "dropmill", and prints that with --help. */
	g_autoptr(GOptionContext) context = context_for(arguments);
	if (!g_option_context_parse(context, &argc, &words, &error))
		return usage(error->message);
	if (argc != 2 || !g_strv_contains(actions, words[1]))
		return usage(
			argc < 2 ? "what? create, describe or delete" : "expected one of create, describe, delete");
	if (!arguments->brokers)
		arguments->brokers = g_strdup(g_getenv("DROPMILL_BROKERS"));
	if (!arguments->prefix)
		arguments->prefix =
			g_strdup(g_getenv("DROPMILL_TOPIC_PREFIX") ? g_getenv("DROPMILL_TOPIC_PREFIX") : "");
	if (!check(arguments, &error))
		return usage(error->message);
	if (run(words[1], arguments, &error))
		return 0;
	if (error->code == ERROR_RETRY)
		terminal_say("dropmill topics: %s; is the address right, and is the broker running?", error->message);
	else
		terminal_say("dropmill topics: %s", error->message);
	return STATUS_FAILED;
}
