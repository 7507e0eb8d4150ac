/* SPDX-License-Identifier: GPL-2.0-or-later
 * The workers as the master sees them: see workers.h. */
#include "master/fleet/workers.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/folder.h"
#include "base/log.h"
#include "base/process.h"
#include "bus/protocol/heartbeat.h"
#include "master/fleet/lease.h"
#include "master/fleet/worker_slot.h"

/* A dead worker's supervisor, when it is not us, starts another, which tells how it ended, within this. */
#define ENDING_US (2 * G_USEC_PER_SEC)
/* Workers that are gone are shown for this long. */
#define REMEMBER_US (600 * (gint64)G_USEC_PER_SEC)
/* More names than any cluster has: whoever may write heartbeats could make them up without end. */
#define WORKERS_MOST 4096
/* Threads of one worker: more cost more than they bring. */
#define MOST_THREADS 16

struct workers {
	GPtrArray *all;
	struct workers_events events;
	char *machine;
	GHashTable *slots; /* place to struct worker_slot */
	struct worker_groups *groups;
};

static void worker_free(struct worker *worker)
{
	if (worker->death.watch)
		g_source_remove(worker->death.watch);
	heartbeat_free(worker->beat);
	g_queue_clear_full(&worker->leases, g_free);
	worker_forget_all_late(worker);
	g_ref_string_release(worker->id);
	g_clear_pointer(&worker->assets, g_hash_table_unref);
	g_clear_pointer(&worker->death.litter, g_ptr_array_unref);
	g_free(worker->death.how);
	worker_slot_unref(worker->slot);
	worker_group_leave(worker->group);
	g_free(worker->death.task);
	g_free(worker->stuck.job);
	g_free(worker);
}

struct workers *workers_new(const struct workers_events *events)
{
	struct workers *workers = g_new0(struct workers, 1);

	workers->all = g_ptr_array_new_with_free_func((GDestroyNotify)worker_free);
	workers->slots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)worker_slot_unref);
	workers->groups = worker_groups_new();
	workers->events = *events;
	workers->machine = process_machine();
	return workers;
}

void workers_free(struct workers *workers)
{
	if (!workers)
		return;
	g_ptr_array_unref(workers->all);
	g_hash_table_unref(workers->slots);
	g_free(workers->machine);
	worker_groups_free(workers->groups);
	g_free(workers);
}

struct worker *workers_find(struct workers *workers, const char *id)
{
	for (guint i = 0; i < workers->all->len; i++) {
		struct worker *worker = g_ptr_array_index(workers->all, i);
		if (strcmp(worker->id, id) == 0)
			return worker;
	}
	return NULL;
}

GPtrArray *workers_all(struct workers *workers)
{
	return workers->all;
}

guint workers_holding(struct workers *workers)
{
	guint holding = 0;

	for (guint i = 0; i < workers->all->len; i++) {
		const struct worker *worker = g_ptr_array_index(workers->all, i);
		holding += worker->state == WORKER_LIVE && worker->beat->partitions->len > 0;
	}
	return holding;
}

int workers_idle_neighbours(const struct workers *workers)
{
	int most = 1;

	for (guint i = 0; i < workers->all->len; i++) {
		const struct worker *one = g_ptr_array_index(workers->all, i);
		int count = 0;
		for (guint k = 0; k < workers->all->len; k++) {
			const struct worker *other = g_ptr_array_index(workers->all, k);
			count += other->state == WORKER_LIVE && other->weight == 0 &&
				 g_str_equal(other->beat->host, one->beat->host);
		}
		most = MAX(most, count);
	}
	return MIN(most, MOST_THREADS);
}

guint workers_live(struct workers *workers)
{
	guint live = 0;

	for (guint i = 0; i < workers->all->len; i++)
		live += ((struct worker *)g_ptr_array_index(workers->all, i))->state == WORKER_LIVE;
	return live;
}

struct worker_groups *workers_groups(const struct workers *workers)
{
	return workers->groups;
}

static void lost(struct workers *workers, struct worker *worker, bool dead, const char *how)
{
	bool was_gone = worker->state == WORKER_GONE;

	if (dead && worker->death.watch) {
		g_source_remove(worker->death.watch);
		worker->death.watch = 0;
	}
	if (dead && !worker->death.how)
		worker->death.how = g_strdup(how);
	worker->death.end = process_end(worker->death.how);
	worker->death.known |= dead;
	worker->state = WORKER_GONE;
	if (!was_gone) {
		worker->death.gone_wall_us = clock_wall_us();
		bool stopped = strcmp(worker->beat->state, "stopping") == 0 || process_end(how) == PROCESS_ENDED_WELL;
		log_at(stopped ? LOG_DEBUG : LOG_WARNING, "worker %s is gone (%s); %u tasks taken back", worker->id,
			how, g_queue_get_length(&worker->leases));
	}
	if (!was_gone || !g_queue_is_empty(&worker->leases) || !g_queue_is_empty(&worker->late))
		workers->events.gone(worker, dead, workers->events.user);
	for (guint i = 0; dead && worker->death.litter && i < worker->death.litter->len; i++)
		folder_discard(worker->death.litter->pdata[i]);
	if (dead)
		g_clear_pointer(&worker->death.litter, g_ptr_array_unref);
}

