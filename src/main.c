/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * dropmill: subcommands. What touches pictures (check, ops, and the processes of workers) is another program, dropmill-image, beside
 * this one; this one links no libvips.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/disk/temp_folder.h"
#include "base/error.h"
#include "base/process.h"
#include "base/terminal.h"
#include "base/version.h"
#include "bus/command/topics_command.h"
#include "bus/kafka.h"
#include "master/config/find_page.h"
#include "master/config/init_command.h"
#include "master/master.h"
#include "web/command/status_command.h"
#include "web/http/listen.h"
#include "web/server.h"

static const char usage[] =
	"usage: dropmill COMMAND [OPTION...]\n"
	"\n"
	"  init [DIR]                sample definitions and dropmill.yaml in a new folder; what is there is kept\n"
	"  run                       master, workers and status page in one (embedded broker unless --brokers)\n"
	"  master --brokers LIST     the master alone, on a Kafka cluster\n"
	"  worker --brokers LIST     workers alone, on a Kafka cluster (--count N)\n"
	"  once PIPELINE FILE...     mill these files now; outputs into --out DIR; exit 0, 1 (some failed), 2 (usage)\n"
	"  explain PIPELINE FILE...  what would happen to these files, without doing it (--json); also once --dry-run\n"
	"  check [FILE...]           are the definitions right? file:line:col: message\n"
	"  ops [NAME]                operations, their parameters, bounds and defaults (--json, --markdown, --schema)\n"
	"  topics create|describe|delete   the Kafka topics\n"
	"  status                    the numbers of a running mill (--json, --watch)\n"
	"  version                   of dropmill; --verbose: of its libraries, too\n"
	"\n"
	"dropmill COMMAND --help tells the options of a command.\n";

static void *open_page(const char *listen, const char *state, GError **error)
{
	struct web *web = web_new(listen, state, error);

	if (!web || find_page_note(state, web_url(web), error))
		return web;
	web_free(web);
	return NULL;
}

static void remember(void *page, struct history *history, const char *out)
{
	web_set_history(page, history, out);
}

static const char *page_url(const void *page)
{
	return web_url(page);
}

static void close_page(void *page)
{
	web_free(page);
}

static const struct master_page page = {open_page, remember, page_url, close_page};

static struct options *options_or_say(int argc, char **argv, const char *summary)
{
	g_autoptr(GError) error = NULL;
	auto_struct(options) options = options_read(argc, argv, summary, &error);
	auto_struct(listen_address) address = options ? listen_parse(options->http, &error) : NULL;

	/* A name that cannot be resolved yet, as before the network is up, is not a mistake of the options: the start then fails. */
	if (address || (options && error_kind(error) != ERROR_INPUT))
		return g_steal_pointer(&options);
	terminal_say("dropmill %s: %s", argv[0], error->message);
	return NULL;
}

static int run_command(int argc, char **argv)
{
	auto_struct(options) options = options_or_say(argc, argv, "- watch the inboxes, mill what is dropped, show it");

	if (!options)
		return 2;
	if (options->rest) {
		terminal_say(
			"dropmill run: '%s' is not understood; files are dropped into inboxes, or given to dropmill once",
			options->rest[0]);
		return 2;
	}
	if (init_is_needed(argv[0], options))
		return 1;
	temp_folder_open();
	int status = master_run(options, true, &page);
	temp_folder_close();
	return status;
}

static int master_command(int argc, char **argv)
{
	auto_struct(options) options = options_or_say(argc, argv, "- the master alone, on a Kafka cluster");

	if (!options)
		return 2;
	if (!options->brokers || options->rest) {
		terminal_say(
			"dropmill master: needs --brokers HOST:PORT,... and nothing else (dropmill run has a broker of its own)");
		return 2;
	}
	if (init_is_needed(argv[0], options))
		return 1;
	temp_folder_open();
	int status = master_run(options, false, &page);
	temp_folder_close();
	return status;
}

