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

#include "base/process.h"
#include "base/version.h"
#include "bus/topics.h"
#include "master/master.h"
#include "web/server.h"

static const char usage[] =
	"usage: dropmill COMMAND [OPTION...]\n"
	"\n"
	"  run                       master, workers and status page in one (embedded broker unless --brokers)\n"
	"  master --brokers LIST     the master alone, on a Kafka cluster\n"
	"  worker --brokers LIST     workers alone, on a Kafka cluster (--count N)\n"
	"  once PIPELINE FILE...     mill these files now; outputs into --out DIR; exit 0, 1 (some failed), 2 (usage)\n"
	"  check [FILE...]           are the definitions right? file:line:col: message\n"
	"  ops [NAME]                operations, their parameters, bounds and defaults (--json, --markdown, --schema)\n"
	"  topics create|describe|delete   the Kafka topics\n"
	"  status                    the numbers of a running mill (--json)\n"
	"  version\n"
	"\n"
	"dropmill COMMAND --help tells the options of a command.\n";

static void *open_page(const char *listen, GError **error)
{
	return web_new(listen, error);
}

static const char *page_url(const void *page)
{
	return web_url(page);
}

static void close_page(void *page)
{
	web_free(page);
}

static const struct master_page page = {open_page, page_url, close_page};

static struct options *options_or_say(int argc, char **argv, const char *summary)
{
	g_autoptr(GError) error = NULL;
	struct options *options = options_read(argc, argv, summary, &error);

	if (!options)
		fprintf(stderr, "dropmill %s: %s\n", argv[0], error->message);
	return options;
}

static int run_command(int argc, char **argv)
{
	auto_struct(options) options = options_or_say(argc, argv, "- watch the inboxes, mill what is dropped, show it");

	if (!options)
		return 2;
	if (options->rest) {
		fprintf(stderr,
			"dropmill run: '%s' is not understood; files are dropped into inboxes, or given to dropmill once\n",
			options->rest[0]);
		return 2;
	}
	return master_run(options, true, &page);
}

static int master_command(int argc, char **argv)
{
	auto_struct(options) options = options_or_say(argc, argv, "- the master alone, on a Kafka cluster");

	if (!options)
		return 2;
	if (!options->brokers || options->rest) {
		fprintf(stderr,
			"dropmill master: needs --brokers HOST:PORT,... and nothing else (dropmill run has a broker of its own)\n");
		return 2;
	}
	return master_run(options, false, &page);
}

static int worker_command(int argc, char **argv)
{
	auto_struct(options) options = options_or_say(argc, argv, "- workers alone, on a Kafka cluster");

	if (!options)
		return 2;
	if (!options->brokers || options->rest) {
		fprintf(stderr, "dropmill worker: needs --brokers HOST:PORT,... and takes --count N\n");
		return 2;
	}
	return worker_host_run(options);
}

static int once_command(int argc, char **argv)
{
	auto_struct(options) options = options_or_say(argc, argv, "PIPELINE FILE... - mill these files now");

	if (!options)
		return 2;
	if (!options->rest || !options->rest[0] || !options->rest[1]) {
		fprintf(stderr, "dropmill once: wants a pipeline (its name or its path) and at least one file\n");
		return 2;
	}
	return master_once(options, options->rest[0], options->rest + 1);
}

static int version_command(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("dropmill %s\n", DROPMILL_VERSION);
	return 0;
}

/* Another program does it; its exit status is ours. */
static int image_command(int argc, char **argv)
{
	g_autofree char *program = process_sibling("dropmill-image");
	g_autofree char **arguments = g_new0(char *, (gsize)argc + 2);

	arguments[0] = program;
	memcpy(arguments + 1, argv, (gsize)argc * sizeof *argv);
	execv(program, arguments);
	fprintf(stderr, "dropmill: %s: %s; it belongs beside dropmill\n", program, strerror(errno));
	return 1;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"run", run_command},
	{"master", master_command},
	{"worker", worker_command},
	{"once", once_command},
	{"check", image_command},
	{"ops", image_command},
	{"topics", topics_command},
	{"status", status_command},
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
		fprintf(stderr, "dropmill: no command '%s'\n", argv[1]);
	fputs(usage, help ? stdout : stderr);
	return help ? 0 : 2;
}
