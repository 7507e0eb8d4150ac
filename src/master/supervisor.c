/* SPDX-License-Identifier: GPL-2.0-or-later
 * Keeps worker processes running: see supervisor.h. */
#include "master/supervisor.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_LAST_MS 10000
/* A child that ran this long was well: its back-off begins anew. */
#define WELL_US (10 * G_USEC_PER_SEC)

struct child {
	struct supervisor *supervisor;
	int index;
	pid_t pid; /* 0: not running */
	gint64 started_us;
	guint backoff_ms, watch, timer;
};

struct supervisor {
	const struct options *options;
	char *brokers;
	bool by_hand;
	int count;
	struct child *children;
	void (*ended)(gint64 pid, const char *how, void *user);
	void *user;
	bool stopping;
	void (*done)(void *user);
	void *done_user;
};

static void start(struct child *child);

static gboolean start_again(gpointer data)
{
	struct child *child = data;

	child->timer = 0;
	start(child);
	return G_SOURCE_REMOVE;
}

static void start_later(struct child *child)
{
	child->backoff_ms = child->backoff_ms ? MIN(child->backoff_ms * 2, BACKOFF_LAST_MS) : BACKOFF_FIRST_MS;
	child->timer = g_timeout_add(child->backoff_ms, start_again, child);
}

static void report_done(struct supervisor *supervisor)
{
	for (int i = 0; i < supervisor->count; i++)
		if (supervisor->children[i].pid)
			return;
	if (supervisor->done)
		supervisor->done(supervisor->done_user);
}

static void child_ended(GPid pid, gint status, gpointer data)
{
	struct child *child = data;
	struct supervisor *supervisor = child->supervisor;
	g_autofree char *how = process_status_text(status);

	child->pid = 0;
	child->watch = 0;
	if (clock_now_us() - child->started_us > WELL_US)
		child->backoff_ms = 0;
	if (!supervisor->stopping)
		log_warning("worker %d (process %d) ended: %s; it is started again", child->index + 1, (int)pid, how);
	if (supervisor->ended)
		supervisor->ended(pid, how, supervisor->user);
	if (supervisor->stopping)
		report_done(supervisor);
	else
		start_later(child);
}

/* librdkafka's properties may hold passwords, and everybody on the machine can read a command line. */
static char **environment_of(const struct options *options)
{
	g_autoptr(JsonObject) properties = json_object_new();
	GHashTableIter iter;
	gpointer name, value;

	g_hash_table_iter_init(&iter, options->properties);
	while (g_hash_table_iter_next(&iter, &name, &value))
		json_object_set_string_member(properties, name, value);
	g_autofree char *text = json_object_text(properties);
	return g_environ_setenv(g_get_environ(), "DROPMILL_WORKER_PROPERTIES", text, TRUE);
}

static void start(struct child *child)
{
	struct supervisor *supervisor = child->supervisor;
	const struct options *options = supervisor->options;
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) environment = environment_of(options);

	g_ptr_array_add(argv, process_sibling("dropmill-image"));
	g_ptr_array_add(argv, g_strdup("worker"));
	g_ptr_array_add(argv, g_strdup_printf("--brokers=%s", supervisor->brokers));
	g_ptr_array_add(argv, g_strdup_printf("--topic-prefix=%s", options->prefix));
	g_ptr_array_add(argv, g_strdup_printf("--payload=%s", options->payload));
	g_ptr_array_add(argv, g_strdup_printf("--index=%d", child->index));
	g_ptr_array_add(argv, g_strdup_printf("--parent=%d", (int)getpid()));
	if (supervisor->by_hand) {
		g_ptr_array_add(argv, g_strdup_printf("--partition=%d", child->index));
		g_ptr_array_add(argv, g_strdup("--embedded"));
	}
	g_ptr_array_add(argv, NULL);
	child->started_us = clock_now_us();
	if (!process_spawn((const char *const *)argv->pdata, environment, NULL, &child->pid, &error)) {
		log_error("%s", error->message);
		start_later(child);
		return;
	}
	child->watch = g_child_watch_add(child->pid, child_ended, child);
}

struct supervisor *supervisor_new(const struct options *options, const char *brokers, bool by_hand, int count,
	void (*ended)(gint64 pid, const char *how, void *user), void *user)
{
	struct supervisor *supervisor = g_new0(struct supervisor, 1);

	supervisor->options = options;
	supervisor->brokers = g_strdup(brokers);
	supervisor->by_hand = by_hand;
	supervisor->count = count;
	supervisor->children = g_new0(struct child, (gsize)count);
	supervisor->ended = ended;
	supervisor->user = user;
	for (int i = 0; i < count; i++) {
		supervisor->children[i].supervisor = supervisor;
		supervisor->children[i].index = i;
		start(&supervisor->children[i]);
	}
	return supervisor;
}

void supervisor_stop(struct supervisor *supervisor, void (*done)(void *user), void *user)
{
	supervisor->stopping = true;
	supervisor->done = done;
	supervisor->done_user = user;
	for (int i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];
		if (child->timer)
			g_source_remove(child->timer);
		child->timer = 0;
		if (child->pid)
			kill(child->pid, SIGTERM);
	}
	report_done(supervisor);
}

bool supervisor_kill(struct supervisor *supervisor, gint64 pid)
{
	for (int i = 0; i < supervisor->count; i++)
		if (supervisor->children[i].pid && supervisor->children[i].pid == pid)
			return kill((pid_t)pid, SIGKILL) == 0;
	return false;
}

void supervisor_free(struct supervisor *supervisor)
{
	if (!supervisor)
		return;
	for (int i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];
		if (child->timer)
			g_source_remove(child->timer);
		if (child->watch)
			g_source_remove(child->watch);
		if (child->pid)
			kill(child->pid, SIGKILL);
	}
	g_free(supervisor->children);
	g_free(supervisor->brokers);
	g_free(supervisor);
}
