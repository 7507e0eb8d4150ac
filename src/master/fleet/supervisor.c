/* SPDX-License-Identifier: GPL-2.0-or-later
 * Keeps worker processes running: see supervisor.h. */
#include "master/fleet/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/fd_channel.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "bus/protocol/heartbeat.h"
#include "bus/protocol/journal.h"
#include "master/fleet/segment_server.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_LAST_MS 10000
/* A child that had worked and died of a picture: other pictures shall not wait long. */
#define BACKOFF_WORKED_MS 1000
/* A child that ran this long was well: its back-off begins again. */
#define WELL_US (10 * G_USEC_PER_SEC)
/* One that ended in order after less than this is not started again at once. */
#define TOO_SHORT_US G_USEC_PER_SEC
/* A rolling restart goes on when the successor has had this long to join. */
#define SETTLE_MS 2000
/* The pause between two looks at memory. Far above its limit a worker is ended in the middle of a task; below that, after it. A worker keeps free
 * memory for its next task, at most half its limit (worker/recycle.c): so none is ended for what the task before left. */
#define MEMORY_MS 250
#define MEMORY_FAR 1.5

struct child {
	struct supervisor *supervisor;
	int index;
	pid_t pid; /* 0: not running */
	gint64 started_us;
	guint backoff_ms, watch, timer, restarts;
	struct journal *journal; /* what it has in hand; NULL: could not be made */
	char *killed;            /* why we killed it; NULL */
	bool renew;              /* a rolling restart will come to it */
	struct segment_server *server;
	bool renewed; /* it was asked to end, to be started with other places */
};

struct supervisor {
	const struct options *options;
	char *brokers;
	char **places;
	bool by_hand;
	GBytes *key; /* NULL: none */
	int count;
	struct child *children;
	GPtrArray *endings; /* struct ending: for the master, when it is elsewhere */
	guint memory_timer, renew_timer;
	void (*ended)(gint64 pid, const char *how, const char *task, void *user);
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
	bool worked = child->journal && journal_count(child->journal) > 0;
	guint last = worked ? BACKOFF_WORKED_MS : BACKOFF_LAST_MS;