/* Its supervisor says how it ended. */
static void process_reported(struct workers *workers, const char *machine, const struct ending *ending)
{
	for (guint i = 0; i < workers->all->len; i++) {
		struct worker *worker = g_ptr_array_index(workers->all, i);
		if (worker->beat->pid != ending->pid || worker->death.known ||
			strcmp(worker->beat->machine, machine) != 0)
			continue;
		g_free(worker->death.task);
		worker->death.task = g_strdup(ending->task);
		lost(workers, worker, true, ending->how);
	}
}

struct death {
	struct workers *workers;
	struct worker *worker;
};

static gboolean process_ended(gint fd, GIOCondition condition, gpointer data)
{
	struct death *death = data;
	struct worker *worker = death->worker;
	siginfo_t info = {0};

	(void)condition;
	worker->death.watch = 0;
	/* The supervisor reaps a child of ours, and reports its end. */
	bool child = waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
	close(fd);
	if (worker->death.how || worker->state == WORKER_GONE)
		lost(death->workers, worker, true, "its process ended");
	else if (!child && *worker->beat->slot) {
		worker->death.noticed_us = clock_now_us();
		worker->state = WORKER_LATE;
	} else if (!child)
		lost(death->workers, worker, true, "its process ended");
	return G_SOURCE_REMOVE;
}

/* A worker on this machine is known to be dead the moment that it is. */
static void watch_process(struct workers *workers, struct worker *worker)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)worker->beat->pid, 0);

	if (fd < 0)
		return;
	struct death *death = g_new(struct death, 1);
	*death = (struct death){workers, worker};
	worker->death.watch = g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd, G_IO_IN, process_ended, death, g_free);
}

/* A place outlives its processes: whoever is started there again has its breaker. */
static struct worker_slot *slot_of(struct workers *workers, const struct heartbeat *beat)
{
	g_autofree char *place = *beat->slot ? g_strconcat(beat->machine, " ", beat->slot, NULL) : g_strdup(beat->id);
	struct worker_slot *slot = g_hash_table_lookup(workers->slots, place);

	if (!slot) {
		slot = worker_slot_new();
		g_hash_table_insert(workers->slots, g_steal_pointer(&place), slot);
	}
	g_free(slot->name);
	slot->name = g_strdup(beat->id);
	return worker_slot_ref(slot);
}

static gboolean nobodys(gpointer place, gpointer slot, gpointer unused)
{
	(void)place;
	(void)unused;
	return ((struct worker_slot *)slot)->references == 1;
}

static struct worker *meet(struct workers *workers, struct heartbeat *beat)
{
	struct worker *worker = g_new0(struct worker, 1);

	worker->id = g_ref_string_new(beat->id);
	worker->beat = beat;
	worker->slot = slot_of(workers, beat);
	worker->group = worker_groups_join(workers->groups, beat->version, beat->vips, beat->test_hash);
	worker->slowness = 1;
	worker->here = strcmp(beat->machine, workers->machine) == 0;
	worker->rate.counted_us = clock_now_us();
	g_queue_init(&worker->leases);
	g_queue_init(&worker->late);
	if (worker->here)
		watch_process(workers, worker);
	g_ptr_array_add(workers->all, worker);
	log_debug("worker %s on %s, process %" G_GINT64_FORMAT, beat->id, beat->host, beat->pid);
	return worker;
}

/* Once a second: exponential mean over some seconds. */
static void measure_rate(struct worker *worker, gint64 now)
{
	double seconds = (double)(now - worker->rate.counted_us) / G_USEC_PER_SEC;

	if (seconds < 0.9)
		return;
	double rate = (double)(worker->tiles_done - worker->rate.counted) / seconds;
	worker->rate.tiles_per_s = worker->rate.tiles_per_s * 0.6 + rate * 0.4;
	if (worker->rate.tiles_per_s < 0.01)
		worker->rate.tiles_per_s = 0;
	worker->rate.counted = worker->tiles_done;
	worker->rate.counted_us = now;
}

