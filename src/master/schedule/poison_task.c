/* SPDX-License-Identifier: GPL-2.0-or-later
 * Whose doing was it: tasks that kill their workers, hang, or make their codec hang: see poison_task.h.
 *
 * A task is suspected when it was in hand as its worker died: its supervisor reads that in its journal, and tells, from another machine
 * with the heartbeat of the successor. Of a worker without a supervisor, the lease table tells what was begun, or the last heartbeat, or the
 * order in which tasks were given out. What only waited in that worker's hands is given to others and blamed for nothing. */
#include "master/schedule/poison_task.h"

#include <string.h>

#include "base/clock.h"
#include "base/journal.h"
#include "base/log.h"
#include "base/process.h"
#include "master/fleet/failure_votes.h"
#include "master/schedule/dispatch.h"
#include "master/schedule/schedule_private.h"

/* A worker elsewhere that fell silent may be well: only so many times as often as by deaths is a task failed by silence. */
#define SILENCES_A_DEATH 3

/* What the last heartbeat named, when it is not answered yet. */
static const struct lease *named_by_heartbeat(const struct worker *worker)
{
	for (GList *link = worker->leases.head; link; link = link->next) {
		const struct lease *lease = link->data;
		if ((gint32)lease->tile == worker->beat->tile && strcmp(lease->job->id, worker->beat->job) == 0 &&
			lease->attempt == (guint)worker->beat->attempt)
			return lease;
	}
	return NULL;
}

/* What its journal says; NULL: nothing, or it is over by now. */
static const struct lease *named_by_journal(const struct worker *worker)
{
	char name[JOURNAL_TASK_BYTES];

	for (GList *link = worker->leases.head; link; link = link->next) {
		const struct lease *lease = link->data;
		journal_name(name, lease->job->id, lease->job->course.run, (int)lease->tile, (int)lease->attempt);
		if (strcmp(name, worker->last_task) == 0)
			return lease;
	}
	return NULL;
}

/* The last one that was begun: those before it are finished, only their results may have been lost. */
static const struct lease *last_taken(const struct worker *worker)
{
	for (GList *link = worker->leases.tail; link; link = link->prev) {
		const struct lease *lease = link->data;
		const struct job *job = lease->job;
		if (lease->begun || (job->segment && lease->plane == PLANE_SHM &&
					    segment_taken(job->segment, lease->tile, job->course.run, lease->attempt)))
			return lease;
	}
	return NULL;
}

/* The task that this worker had in hand; NULL: it may have had none. */
static const struct lease *in_hand(const struct worker *worker)
{
	const struct lease *lease = worker->last_task ? named_by_journal(worker) : last_taken(worker);

	if (lease || worker->last_task)
		return lease;
	lease = named_by_heartbeat(worker);
	if (lease)
		return lease;
	/* The first in the order, unless that is one that others have answered meanwhile: such a task is nobody's fault. */
	lease = g_queue_peek_head((GQueue *)&worker->leases);
	for (GList *link = worker->late.head; lease && link; link = link->next)
		if (((const struct late *)link->data)->sent_us <= lease->sent_us)
			return NULL;
	return lease;
}

static void fail_overtime(struct master *master, struct job *job, guint tile)
{
	g_autofree char *reason =
		g_strdup_printf("took longer than %g s (limits: seconds)", job->pipeline->limits.seconds);

	dispatch_dead_letter(&master->link, job, tile, reason);
	job_bad(master, job, SHOWN_LIMIT, reason);
}

/* "SIGSEGV", "exit status 1", "no heartbeat for 10 s" */
static const char *end_of(const struct worker *worker)
{
	static const char killed[] = "killed by ";
	const char *end = worker->end ? worker->end : "no heartbeat for 10 s";

	return g_str_has_prefix(end, killed) ? end + strlen(killed) : end;
}