	child->backoff_ms = child->backoff_ms ? MIN(child->backoff_ms * 2, last) : BACKOFF_FIRST_MS;
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

static void replace(struct child *child, pid_t pid, const char *how, bool in_order)
{
	gint64 ran_us = clock_now_us() - child->started_us;

	child->restarts++;
	if (ran_us > WELL_US)
		child->backoff_ms = 0;
	if (in_order && ran_us > TOO_SHORT_US) {
		log_info("worker %d (process %d) ended in order; another takes its place", child->index + 1, (int)pid);
		start(child);
		return;
	}
	start_later(child);
	log_warning("worker %d (process %d) ended: %s; it is started again in %.1f s", child->index + 1, (int)pid, how,
		child->backoff_ms / 1000.0);
}

static void child_ended(GPid pid, gint status, gpointer data)
{
	struct child *child = data;
	struct supervisor *supervisor = child->supervisor;
	g_autofree char *how = child->killed ? g_steal_pointer(&child->killed) : process_status_text(status);

	child->watch = 0;
	child->pid = 0;
	g_autofree char *task = child->journal ? journal_read(child->journal) : NULL;
	endings_add(supervisor->endings, pid, how, task);
	g_clear_pointer(&child->server, segment_server_free);
	if (supervisor->ended)
		supervisor->ended(pid, how, task, supervisor->user);
	if (supervisor->stopping)
		report_done(supervisor);
	else if (child->renewed)
		start(child);
	else
		replace(child, pid, how, status == 0);
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

static void add(GPtrArray *argv, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add(GPtrArray *argv, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(argv, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static GPtrArray *arguments_of(const struct child *child)
{
	const struct supervisor *supervisor = child->supervisor;
	const struct options *options = supervisor->options;
	GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(argv, process_sibling("dropmill-image"));
	add(argv, "worker");
	add(argv, "--brokers=%s", supervisor->brokers);
	add(argv, "--topic-prefix=%s", options->topic_prefix);
	add(argv, "--payload=%s", options->payload);
	add(argv, "--index=%d", child->index);
	add(argv, "--parent=%d", (int)getpid());
	add(argv, "--slot=%d.%d", (int)getpid(), child->index);
	add(argv, "--restarts=%u", child->restarts);
	if (options->recycle_tasks)
		add(argv, "--recycle-tasks=%d", options->recycle_tasks);
	if (options->recycle_growth)
		add(argv, "--recycle-growth=%" G_GINT64_FORMAT, options->recycle_growth);
	add(argv, "--spool=%" G_GINT64_FORMAT, options->spool);
	if (options->worker_memory)
		add(argv, "--memory=%" G_GINT64_FORMAT, options->worker_memory);
	/* A master whose children they are knows it by itself. */
	for (guint i = 0; !supervisor->ended && i < supervisor->endings->len; i++) {
		const struct ending *ending = supervisor->endings->pdata[i];
		add(argv, "--ended=%" G_GINT64_FORMAT ":%s:%s", ending->pid, ending->task ? ending->task : "",
			ending->how);
	}
	if (child->journal)
		add(argv, "--journal=%s", journal_path(child->journal));
	add(argv, "--door");
	if (supervisor->key)
		add(argv, "--key");
	for (char **place = supervisor->places; *place; place++)
		add(argv, "%s", *place);
	if (supervisor->by_hand) {
		add(argv, "--partition=%d", child->index);
		add(argv, "--embedded");
	}
	g_ptr_array_add(argv, NULL);
	return argv;
}

/* Neither in its command line nor in its environment: it is the first thing that the child reads at its door. */
static void send_key(const struct supervisor *supervisor, int control)
{
	gsize length;
	const void *key = supervisor->key ? g_bytes_get_data(supervisor->key, &length) : NULL;

	if (key && !fd_channel_send(control, key, length, -1))
		log_warning("a worker did not take its key: %s", g_strerror(errno));
}

static void start(struct child *child)
{
	g_autoptr(GPtrArray) argv = arguments_of(child);
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) environment = environment_of(child->supervisor->options);

	int control = -1;

	child->started_us = clock_now_us();
	child->renew = child->renewed = false;
	if (child->journal)
		journal_clear(child->journal);
	if (!process_spawn((const char *const *)argv->pdata, environment, &control, &child->pid, &error)) {
		log_error("%s", error->message);
		start_later(child);
		return;
	}
	send_key(child->supervisor, control);
	child->server = segment_server_new(control);
	child->watch = g_child_watch_add(child->pid, child_ended, child);
}

static void kill_child(struct child *child, char *why)
{
	g_free(child->killed);
	child->killed = why;
	kill(child->pid, SIGKILL);
}

/* No setrlimit: libraries crash when an allocation fails. A worker ends by itself after the task in which it became too large; one that
 * goes on growing is ended here, and its death is its task's. */
static gboolean watch_memory(gpointer data)
{
	struct supervisor *supervisor = data;
	gint64 limit = supervisor->options->worker_memory;

	for (int i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];
		gint64 bytes = child->pid && !child->killed ? process_private_bytes(child->pid) : 0;
		if ((double)bytes <= (double)limit * MEMORY_FAR)
			continue;
		g_autofree char *size = g_format_size_full((guint64)limit, G_FORMAT_SIZE_IEC_UNITS);
		g_autofree char *ascii = g_str_to_ascii(size, "C");
		kill_child(child, g_strdup_printf("took far more than %s of memory", ascii));
	}
	return G_SOURCE_CONTINUE;
}

struct supervisor *supervisor_new(const struct options *options, const char *brokers, bool by_hand, GBytes *key,
	int count, char **places, void (*ended)(gint64 pid, const char *how, const char *task, void *user), void *user)
{
	struct supervisor *supervisor = g_new0(struct supervisor, 1);
	GError *error = NULL;

	supervisor->options = options;
	supervisor->brokers = g_strdup(brokers);
	supervisor->places = places;
	supervisor->by_hand = by_hand;
	supervisor->key = key ? g_bytes_ref(key) : NULL;
	supervisor->count = count;
	supervisor->children = g_new0(struct child, (gsize)count);
	supervisor->endings = endings_new();
	supervisor->ended = ended;
	supervisor->user = user;
	for (int i = 0; i < count; i++) {
		supervisor->children[i].supervisor = supervisor;
		supervisor->children[i].index = i;
		supervisor->children[i].journal = journal_create(&error);
		if (error)
			log_warning("%s; what kills a worker is guessed", error->message);
		g_clear_error(&error);
		start(&supervisor->children[i]);
	}
	if (options->worker_memory)
		supervisor->memory_timer = g_timeout_add(MEMORY_MS, watch_memory, supervisor);
	return supervisor;
}

static gboolean renew_next(gpointer data)
{
	struct supervisor *supervisor = data;

	for (int i = 0; i < supervisor->count && !supervisor->stopping; i++) {
		struct child *child = &supervisor->children[i];
		if (!child->renew)
			continue;
		child->renew = false;
		if (child->pid)
			kill(child->pid, SIGTERM);
		return G_SOURCE_CONTINUE;
	}
	supervisor->renew_timer = 0;
	return G_SOURCE_REMOVE;
}

void supervisor_renew(struct supervisor *supervisor)
{
	for (int i = 0; i < supervisor->count; i++)
		supervisor->children[i].renew = true;
	if (supervisor->renew_timer)
		return;
	log_info("a rolling restart of %d workers", supervisor->count);
	supervisor->renew_timer = g_timeout_add(SETTLE_MS, renew_next, supervisor);
	renew_next(supervisor);
}

void supervisor_allow(struct supervisor *supervisor, char **places)
{
	bool same = g_strv_equal((const char *const *)places, (const char *const *)supervisor->places);

	g_strfreev(supervisor->places);
	supervisor->places = places;
	for (int i = 0; !same && i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];
		child->renewed = child->pid != 0;
		if (child->pid)
			kill(child->pid, SIGTERM);
	}
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
		g_free(child->killed);
		journal_free(child->journal);
		segment_server_free(child->server);
	}
	if (supervisor->memory_timer)
		g_source_remove(supervisor->memory_timer);
	if (supervisor->renew_timer)
		g_source_remove(supervisor->renew_timer);
	g_strfreev(supervisor->places);
	g_free(supervisor->children);
	g_ptr_array_unref(supervisor->endings);
	g_clear_pointer(&supervisor->key, g_bytes_unref);
	g_free(supervisor->brokers);
	g_free(supervisor);
}
