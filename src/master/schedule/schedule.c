/* SPDX-License-Identifier: GPL-2.0-or-later
 * The top of the room: what was posted, and what workers, the broker and the clock bring: see schedule.h. */
#include "master/schedule/schedule.h"

#include <string.h>

#include "base/log.h"
#include "bus/reader.h"
#include "master/fleet/lease.h"
#include "master/fleet/worker_select.h"
#include "master/report/view.h"
#include "master/schedule/dispatch.h"
#include "master/schedule/job_start.h"
#include "master/schedule/poison_task.h"
#include "master/schedule/reissue.h"
#include "master/schedule/retry_task.h"
#include "master/schedule/run_effects.h"
#include "master/state/state.h"

#define UNANSWERED "it was sent and never answered: its message, or the answer's, was lost on the way"

static bool is_wanted(const struct job_events *events)
{
	return events->wanted || events->posted.length > 0;
}

/* Workers that differ: see policy/mixed_fleet.h. */
static void start_lost_again(struct master *master)
{
	const struct worker_groups *groups = workers_groups(master->fleet.workers);

	workers_regroup(master->fleet.workers);
	for (guint i = 0; i < master->queue.running->len; i++) {
		const struct job *job = g_ptr_array_index(master->queue.running, i);
		if (job->course.phase == PHASE_RUNNING && job->plan.group && job->work.done < job->work.tile_count &&
			job->work.leased == 0 && worker_groups_lost(groups, job->plan.group))
			job_trouble(
				job, "no worker is left that computes as those that began with it: it starts again");
	}
}

void schedule_run(struct master *master)
{
	do {
		master->events.wanted = false;
		start_lost_again(master);
		run_effects(master);
		while (jobs_start_next(master))
			run_effects(master);
		dispatch(master);
	} while (is_wanted(&master->events));
}

/* Ready whenever something was posted, so that whoever posts need not know who runs it. */
struct schedule_source {
	GSource source;
	struct master *master;
};

static gboolean source_ready(GSource *source)
{
	return is_wanted(&((struct schedule_source *)source)->master->events);
}

static gboolean source_prepare(GSource *source, gint *timeout_ms)
{
	*timeout_ms = -1;
	return source_ready(source);
}

static gboolean source_run(GSource *source, GSourceFunc unused, gpointer user)
{
	(void)unused;
	(void)user;
	schedule_run(((struct schedule_source *)source)->master);
	return G_SOURCE_CONTINUE;
}

void schedule_attach(struct master *master)
{
	static GSourceFuncs functions = {source_prepare, source_ready, source_run, NULL, NULL, NULL};
	struct schedule_source *source = (struct schedule_source *)g_source_new(&functions, sizeof *source);

	source->master = master;
	g_source_set_priority(&source->source, G_PRIORITY_HIGH);
	g_source_attach(&source->source, NULL);
	g_source_unref(&source->source);
}

/* Each job that the worker worked for gets one line in its story, also one whose tile another worker has by now. */
static void tell_lost(struct queue *queue, struct worker *worker, const char *why)
{
	g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);

	for (GList *link = worker->leases.head; link; link = link->next) {
		const struct lease *lease = link->data;
		if (g_hash_table_add(told, lease->job))
			job_note(lease->job, TIMELINE_WORKER_LOST, (int)lease->tile, worker->id, "%s", why);
	}
	for (GList *link = worker->late.head; link; link = link->next) {
		const struct late *late = link->data;
		struct job *job = queue_find_run(queue, late->job, late->serial);
		if (job && g_hash_table_add(told, job))
			job_note(job, TIMELINE_WORKER_LOST, (int)late->tile, worker->id, "%s", why);
	}
}

void schedule_worker_gone(struct worker *worker, bool dead, void *user)
{
	struct master *master = user;
	bool stopping = strcmp(worker->beat->state, "stopping") == 0;
	g_autofree char *why = g_strdup_printf("worker %s is gone (%s)", worker->id,
		worker->death.how ? worker->death.how
		: stopping        ? "it was stopped"
				  : "no heartbeat");

	/* A child of ours that is silent is killed; its death comes back here and frees its leases for certain. */
	if (!dead && !stopping && worker->here && master->fleet.supervisor &&
		supervisor_kill(master->fleet.supervisor, worker->beat->pid)) {
		if (!worker->death.how)
			worker->death.how = g_strdup("no heartbeat for 10 s");
		return;
	}
	poison_task_worker_gone(master, worker, dead);
	run_effects(master); /* the run of what it is suspected for is over, and so are its leases */
	tell_lost(&master->queue, worker, why);
	for (guint count = worker->leases.length; count && !g_queue_is_empty(&worker->leases); count--) {
		struct lease *lease = g_queue_peek_head(&worker->leases);
		if (!dead && !lease_fenced(lease))
			job_broken(lease->job, SILENT_HOLDER);
		else
			task_take_back(lease, why);
		run_effects(master);
	}
	reissue_worker_gone(master, worker, dead);
	view_changed(&master->report);
	schedule_run(master);
}

void schedule_worker_changed(struct worker *worker, void *user)
{
	struct master *master = user;

	(void)worker;
	view_changed(&master->report);
	schedule_run(master);
}

void schedule_broker_changed(bool back, void *user)
{
	struct master *master = user;

	if (back) {
		workers_forgive(master->fleet.workers);
		schedule_run(master);
	}
	view_changed(&master->report);
}

bool schedule_results_unread(void *user)
{
	struct bus_reader *results = ((struct master *)user)->link.results;

	return results && bus_reader_lag(results, -1) > 0;
}

/* The message of a task, or of its result, was lost: the worker says that it has nothing to do. */
static void recover_lost(struct master *master, struct worker *worker)
{
	guint count = g_queue_get_length(&worker->leases);

	if (count)
		log_warning("worker %s is idle, but %u of its tasks are unanswered: they are sent again", worker->id,
			count);
	idle_worker_resent(&worker->idle);
	for (; count && !g_queue_is_empty(&worker->leases); count--) {
		task_lost(g_queue_peek_head(&worker->leases), UNANSWERED);
		run_effects(master);
	}
	reissue_forget(&master->queue, worker);
}

/* It runs, and neither a worker nor a codec has any of it, nor will: nobody would end this. */
static bool is_forgotten(const struct job *job)
{
	return job->course.phase == PHASE_RUNNING && !job->codec && job->work.leased == 0 &&
	       g_queue_is_empty((GQueue *)&job->work.ready);
}

void schedule_tick(struct master *master)
{
	GPtrArray *all = workers_all(master->fleet.workers);

	run_effects(master);
	for (guint i = 0; i < all->len; i++) {
		struct worker *worker = g_ptr_array_index(all, i);
		if (worker->state == WORKER_GONE)
			continue;
		if (poison_task_stop(master, worker)) {
			run_effects(master); /* the run of what it hangs on is over, and so is its lease */
			task_take_others_back(worker);
			run_effects(master);
		}
		if (idle_worker_lost(&worker->idle))
			recover_lost(master, worker);
	}
	for (guint i = 0; i < master->queue.running->len; i++) {
		const struct job *job = g_ptr_array_index(master->queue.running, i);
		poison_task_stop_codec(job);
		if (is_forgotten(job))
			job_broken(job, "no worker had its task any more");
	}
	schedule_run(master);
}