void poison_task_worker_gone(struct master *master, struct worker *worker, bool dead)
{
	static const char overtime[] = "exit status " G_STRINGIFY(PROCESS_OVERTIME);
	const struct lease *lease = worker->ended_by_us ? NULL : in_hand(worker);

	if (!lease || strcmp(worker->beat->state, "stopping") == 0 || g_strcmp0(worker->end, "exit status 0") == 0)
		return;
	struct job *job = lease->job;
	guint index = lease->tile;
	struct poison_count *poison = &job->tiles[index].poison;
	GQuark how = g_quark_from_string(end_of(worker));

	if (dead && g_strcmp0(worker->end, overtime) == 0) {
		fail_overtime(master, job, index);
		return;
	}
	poison->deaths += dead;
	poison->silences += !dead;
	poison->differ |= poison->how && poison->how != how;
	poison->how = how;
	if (dead)
		failure_votes_add(job, index, worker, FAILURE_DEATH, worker->end);
	if (poison->deaths < job->pipeline->attempts &&
		poison->deaths + poison->silences < job->pipeline->attempts * SILENCES_A_DEATH)
		return;
	guint count = poison->deaths + poison->silences;
	g_autofree char *reason = g_strdup_printf("killed %u worker%s (%s%s)", count, count == 1 ? "" : "s",
		poison->differ ? "the last one: " : "", g_quark_to_string(how));
	dispatch_dead_letter(&master->link, job, index, reason);
	job_bad(master, job, SHOWN_CRASH, reason);
}

/* Its other tasks go to others at once: they wait behind one that never ends. Those that cannot be taken from it stay until it is dead. */
static void take_others_back(struct master *master, struct worker *worker)
{
	guint count = g_queue_get_length(&worker->leases);

	for (; count > 0 && !g_queue_is_empty(&worker->leases); count--) {
		struct lease *lease = g_queue_peek_head(&worker->leases);
		if (dispatch_fenced(lease))
			dispatch_take_back(master, lease, "its worker hangs on another task");
		else
			g_queue_push_tail(&worker->leases, g_queue_pop_head(&worker->leases));
	}
}

static void replace_stuck(struct fleet *fleet, struct worker *worker)
{
	workers_stuck(worker);
	if (fleet->supervisor)
		supervisor_kill(fleet->supervisor, worker->beat->pid);
}

/* A task in hand for longer than its pipeline allows: its job fails, and its worker is replaced: killed here; one elsewhere ends itself, or
 * gets nothing more as long as it says that it is still on it. */
static void stop_hanging(struct master *master, struct worker *worker)
{
	const struct lease *lease = named_by_heartbeat(worker);
	struct job *job = lease ? lease->job : NULL;

	if (!job || (double)worker->beat->busy_us <= job->pipeline->limits.seconds * G_USEC_PER_SEC)
		return;
	const struct tile *tile = &job->tiles[lease->tile];
	const struct lease *other = tile->extra == lease ? tile->lease : tile->extra;
	replace_stuck(&master->fleet, worker);
	/* It hangs there, too, or will. */
	if (other && named_by_heartbeat(other->worker) == other)
		replace_stuck(&master->fleet, other->worker);
	fail_overtime(master, job, lease->tile);
	take_others_back(master, worker);
}

/* Nothing of this job is in anybody's hands but its codec's. */
static bool codec_owes(const struct job *job)
{
	return job->codec && !phase_commits(job->course.phase) && job->leased == 0 && job->held == 0 &&
	       g_queue_is_empty((GQueue *)&job->ready);
}

static void stop_hanging_codec(struct master *master, struct job *job)
{
	double seconds = (double)(clock_now_us() - job->codec_us) / G_USEC_PER_SEC;

	if (!codec_owes(job) || seconds <= job->pipeline->limits.seconds)
		return;
	g_autofree char *reason = g_strdup_printf("its codec took longer than %g s for %s (limits: seconds)",
		job->pipeline->limits.seconds, job->tiles ? "its next rows" : "the header and the plan");
	job_bad(master, job, SHOWN_LIMIT, reason);
}

void poison_task_tick(struct master *master)
{
	GPtrArray *all = workers_all(master->fleet.workers);

	for (guint i = 0; i < all->len; i++) {
		struct worker *worker = g_ptr_array_index(all, i);
		if (worker->state != WORKER_GONE)
			stop_hanging(master, worker);
	}
	for (guint i = 0; i < master->queue.running->len; i++)
		stop_hanging_codec(master, g_ptr_array_index(master->queue.running, i));
}
