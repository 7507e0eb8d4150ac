/* SPDX-License-Identifier: GPL-2.0-or-later
 * A worker process: see worker.h. */
#include "worker/worker.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "bus/protocol/heartbeat.h"
#include "bus/protocol/joiner.h"
#include "bus/protocol/journal.h"
#include "bus/reader.h"
#include "image/asset/asset.h"
#include "image/fast/fast.h"
#include "image/quirks/image_code.h"
#include "image/read/format.h"
#include "sandbox/path_allowlist.h"
#include "worker/answers.h"
#include "worker/compute.h"
#include "worker/confine.h"
#include "worker/heartbeat.h"
#include "worker/recycle.h"
#include "worker/stopwatch.h"
#include "worker/task_filter.h"
#include "worker/tile.h"
#include "worker/worker_args.h"

/* How long a worker that must stop may finish its task and leave its group. */
#define LEAVE_S 10
/* A worker that retires has said so; what was sent to it before the master heard comes within this. */
#define RETIRE_QUIET_US (G_USEC_PER_SEC / 2)
/* A worker that has no task for 10 s keeps no free memory. */
#define IDLE_US (10 * G_USEC_PER_SEC)
/* How long results on their way may take to be delivered then; without a broker. */
#define FLUSH_US ((LEAVE_S - 2) * G_USEC_PER_SEC)
#define FLUSH_DOWN_US (2 * G_USEC_PER_SEC)

struct worker {
	struct worker_args args;
	GHashTable *properties; /* of librdkafka */
	struct bus *bus;
	guint refused; /* tasks; reader's thread only */
	struct pulse *pulse;
	struct answers *answers;
	struct journal *journal;    /* NULL: nobody reads it */
	struct joiner *joiner;      /* reader's thread only */
	struct task_filter *filter; /* the same */
	struct tiles *tiles;
	struct stopwatch stopwatch;
	GAsyncQueue *tasks; /* struct work; one with task NULL is the order to stop */
	char *id;
	int results_partition;
	gint began;             /* atomic: it may have tasks, and is in its group */
	struct recycle recycle; /* when it is due, nothing new comes, and what is here is finished */
};

struct work {
	struct task *task;
	gint32 partition;
	gint64 offset;
};

/* Reader's thread. Logged once, then each time that the number has doubled: garbage comes in heaps. */
static void refuse(const GError *error, void *user)
{
	guint count = ++((struct worker *)user)->refused;

	if ((count & (count - 1)) == 0)
		log_warning("task refused: %s (%u so far)", error->message, count);
}

/* Reader's thread. The sender gets the reason, if it can be answered. */
static void turn_down(struct worker *worker, const struct record *record, enum result_status status, const GError *why)
{
	refuse(why, worker);
	answers_refuse(worker->answers, record, worker->id, status, why);
}

/* Reader's thread. */
static void task_lost(const struct record *headers, const GError *why, void *user)
{
	turn_down(user, headers, result_status_of_lost(why), why);
}

static void tick(void *user)
{
	struct worker *worker = user;

	joiner_tick(worker->joiner);
	pulse_receiving(worker->pulse, joiner_pending(worker->joiner) > 0);
}

/* Reader's thread. A malformed record is finished at once: it would come again for ever. */
static bool task_arrived(struct bus_reader *reader, struct record *record, void *user)
{
	struct worker *worker = user;
	g_autoptr(GError) error = NULL;
	gint32 partition = record->partition;
	gint64 offset = record->offset;
	const char *whose = record_get(record, "worker");
	/* After a rebalance: not ours to answer, and no part of it is kept. */
	if (whose && strcmp(whose, worker->id) != 0) {
		bus_reader_done(reader, partition, offset);
		return false;
	}
	guint pending = joiner_pending(worker->joiner);
	auto_struct(record) whole = joiner_add(worker->joiner, record);

	if (pending != joiner_pending(worker->joiner))
		pulse_receiving(worker->pulse, joiner_pending(worker->joiner) > 0);
	if (!whole) {
		bus_reader_done(reader, partition, offset);
		return true;
	}
	struct task *task = task_from_record(whole, &error);
	if (!task || !task_filter_take(worker->filter, task)) {
		if (error)
			turn_down(worker, whole, RESULT_RETRY, error);
		task_free(task);
		bus_reader_done(reader, partition, offset);
		return true;
	}
	struct work *work = g_new(struct work, 1);
	*work = (struct work){task, partition, offset};
	g_async_queue_push(worker->tasks, work);
	return true;
}

static void assigned(const gint32 *partitions, gsize count, void *user)
{
	struct worker *worker = user;

	pulse_partitions(worker->pulse, partitions, count);
}