static int worker_command(int argc, char **argv)
{
	auto_struct(options) options = options_or_say(argc, argv, "- workers alone, on a Kafka cluster");

	if (!options)
		return 2;
	if (!options->brokers || options->rest) {
		terminal_say("dropmill worker: needs --brokers HOST:PORT,... and takes --count N");
		return 2;
	}
	temp_folder_open();
	int status = worker_host_run(options);
	temp_folder_close();
	return status;
}

/* Another program does it; its exit status is ours. */
static int image_command(int argc, char **argv)
{
	g_autofree char *program = process_sibling("dropmill-image");
	g_autofree char **arguments = g_new0(char *, (gsize)argc + 2);

	arguments[0] = program;
	memcpy(arguments + 1, argv, (gsize)argc * sizeof *argv);
	execv(program, arguments);
	terminal_say("dropmill: %s: %s; it belongs beside dropmill", program, strerror(errno));
	return 1;
}

/* Takes a switch out of the arguments, when it is there. */
static bool take_switch(int *argc, char **argv, const char *name)
{
	for (int i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], name) != 0)
			continue;
		memmove(argv + i, argv + i + 1, (gsize)(*argc - i) * sizeof *argv);
		(*argc)--;
		return true;
	}
	return false;
}

/* `once --dry-run` is `explain` with the arguments of once. */
static int explain_once(const struct options *options, bool json)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_autofree char *tile = g_strdup_printf("--tile=%d", options->tile);
	g_autofree char *pipelines = g_strconcat("--pipelines=", options->pipelines, NULL);
	g_autofree char *out = g_strconcat("--out=", options->out, NULL);

	g_ptr_array_add(words, (gpointer) "explain");
	g_ptr_array_add(words, (gpointer) "--once");
	if (json)
		g_ptr_array_add(words, (gpointer) "--json");
	g_ptr_array_add(words, tile);
	g_ptr_array_add(words, pipelines);
	g_ptr_array_add(words, out);
	g_ptr_array_add(words, (gpointer) "--");
	for (char **word = options->rest; *word; word++)
		g_ptr_array_add(words, *word);
	int count = (int)words->len;
	g_ptr_array_add(words, NULL);
	return image_command(count, (char **)words->pdata);
}

static int once_command(int argc, char **argv)
{
	bool dry = take_switch(&argc, argv, "--dry-run"), json = dry && take_switch(&argc, argv, "--json");
	auto_struct(options) options = options_or_say(argc, argv, "PIPELINE FILE... - mill these files now");

	if (!options)
		return 2;
	if (!options->rest || !options->rest[0] || !options->rest[1]) {
		terminal_say("dropmill once: wants a pipeline (its name or its path) and at least one file");
		return 2;
	}
	if (dry)
		return explain_once(options, json);
	temp_folder_open();
	int status = master_once(options, options->rest[0], options->rest + 1);
	temp_folder_close();
	return status;
}

static int status_of_mill(int argc, char **argv)
{
	return status_command(argc, argv, find_page);
}

static int version_command(int argc, char **argv)
{
	bool verbose = take_switch(&argc, argv, "--verbose");

	if (argc > 1) {
		terminal_say("dropmill version: '%s' is not an option; it takes --verbose", argv[1]);
		return 2;
	}
	terminal_print("dropmill %s\n", DROPMILL_VERSION);
	if (!verbose)
		return 0;
	terminal_print("librdkafka %s\n", bus_library_version());
	fflush(stdout);
	argv[0] = (char[]){"versions"};
	return image_command(1, argv);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"init", init_command},
	{"run", run_command},
	{"master", master_command},
	{"worker", worker_command},
	{"once", once_command},
	{"check", image_command},
	{"explain", image_command},
	{"ops", image_command},
	{"topics", topics_command},
	{"status", status_of_mill},
	{"version", version_command},
	{"--version", version_command},
};

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	bool help = argc > 1 &&
		    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0);
	if (argc > 1 && !help)
		terminal_say("dropmill: no command '%s'", argv[1]);
	if (help)
		terminal_print("%s", usage);
	else
		terminal_say_lines(usage);
	return help ? 0 : 2;
}
