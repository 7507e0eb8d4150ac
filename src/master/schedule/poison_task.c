/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tasks that kill their workers, hang, or make their codec hang: see poison_task.h. */
#include "master/schedule/poison_task.h"

#include <string.h>

#include "base/clock.h"
#include "base/process.h"
#include "bus/protocol/heartbeat.h"
#include "bus/protocol/journal.h"
#include "master/fleet/failure_votes.h"
#include "master/fleet/lease.h"
#include "master/schedule/retry_task.h"
#include "master/state/state.h"

/* What the last heartbeat names. */
static bool in_heartbeat(const struct lease *lease)
{
	const struct heartbeat *beat = lease->worker->beat;

	return (gint32)lease->tile == beat->tile && strcmp(lease->job->id, beat->job) == 0 &&
	       lease->attempt == (guint)beat->attempt;
}

static bool in_journal(const struct lease *lease)
{
	char name[JOURNAL_TASK_BYTES];

	journal_name(name, lease->job->id, lease->job->course.run, (int)lease->tile, (int)lease->attempt);
	return g_strcmp0(name, lease->worker->death.task) == 0;
}

/* The task that this worker had in hand; NULL: it may have had none. */
static const struct lease *in_hand(const struct worker *worker)
{
	g_autofree struct held_task *tasks = g_new(struct held_task, worker->leases.length);
	gint64 late_us = G_MAXINT64;
	guint count = 0;

	for (GList *link = worker->leases.head; link; link = link->next) {
		const struct lease *lease = link->data;
		tasks[count++] =
			(struct held_task){in_journal(lease), in_heartbeat(lease), lease_begun(lease), lease->sent_us};
	}
	for (GList *link = worker->late.head; link; link = link->next)
		late_us = MIN(late_us, ((const struct late *)link->data)->sent_us);
	int index = poison_task_in_hand(tasks, count, worker->death.task != NULL, late_us);
	return index < 0 ? NULL : g_queue_peek_nth((GQueue *)&worker->leases, (guint)index);
}

static void fail_overtime(struct master *master, const struct job *job, guint tile)
{
	g_autofree char *reason =
		g_strdup_printf("took longer than %g s (limits: seconds)", job->pipeline->limits.seconds);

	task_dead_letter(&master->link, job, tile, reason);
	job_bad(job, SHOWN_LIMIT, reason);
}

static struct worker_end how_it_ended(const struct worker *worker, bool dead)
{
	const char *how = worker->death.how ? worker->death.how : "no heartbeat for 10 s";

	return (struct worker_end){
		.dead = dead,
		.in_order = worker->death.by_us || strcmp(worker->beat->state, "stopping") == 0 ||
			    worker->death.end == PROCESS_ENDED_WELL,
		.overtime = worker->death.end == PROCESS_ENDED_OVERTIME,
		.how = g_quark_from_string(process_status_short(how)),
	};
}

void poison_task_worker_gone(struct master *master, struct worker *worker, bool dead)
{
	const struct lease *lease = in_hand(worker);

	if (!lease)
		return;
	struct job *job = lease->job;
	guint index = lease->tile;
	struct poison_count *poison = &job->work.tiles[index].poison;
	const struct worker_end end = how_it_ended(worker, dead);
	enum poison_verdict verdict = poison_task_worker_ended(poison, &end, job->pipeline->attempts);

	if (verdict == POISON_INNOCENT)
		return;
	if (verdict == POISON_OVERTIME) {
		fail_overtime(master, job, index);
		return;
	}
	if (dead)
		failure_votes_add(job, index, worker, FAILURE_DEATH, worker->death.how);
	if (verdict == POISON_SUSPECTED)
		return;
	guint count = poison->deaths + poison->silences;
	g_autofree char *reason = g_strdup_printf("killed %u worker%s (%s%s)", count, count == 1 ? "" : "s",
		poison->differ ? "the last one: " : "", g_quark_to_string(end.how));
	task_dead_letter(&master->link, job, index, reason);
	job_bad(job, SHOWN_CRASH, reason);
}

static void replace_stuck(struct fleet *fleet, struct worker *worker)
{
	workers_stuck(worker);
	if (fleet->supervisor)
		supervisor_kill(fleet->supervisor, worker->beat->pid);
}

/* Killed here; one elsewhere ends itself, or gets nothing more as long as it says that it is still on it. */
bool poison_task_stop(struct master *master, struct worker *worker)
{
	const struct lease *lease = NULL;

	for (GList *link = worker->leases.head; link && !lease; link = link->next)
		lease = in_heartbeat(link->data) ? link->data : NULL;
	const struct job *job = lease ? lease->job : NULL;
	if (!job || !poison_task_hangs(worker->beat->busy_us, job->pipeline->limits.seconds))
		return false;
	const struct tile *tile = &job->work.tiles[lease->tile];
	const struct lease *other = tile->extra == lease ? tile->lease : tile->extra;
	replace_stuck(&master->fleet, worker);
	/* It hangs there, too, or will. */
	if (other && in_heartbeat(other))
		replace_stuck(&master->fleet, other->worker);
	fail_overtime(master, job, lease->tile);
	return true;
}

/* Nothing of this job is in anybody's hands but its codec's. */
static bool codec_owes(const struct job *job)
{
	return job->codec && !phase_commits(job->course.phase) && job->work.leased == 0 && job->work.held == 0 &&
	       g_queue_is_empty((GQueue *)&job->work.ready);
}

void poison_task_stop_codec(const struct job *job)
{
	if (!codec_owes(job) || !poison_task_hangs(clock_now_us() - job->times.codec_us, job->pipeline->limits.seconds))
		return;
	g_autofree char *reason = g_strdup_printf("its codec took longer than %g s for %s (limits: seconds)",
		job->pipeline->limits.seconds, job->work.tiles ? "its next rows" : "the header and the plan");
	job_bad(job, SHOWN_LIMIT, reason);
}