static void work_on(struct worker *worker, const struct work *work)
{
	const struct task *task = work->task;
	g_autoptr(GError) error = NULL;
	auto_struct(body) payload = NULL;
	g_autoptr(JsonObject) report = NULL;

	stopwatch_begin(&worker->stopwatch);
	char name[JOURNAL_TASK_BYTES];
	journal_name(name, task->job, task->serial, task->tile, task->attempt);
	if (worker->journal)
		journal_begin(worker->journal, name);
	pulse_begin(worker->pulse, task);
	enum result_status status = compute_task(worker->tiles, worker->args.index, task, &report, &payload, &error);
	if (worker->journal)
		journal_end(worker->journal);
	g_autofree char *message = g_utf8_make_valid(error ? error->message : "", -1);
	g_autofree char *report_text = report ? json_object_text(report) : g_strdup("{}");
	struct result result = {
		.job = task->job,
		.serial = task->serial,
		.tile = task->tile,
		.attempt = task->attempt,
		.worker = worker->id,
		.status = status,
		.message = message,
		.limit = error_is_limit(error),
		.report = report_text,
		.payload = payload,
	};
	stopwatch_end(&worker->stopwatch, &result, task->kind == TASK_TILE ? tiles_spent(worker->tiles) : NULL);
	answers_send(worker->answers, &result, work->partition, work->offset);
	pulse_end(worker->pulse, status, g_async_queue_length(worker->tasks) > 0);
	log_debug("%s tile %d attempt %d: %s%s%s", task->job, task->tile, task->attempt, result_status_name(status),
		error ? ": " : "", error ? error->message : "");
	answers_wait(worker->answers);
}

static gpointer wait_for_signal(gpointer data)
{
	struct worker *worker = data;
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigwait(&set, &number);
	if (!g_atomic_int_get(&worker->began)) {
		log_info("stopped before it had a task");
		_exit(0);
	}
	g_async_queue_push_front(worker->tasks, g_new0(struct work, 1));
	/* librdkafka 2.0.2 was seen to hang in closing a group's consumer. Nothing is lost by leaving: what was not committed comes again,
	 * and the master drops it. A second signal does not wait. */
	const struct timespec patience = {.tv_sec = LEAVE_S};
	sigtimedwait(&set, NULL, &patience);
	_exit(0);
}

/* Begins to connect, in threads of the bus; libvips starts meanwhile. */
static bool open_bus(struct worker *worker, GError **error)
{
	const struct worker_args *o = &worker->args;
	struct bus_options options = {
		o->brokers, o->prefix ? o->prefix : (char *)"", worker->id, worker->properties, o->embedded, o->key};

	return (worker->bus = bus_new(&options, NULL, NULL, error)) != NULL;
}

static void wait_for_topics(struct worker *worker)
{
	const struct worker_args *o = &worker->args;
	/* It writes no dead letters, and may have no right to see them. */
	const guint needed = TOPIC_BIT(TOPIC_TASKS) | TOPIC_BIT(TOPIC_RESULTS) | TOPIC_BIT(TOPIC_HEARTBEATS);
	int partitions[TOPIC_COUNT] = {0};

	/* Waits for the broker and the topics as long as it takes: the master, or an operator, will bring them. */
	for (bool said = false;;) {
		g_autoptr(GError) why = NULL;
		if (bus_partitions(worker->bus, needed, partitions, 1000, &why))
			break;
		if (!said)
			log_warning("waiting for the broker %s: %s", o->brokers,
				why ? why->message : "topics are missing (dropmill topics create)");
		said = true;
		g_usleep(G_USEC_PER_SEC / 2);
	}
	worker->results_partition =
		(int)(o->partition >= 0 ? (guint)o->partition : g_str_hash(worker->id)) % partitions[TOPIC_RESULTS];
	bus_max_value(worker->bus, TOPIC_RESULTS, 5000); /* the bus knows it from now on */
}

static bool open_reader(struct worker *worker, GError **error)
{
	const enum topic topics[] = {TOPIC_TASKS};
	gint32 partition = worker->args.partition;
	bool by_hand = partition >= 0;
	struct bus_reader_options options = {
		.topics = topics,
		.topic_count = 1,
		.group = by_hand ? NULL : "dropmill-workers",
		.partitions = by_hand ? &partition : NULL,
		.partition_count = by_hand ? 1 : 0,
		.from_end = true,
		.record = task_arrived,
		.tick = tick,
		.refused = refuse,
		.assigned = assigned,
		.user = worker,
	};

	struct bus_reader *reader = bus_reader_new(worker->bus, &options, error);
	if (!reader)
		return false;
	answers_reader(worker->answers, reader);
	pulse_reader(worker->pulse, reader);
	if (by_hand)
		pulse_partitions(worker->pulse, &partition, 1);
	return true;
}

