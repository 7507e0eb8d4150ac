/* SPDX-License-Identifier: GPL-2.0-or-later
 * The numbers as they change: see status_watch.h. */
#include "web/command/status_watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/display.h"
#include "base/json.h"
#include "base/terminal.h"
#include "web/command/status_print.h"
#include "web/http/client.h"

#define AGAIN_US (2 * G_USEC_PER_SEC)
#define BAR 30

struct watch {
	const char *address;
	bool terminal;
	GHashTable *jobs;    /* id to JsonObject */
	GHashTable *workers; /* id to JsonObject */
	GQueue order;        /* ids of jobs, the latest first; owned by jobs */
};

static void forget_all(struct watch *watch)
{
	g_queue_clear(&watch->order);
	g_hash_table_remove_all(watch->jobs);
	g_hash_table_remove_all(watch->workers);
}

/* A screen holds no more. */
#define JOBS_KEPT 200

static void take_job(struct watch *watch, JsonObject *job)
{
	const char *id = json_string(job, "id", NULL);
	gpointer key = NULL;

	if (!id)
		return;
	if (g_hash_table_lookup_extended(watch->jobs, id, &key, NULL))
		g_queue_remove(&watch->order, key);
	else
		key = g_strdup(id);
	g_queue_push_head(&watch->order, key);
	g_hash_table_steal(watch->jobs, id); /* the key stays the same */
	g_hash_table_insert(watch->jobs, key, json_object_ref(job));
	while (watch->order.length > JOBS_KEPT)
		g_hash_table_remove(watch->jobs, g_queue_pop_tail(&watch->order));
}

static long long number(JsonObject *object, const char *name)
{
	return (long long)json_int(object, name, 0);
}

static void print_job(JsonObject *job, int columns)
{
	JsonObject *tiles = json_object(job, "tiles");
	g_autofree char *source = status_shown(job, "source", "?");
	g_autofree char *pipeline = status_shown(job, "pipeline", "?");
	g_autofree char *remark = status_remark(job);
	g_autofree char *state = status_shown(job, "state", "?");
	long long total = MAX(number(tiles, "total"), 1), done = MIN(number(tiles, "done"), total);
	long long running = MIN(number(tiles, "running"), total - done);
	char bar[BAR + 1];

	for (int i = 0; i < BAR; i++)
		bar[i] = i < done * BAR / total ? '#' : i < (done + running) * BAR / total ? '>' : '.';
	bar[BAR] = '\0';
	g_autofree char *line =
		g_strdup_printf("%-7s [%s] %4lld/%-4lld %s/%s  %s", state, bar, done, total, pipeline, source, remark);
	if (g_utf8_strlen(line, -1) > columns)
		*g_utf8_offset_to_pointer(line, columns) = '\0';
	terminal_print("%s\n", line);
}

static void draw(struct watch *watch, JsonObject *status)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	g_autoptr(JsonArray) workers = json_array_new();
	g_autoptr(GList) all = g_hash_table_get_values(watch->workers);
	int room;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	for (GList *link = all; link; link = link->next)
		json_array_add_object_element(workers, json_object_ref(link->data));
	terminal_clear();
	status_print(status, watch->address);
	status_print_workers(workers);
	room = (size.ws_row ? size.ws_row : 24) - 9 - (int)g_hash_table_size(watch->workers);
	for (int pass = 0; pass < 2; pass++) /* running ones come first */
		for (GList *link = watch->order.head; link && room > 0; link = link->next) {
			JsonObject *job = g_hash_table_lookup(watch->jobs, link->data);
			bool runs = strcmp(json_string(job, "state", ""), "running") == 0;
			if (runs != (pass == 0))
				continue;
			print_job(job, size.ws_col ? size.ws_col : 80);
			room--;
		}
	fflush(stdout);
}

/* Without a terminal: one line for each job that changed. */
static void tell(const char *time, JsonObject *job)
{
	JsonObject *tiles = json_object(job, "tiles");
	g_autofree char *source = status_shown(job, "source", "?");
	g_autofree char *pipeline = status_shown(job, "pipeline", "?");
	g_autofree char *remark = status_remark(job);
	g_autofree char *state = status_shown(job, "state", "?"), *when = display_name(time);

	terminal_print("%s %s/%s %s %lld/%lld%s%s\n", when, pipeline, source, state, number(tiles, "done"),
		number(tiles, "total"), *remark ? ": " : "", remark);
}

static void take_event(JsonObject *event, void *user)
{
	struct watch *watch = user;
	JsonArray *jobs = json_array(event, "jobs"), *workers = json_array(event, "workers");
	bool full = json_bool(event, "full", false);

	if (full)
		forget_all(watch);
	/* A full one lists the latest first. */
	for (guint i = jobs ? json_array_get_length(jobs) : 0; i-- > 0;)
		take_job(watch, json_object_at(jobs, i));
	for (guint i = 0; workers && i < json_array_get_length(workers); i++) {
		JsonObject *worker = json_object_at(workers, i);
		g_hash_table_insert(watch->workers, g_strdup(json_string(worker, "id", "?")), json_object_ref(worker));
	}
	if (watch->terminal && json_object(event, "status")) {
		draw(watch, json_object(event, "status"));
		return;
	}
	for (guint i = 0; jobs && i < json_array_get_length(jobs); i++) {
		JsonObject *job = json_object_at(jobs, i);
		if (!full || strcmp(json_string(job, "state", ""), "running") == 0)
			tell(json_string(event, "time", ""), job);
	}
	fflush(stdout);
}

int status_watch(const char *address, GError **error)
{
	struct watch watch = {
		.address = address,
		.terminal = isatty(STDOUT_FILENO),
		.jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_object_unref),
		.workers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_object_unref),
	};
	bool seen = false;

	for (;;) {
		g_autoptr(GError) cause = NULL;
		bool streamed = client_stream(address, "/api/events", take_event, &watch, &cause);
		seen = seen || streamed;
		if (!seen) {
			g_propagate_error(error, g_steal_pointer(&cause));
			break;
		}
		if (!streamed)
			terminal_say("dropmill status: %s; asking again", cause->message);
		g_usleep(AGAIN_US);
	}
	g_queue_clear(&watch.order);
	g_hash_table_unref(watch.jobs);
	g_hash_table_unref(watch.workers);
	return 1;
}
