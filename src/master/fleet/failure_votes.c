/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who failed what: see failure_votes.h. */
#include "master/fleet/failure_votes.h"

#include <string.h>

#include "base/clock.h"
#include "master/fleet/breaker.h"

static void failure_vote_free(struct failure_vote *vote)
{
	breaker_unref(vote->breaker);
	g_free(vote->machine);
	g_free(vote->reason);
	g_free(vote);
}

static bool is_fault(enum failure_kind kind)
{
	return kind != FAILURE_FULL && kind != FAILURE_LIMIT;
}

void failure_votes_add(
	struct job *job, guint tile, const struct worker *worker, enum failure_kind kind, const char *reason)
{
	struct failure_vote *vote = g_new0(struct failure_vote, 1);

	*vote = (struct failure_vote){
		tile, kind, breaker_ref(worker->breaker), g_strdup(worker->beat->machine), g_strdup(reason)};
	if (!job->failure_votes)
		job->failure_votes = g_ptr_array_new_with_free_func((GDestroyNotify)failure_vote_free);
	g_ptr_array_add(job->failure_votes, vote);
	if (is_fault(kind))
		breaker_failed(worker->breaker, reason, clock_now_us());
}

int failure_votes_suspicion(const struct job *job, guint tile, const struct worker *worker)
{
	int rank = 0;

	for (guint i = 0; job && job->failure_votes && i < job->failure_votes->len; i++) {
		const struct failure_vote *vote = job->failure_votes->pdata[i];
		if (vote->tile != tile)
			continue;
		if (vote->breaker == worker->breaker)
			return 2;
		if (vote->kind == FAILURE_DEATH && strcmp(vote->machine, worker->beat->machine) == 0)
			rank = 1;
	}
	return rank;
}

guint failure_votes_verdicts(const struct job *job, guint tile)
{
	g_autoptr(GHashTable) who = g_hash_table_new(NULL, NULL);

	for (guint i = 0; job->failure_votes && i < job->failure_votes->len; i++) {
		const struct failure_vote *vote = job->failure_votes->pdata[i];
		if (vote->tile == tile && (vote->kind == FAILURE_VERDICT || vote->kind == FAILURE_LIMIT) &&
			vote->breaker->state == BREAKER_CLOSED)
			g_hash_table_add(who, vote->breaker);
	}
	return g_hash_table_size(who);
}

void failure_votes_managed(struct job *job, guint tile, const struct worker *worker)
{
	breaker_succeeded(worker->breaker);
	for (guint i = job->failure_votes ? job->failure_votes->len : 0; i-- > 0;) {
		struct failure_vote *vote = job->failure_votes->pdata[i];
		if (vote->tile != tile)
			continue;
		if (vote->breaker != worker->breaker && is_fault(vote->kind))
			breaker_strike(vote->breaker, vote->reason, clock_now_us());
		g_ptr_array_remove_index_fast(job->failure_votes, i);
	}
}

void failure_votes_drop(struct job *job)
{
	for (guint i = 0; job->failure_votes && i < job->failure_votes->len; i++)
		breaker_absolve(((struct failure_vote *)job->failure_votes->pdata[i])->breaker);
	g_clear_pointer(&job->failure_votes, g_ptr_array_unref);
}
