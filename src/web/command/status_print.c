/* SPDX-License-Identifier: GPL-2.0-or-later
 * Numbers and workers on the terminal: see status_print.h. */
#include "web/command/status_print.h"

#include <string.h>

#include "base/display.h"
#include "base/json.h"
#include "base/terminal.h"

char *status_shown(JsonObject *object, const char *name, const char *otherwise)
{
	return display_name(json_string(object, name, otherwise));
}

char *status_remark(JsonObject *job)
{
	static const char *const names[] = {"error", "waiting_for", "doing"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (json_string(job, names[i], NULL))
			return status_shown(job, names[i], "");
	return g_strdup("");
}

long long status_count(JsonObject *object, const char *name)
{
	return (long long)json_int(object, name, 0);
}

void status_print_duration(double seconds)
{
	gint64 s = (gint64)seconds;

	if (seconds < 10)
		terminal_print("%.1f s", seconds);
	else if (s < 60)
		terminal_print("%d s", (int)s);
	else if (s < 3600)
		terminal_print("%d min %02d s", (int)(s / 60), (int)(s % 60));
	else
		terminal_print("%" G_GINT64_FORMAT " h %02d min", s / 3600, (int)(s / 60 % 60));
}

static void print_groups(JsonObject *status)
{
	JsonArray *groups = json_array(status, "groups");

	for (guint i = 0; json_bool(status, "mixed", false) && groups && i < json_array_get_length(groups); i++) {
		JsonObject *group = json_object_at(groups, i);
		g_autofree char *vips = status_shown(group, "vips", "?"),
				*version = status_shown(group, "version", "?");
		g_autofree char *pixels = status_shown(group, "pixels", "?");
		terminal_print("%s %lld with libvips %s (dropmill %s, pixels %.8s)%s\n", i ? "        " : "   mixed",
			status_count(group, "workers"), vips, version, pixels,
			json_bool(group, "used", false) ? ": new pictures go to these" : ": not used");
	}
}

void status_print(JsonObject *status, const char *address)
{
	JsonObject *broker = json_object(status, "broker"), *workers = json_object(status, "workers");
	JsonObject *jobs = json_object(status, "jobs"), *tiles = json_object(status, "tiles");
	g_autofree char *version = status_shown(status, "version", "?"), *note = status_shown(broker, "note", "");
	g_autofree char *kind = status_shown(broker, "kind", "?"), *state = status_shown(broker, "state", "?");

	terminal_print("dropmill %s at http://%s/, up ", version, address);
	status_print_duration((double)json_int(status, "uptime_s", 0));
	terminal_print("\nbroker   %s, %s%s%s\n", kind, state, *note ? ": " : "", note);
	terminal_print("workers  %lld live, %lld late, %lld gone\n", status_count(workers, "live"),
		status_count(workers, "late"), status_count(workers, "gone"));
	print_groups(status);
	terminal_print("jobs     %lld queued, %lld running, %lld done, %lld failed\n", status_count(jobs, "queued"),
		status_count(jobs, "running"), status_count(jobs, "done"), status_count(jobs, "failed"));
	if (status_count(status, "waiting") > 0)
		terminal_print("         and %lld files not taken yet\n", status_count(status, "waiting"));
	terminal_print("tiles    %lld queued, %lld running, %lld done, %lld retried, %lld duplicate\n",
		status_count(tiles, "queued"), status_count(tiles, "running"), status_count(tiles, "done"),
		status_count(tiles, "retried"), status_count(tiles, "duplicate"));
	double oldest = json_double(status, "oldest_queued_s", -1);
	if (oldest >= 0) {
		terminal_print("oldest   waits ");
		status_print_duration(oldest);
		terminal_print("\n");
	}
}

/* Only what is not as it should be. */
static void print_breaker(JsonObject *breaker)
{
	const char *state = json_string(breaker, "state", "closed");
	g_autofree char *reason = status_shown(breaker, "reason", "?");

	if (strcmp(state, "open") == 0) {
		terminal_print("\n                 taken out for ");
		status_print_duration(json_double(breaker, "retry_in_s", 0));
		terminal_print(": it failed what others managed (%s)", reason);
	} else if (strcmp(state, "half-open") == 0)
		terminal_print("\n                 on trial with one task: it failed what others managed (%s)", reason);
}

void status_print_workers(JsonArray *workers)
{
	for (guint i = 0; workers && i < json_array_get_length(workers); i++) {
		JsonObject *worker = json_object_at(workers, i);
		g_autofree char *id = status_shown(worker, "id", "?");
		g_autofree char *state = status_shown(worker, "state", "?");
		g_autofree char *current = status_shown(worker, "current", "");
		terminal_print("\n%-16s %-5s %8lld tiles %7.1f/s  %s, heartbeat ", id, state,
			status_count(worker, "tiles_done"), json_double(worker, "tiles_per_s", 0),
			*current ? current : "idle");
		status_print_duration(json_double(worker, "last_heartbeat_s", 0));
		terminal_print(" ago");
		if (status_count(worker, "restarts") > 0)
			terminal_print(", restarted %lld times", status_count(worker, "restarts"));
		print_breaker(json_object(worker, "breaker"));
	}
	terminal_print("\n");
}