/* Room for another: the first that is gone. False when all are alive. */
static bool forget_one(struct workers *workers)
{
	for (guint i = 0; i < workers->all->len; i++) {
		struct worker *worker = g_ptr_array_index(workers->all, i);
		if (worker->state == WORKER_GONE && g_queue_is_empty(&worker->leases)) {
			g_ptr_array_remove_index(workers->all, i);
			return true;
		}
	}
	return false;
}

void workers_stuck(struct worker *worker)
{
	g_free(worker->stuck.job);
	worker->stuck.job = g_strdup(worker->beat->job);
	worker->stuck.tile = worker->beat->tile;
	worker->stuck.attempt = worker->beat->attempt;
	worker->death.by_us = true;
}

static void unstick(struct worker *worker)
{
	if (!worker->stuck.job ||
		(strcmp(worker->stuck.job, worker->beat->job) == 0 && worker->stuck.tile == worker->beat->tile &&
			worker->stuck.attempt == worker->beat->attempt))
		return;
	g_clear_pointer(&worker->stuck.job, g_free);
	worker->death.by_us = false;
}

/* What it has to say of others. */
static void hear_endings(struct workers *workers, const struct heartbeat *beat)
{
	for (guint i = 0; i < beat->endings->len; i++)
		process_reported(workers, beat->machine, beat->endings->pdata[i]);
}

static void hear_idle(const struct workers *workers, struct worker *worker)
{
	const struct workers_events *events = &workers->events;
	struct idle_facts facts = {.idle = strcmp(worker->beat->state, "idle") == 0, .owes = worker->weight > 0};

	facts.awaits = worker_awaits(worker);
	if (facts.idle && facts.owes)
		facts.behind = worker->beat->lag > 0 || (events->unread && events->unread(events->user));
	idle_worker_heard(&worker->idle, &facts);
}

void workers_heard(struct workers *workers, struct heartbeat *beat)
{
	struct worker *worker = workers_find(workers, beat->id);
	gint64 now = clock_now_us();

	if (!worker && workers->all->len >= WORKERS_MOST && !forget_one(workers)) {
		heartbeat_free(beat);
		return;
	}
	if (!worker)
		worker = meet(workers, beat);
	else {
		heartbeat_free(worker->beat);
		worker->beat = beat;
	}
	if (worker->death.how || worker->death.noticed_us)
		return; /* a last message of a process that is known to be dead */
	unstick(worker);
	if (worker->beat->endings->len > 0)
		hear_endings(workers, worker->beat);
	worker->beat_us = now;
	if (beat->partitions->len > 0)
		worker->held_us = now;
	hear_idle(workers, worker);
	measure_rate(worker, now);
	if (strcmp(beat->state, "stopping") == 0)
		lost(workers, worker, false, "it was stopped");
	else {
		worker->state = WORKER_LIVE;
		worker->death.gone_wall_us = 0;
		workers->events.changed(worker, workers->events.user);
	}
}

void workers_tick(struct workers *workers, bool trust)
{
	gint64 now = clock_now_us(), gone = clock_hooked_us("DROPMILL_TEST_GONE_MS", WORKER_GONE_US);

	for (guint i = workers->all->len; i-- > 0;) {
		struct worker *worker = g_ptr_array_index(workers->all, i);
		gint64 silent = now - worker->beat_us;
		worker_slot_happens(worker->slot, BREAKER_TICKED, NULL, now);
		if (worker->state == WORKER_GONE) {
			if (silent > REMEMBER_US && g_queue_is_empty(&worker->leases)) {
				g_ptr_array_remove_index(workers->all, i);
				g_hash_table_foreach_remove(workers->slots, nobodys, NULL);
			}
			continue;
		}
		if (worker->death.noticed_us && now - worker->death.noticed_us > ENDING_US) {
			lost(workers, worker, true, "its process ended");
			continue;
		}
		if (!trust || worker->death.noticed_us)
			continue;
		if (silent > gone) {
			g_autofree char *how = g_strdup_printf("no heartbeat for %g s", (double)gone / G_USEC_PER_SEC);
			lost(workers, worker, false, how);
		} else if (silent > WORKER_LATE_US) {
			worker->state = WORKER_LATE;
		}
	}
}

void workers_forgive(struct workers *workers)
{
	gint64 now = clock_now_us();

	for (guint i = 0; i < workers->all->len; i++) {
		struct worker *worker = g_ptr_array_index(workers->all, i);
		if (worker->state != WORKER_GONE)
			worker->beat_us = now;
	}
}

void workers_child_ended(struct workers *workers, gint64 pid, const char *how, const char *task)
{
	const struct ending ending = {pid, (char *)how, (char *)task};

	process_reported(workers, workers->machine, &ending);
}