static bool start(struct worker *worker, GError **error)
{
	const char *payload = worker->args.payload ? worker->args.payload : "auto";
	bool planes[2] = {strcmp(payload, "inline") != 0, true};
	g_autofree char *hash = NULL;
	g_autofree char *vips = image_code_vips();

	if (!open_bus(worker, error) || !image_init("dropmill", 1, error))
		return false;
	fast_install(); /* before the test picture is computed: what it changes shows in the hash */
	if (!image_code_hash(&hash, error))
		return false;
	wait_for_topics(worker);
	const struct heartbeat about = {
		.id = worker->id,
		.planes = {planes[0], planes[1]},
		.no_files = !path_allowlist_any(),
		.vips = vips,
		.test_hash = hash,
		.slot = worker->args.slot,
		.restarts = worker->args.restarts,
		.endings = worker->args.endings,
	};
	worker->pulse = pulse_new(worker->bus, &about);
	worker->answers = answers_new(worker->bus, worker->pulse, worker->results_partition);
	g_atomic_int_set(&worker->began, 1);
	return open_reader(worker, error);
}

/* The next task or order. NULL: nothing more comes to a worker that retires. */
static struct work *next_work(struct worker *worker)
{
	if (worker->recycle.due)
		return g_async_queue_timeout_pop(worker->tasks, RETIRE_QUIET_US);
	struct work *work = g_async_queue_timeout_pop(worker->tasks, IDLE_US);
	if (work)
		return work;
	recycle_give_back();
	return g_async_queue_pop(worker->tasks);
}

static gpointer compute(gpointer data)
{
	struct worker *worker = data;

	worker->tiles = tiles_new();
	recycle_begin(&worker->recycle, &worker->args);
	for (;;) {
		g_autofree struct work *work = next_work(worker);
		if (!work || !work->task)
			break;
		if (confine_outdated()) /* not answered: whoever takes its place gets the task again */
			break;
		work_on(worker, work);
		task_free(work->task);
		if (recycle_task_done(&worker->recycle))
			pulse_retire(worker->pulse);
	}
	tiles_free(worker->tiles);
	return NULL;
}

/* What was fetched and not begun stays uncommitted; the master gives it to others when this worker is gone. The reader's callbacks use
 * the pulse to the end, the results' reports of delivery use the reader. */
static void leave(struct worker *worker)
{
	gint64 until_us = g_get_monotonic_time() + (bus_is_up(worker->bus) ? FLUSH_US : FLUSH_DOWN_US);

	pulse_reader(worker->pulse, NULL);
	bus_reader_free(answers_leave(worker->answers, until_us));
	pulse_free(worker->pulse);
	bus_free(worker->bus);
	answers_free(worker->answers);
}

int worker_command(int argc, char **argv)
{
	struct worker worker = {0};
	g_autoptr(GError) error = NULL;
	sigset_t set;

	/* Ctrl-C reaches the whole group; the supervisor says when a worker ends. */
	signal(SIGINT, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	recycle_keep_memory();
	log_init("worker", g_strcmp0(g_getenv("DROPMILL_LOG_FORMAT"), "json") == 0);
	if (!worker_args_read(&worker.args, argc, argv, &error)) {
		log_error("%s", error->message);
		return 2;
	}
	if (worker.args.parent)
		process_die_with_parent(SIGKILL, worker.args.parent);
	g_autofree char *role = g_strdup_printf("worker %d", worker.args.index + 1);
	log_init(role, g_strcmp0(g_getenv("DROPMILL_LOG_FORMAT"), "json") == 0);
	process_be_nice();
	worker.properties = worker_args_properties();
	if (worker.args.journal && !(worker.journal = journal_open(worker.args.journal, &error))) {
		log_error("%s", error->message);
		return 1;
	}
	confine(&worker.args, worker.properties);
	worker.id = g_strdup_printf("%.40s-%d-%04x", g_get_host_name(), (int)getpid(), g_random_int() & 0xffff);
	g_strcanon(worker.id, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-", '-');
#ifdef DROPMILL_TEST_HOOKS /* as on another machine: assets come over the bus or not at all */
	if (g_getenv("DROPMILL_TEST_NO_ASSET_FILES"))
		asset_forbid_files();
#endif
	worker.tasks = g_async_queue_new();
	const struct joiner_options joiner = {
		.folder = g_get_tmp_dir(), .spool_bytes = worker.args.spool_bytes, .lost = task_lost, .user = &worker};
	worker.joiner = joiner_new(&joiner);
	worker.filter = task_filter_new(worker.id);
	g_thread_unref(g_thread_new("signals", wait_for_signal, &worker));
	if (!start(&worker, &error)) {
		log_error("%s", error->message);
		return 1;
	}
	g_thread_join(image_thread_new("compute", compute, &worker));
	leave(&worker);
	_exit(0);
}
