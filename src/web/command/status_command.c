/* SPDX-License-Identifier: GPL-2.0-or-later
 * `dropmill status`: the page's numbers in a terminal, asked for through the page's own API. */
#include "web/command/status_command.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/terminal.h"
#include "web/command/status_print.h"
#include "web/command/status_watch.h"
#include "web/http/client.h"
#include "web/routes.h"

static void print_waiting(JsonObject *answer)
{
	JsonArray *list = json_array(answer, "waiting");
	long long shown = 0;

	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		JsonObject *entry = json_object_at(list, i);
		shown += json_int(entry, "files", 1);
		g_autofree char *path = status_shown(entry, "path", "?");
		g_autofree char *why = status_shown(entry, "why", "?");
		terminal_print("%snot yet  %s: %s\n", i == 0 ? "\n" : "", path, why);
	}
	if (status_count(answer, "total") > shown)
		terminal_print("         and %lld more\n", status_count(answer, "total") - shown);
}

static void print_standing(JsonObject *job)
{
	g_autofree char *why = status_shown(job, "waiting_for", "");
	double again = json_double(job, "retry_in_s", 0);

	terminal_print("         waits: %s", why);
	if (again > 0) {
		terminal_print(" (tried again in ");
		status_print_duration(again);
		terminal_print(")");
	}
	terminal_print("\n");
}

/* Queued jobs are printed only if they stand: the others wait for their turn. */
static void print_jobs(JsonObject *answer, bool *begun)
{
	JsonArray *jobs = json_array(answer, "jobs");

	for (guint i = 0; jobs && i < json_array_get_length(jobs); i++) {
		JsonObject *job = json_object_at(jobs, i), *tiles = json_object(job, "tiles");
		bool stands = json_string(job, "waiting_for", NULL),
		     runs = strcmp(json_string(job, "state", ""), "running") == 0;
		if (!stands && !runs)
			continue;
		g_autofree char *source = status_shown(job, "source", "?");
		g_autofree char *pipeline = status_shown(job, "pipeline", "?");
		g_autofree char *lane = status_shown(job, "lane", "?");
		g_autofree char *doing = status_shown(job, "doing", "");
		terminal_print("%s%s  %s: ", *begun ? "" : "\n", pipeline, source);
		*begun = true;
		if (runs)
			terminal_print("%lld of %lld tiles (%s)", status_count(tiles, "done"),
				status_count(tiles, "total"), lane);
		else
			terminal_print("queued");
		terminal_print("%s%s\n", stands || !*doing ? "" : ", ", stands ? "" : doing);
		if (stands)
			print_standing(job);
	}
}

static int print_all(const char *address, bool as_json, GError **error)
{
	bool begun = false;

	g_autoptr(JsonObject) status = client_get(address, "/api/status", error);
	if (!status)
		return 1;
	if (as_json) {
		g_autofree char *text = json_object_text(status);
		terminal_json(text);
		return 0;
	}
	g_autoptr(JsonObject) workers = client_get(address, "/api/workers", error);
	if (!workers)
		return 1;
	g_autoptr(JsonObject) jobs = client_get(address, "/api/jobs?state=running", error);
	if (!jobs)
		return 1;
	g_autoptr(JsonObject) queued = client_get(address, "/api/jobs?state=queued", error);
	if (!queued)
		return 1;
	g_autoptr(JsonObject) waiting = client_get(address, "/api/waiting", error);
	if (!waiting)
		return 1;
	status_print(status, address);
	status_print_workers(json_array(workers, "workers"));
	print_jobs(jobs, &begun);
	print_jobs(queued, &begun);
	print_waiting(waiting);
	return 0;
}

/* For health checks: one word and the exit status. */
static int print_state(const char *address, bool ready, GError **error)
{
	if (!client_hears(address, ready ? "/readyz" : "/healthz", ready ? "ready" : "ok", error))
		return 1;
	terminal_print("%s\n", ready ? "ready" : "ok");
	return 0;
}

int status_command(int argc, char **argv, status_find find)
{
	gboolean as_json = FALSE, describe = FALSE, watch = FALSE, health = FALSE, ready = FALSE;
	g_autofree char *http = NULL, *config = NULL;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "what /api/status answers", NULL},
		{"describe", 0, 0, G_OPTION_ARG_NONE, &describe,
			"the HTTP interface and its metrics as OpenAPI; no mill need run", NULL},
		{"watch", 0, 0, G_OPTION_ARG_NONE, &watch, "go on: in place in a terminal, else a line for each change",
			NULL},
		{"health", 0, 0, G_OPTION_ARG_NONE, &health,
			"only whether the mill responds: exit status 0 or 1 (/healthz)", NULL},
		{"ready", 0, 0, G_OPTION_ARG_NONE, &ready,
			"only whether broker and inboxes are up: exit status 0 or 1 (/readyz)", NULL},
		{"http", 0, 0, G_OPTION_ARG_STRING, &http,
			"where the mill's page is (default: that of the mill of this folder)", "ADDR:PORT"},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &config,
			"options of the mill as YAML (default: dropmill.yaml, if it exists)", "FILE"},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new("- the numbers of a running mill");
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		terminal_say("dropmill status: %s", error->message);
		return 2;
	}
	if (argc > 1) {
		terminal_say("dropmill status: it takes no '%s'; see dropmill status --help", argv[1]);
		return 2;
	}
	if (describe) {
		g_autofree char *text = routes_description();
		terminal_json(text);
		return 0;
	}
	if (!http && !(http = find(config, &error))) {
		terminal_say("dropmill status: %s", error->message);
		return g_error_matches(error, DROPMILL_ERROR, ERROR_RETRY) ? 1 : 2;
	}
	int code = health || ready ? print_state(http, ready, &error)
		   : watch         ? status_watch(http, &error)
				   : print_all(http, as_json, &error);
	if (!error)
		return code;
	terminal_say("dropmill status: %s", error->message);
	return g_error_matches(error, DROPMILL_ERROR, ERROR_INPUT) ? 2 : code;
}
