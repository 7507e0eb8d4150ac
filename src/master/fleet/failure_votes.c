/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who failed what: see failure_votes.h. */
#include "master/fleet/failure_votes.h"

#include "base/clock.h"
#include "master/fleet/worker_slot.h"

/* The policy sees the vote alone. */
struct cast_vote {
	struct failure_vote vote;
	struct worker_slot *slot;
	char *reason;
};

static void cast_vote_free(struct cast_vote *cast)
{
	worker_slot_unref(cast->slot);
	g_free(cast->vote.machine);
	g_free(cast->reason);
	g_free(cast);
}

void failure_votes_add(
	struct job *job, guint tile, const struct worker *worker, enum failure_kind kind, const char *reason)
{
	struct cast_vote *cast = g_new(struct cast_vote, 1);

	*cast = (struct cast_vote){{tile, kind, &worker->slot->breaker, g_strdup(worker->beat->machine)},
		worker_slot_ref(worker->slot), g_strdup(reason)};
	if (!job->work.failure_votes)
		job->work.failure_votes = g_ptr_array_new_with_free_func((GDestroyNotify)cast_vote_free);
	g_ptr_array_add(job->work.failure_votes, cast);
	if (failure_is_fault(kind))
		worker_slot_happens(worker->slot, BREAKER_FAILED, reason, clock_now_us());
}

int failure_votes_suspicion(const struct job *job, guint tile, const struct worker *worker)
{
	return job ? votes_suspicion(job->work.failure_votes, tile, &worker->slot->breaker, worker->beat->machine) : 0;
}

void failure_votes_managed(struct job *job, guint tile, const struct worker *worker)
{
	gint64 now = clock_now_us();

	worker_slot_happens(worker->slot, BREAKER_SUCCEEDED, NULL, now);
	for (guint i = job->work.failure_votes ? job->work.failure_votes->len : 0; i-- > 0;) {
		const struct cast_vote *cast = job->work.failure_votes->pdata[i];
		if (cast->vote.tile != tile)
			continue;
		if (cast->slot != worker->slot && failure_is_fault(cast->vote.kind))
			worker_slot_happens(cast->slot, BREAKER_STRIKE, cast->reason, now);
		g_ptr_array_remove_index_fast(job->work.failure_votes, i);
	}
}

void failure_votes_drop(struct job *job)
{
	for (guint i = 0; job->work.failure_votes && i < job->work.failure_votes->len; i++)
		worker_slot_happens(((struct cast_vote *)job->work.failure_votes->pdata[i])->slot, BREAKER_ABSOLVED,
			NULL, clock_now_us());
	g_clear_pointer(&job->work.failure_votes, g_ptr_array_unref);
}
