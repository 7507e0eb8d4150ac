/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who failed what: see failure_votes.h. */
#include "master/fleet/failure_votes.h"

#include <string.h>

#include "base/clock.h"
#include "master/fleet/breaker.h"

static void accusation_free(struct accusation *accusation)
{
	breaker_unref(accusation->breaker);
	g_free(accusation->machine);
	g_free(accusation->reason);
	g_free(accusation);
}

static bool is_fault(enum accuse_kind kind)
{
	return kind != ACCUSE_FULL && kind != ACCUSE_LIMIT;
}

void accuse(struct job *job, guint tile, const struct worker *worker, enum accuse_kind kind, const char *reason)
{
	struct accusation *accusation = g_new0(struct accusation, 1);

	*accusation = (struct accusation){
		tile, kind, breaker_ref(worker->breaker), g_strdup(worker->beat->machine), g_strdup(reason)};
	if (!job->accusations)
		job->accusations = g_ptr_array_new_with_free_func((GDestroyNotify)accusation_free);
	g_ptr_array_add(job->accusations, accusation);
	if (is_fault(kind))
		breaker_failed(worker->breaker, reason, clock_now_us());
}

int accuse_rank(const struct job *job, guint tile, const struct worker *worker)
{
	int rank = 0;

	for (guint i = 0; job && job->accusations && i < job->accusations->len; i++) {
		const struct accusation *accusation = job->accusations->pdata[i];
		if (accusation->tile != tile)
			continue;
		if (accusation->breaker == worker->breaker)
			return 2;
		if (accusation->kind == ACCUSE_DEATH && strcmp(accusation->machine, worker->beat->machine) == 0)
			rank = 1;
	}
	return rank;
}

guint accuse_verdicts(const struct job *job, guint tile)
{
	g_autoptr(GHashTable) who = g_hash_table_new(NULL, NULL);

	for (guint i = 0; job->accusations && i < job->accusations->len; i++) {
		const struct accusation *accusation = job->accusations->pdata[i];
		if (accusation->tile == tile &&
			(accusation->kind == ACCUSE_VERDICT || accusation->kind == ACCUSE_LIMIT) &&
			accusation->breaker->state == BREAKER_CLOSED)
			g_hash_table_add(who, accusation->breaker);
	}
	return g_hash_table_size(who);
}

void accuse_managed(struct job *job, guint tile, const struct worker *worker)
{
	breaker_succeeded(worker->breaker);
	for (guint i = job->accusations ? job->accusations->len : 0; i-- > 0;) {
		struct accusation *accusation = job->accusations->pdata[i];
		if (accusation->tile != tile)
			continue;
		if (accusation->breaker != worker->breaker && is_fault(accusation->kind))
			breaker_strike(accusation->breaker, accusation->reason, clock_now_us());
		g_ptr_array_remove_index_fast(job->accusations, i);
	}
}

void accuse_absolve(struct job *job)
{
	for (guint i = 0; job->accusations && i < job->accusations->len; i++)
		breaker_absolve(((struct accusation *)job->accusations->pdata[i])->breaker);
	g_clear_pointer(&job->accusations, g_ptr_array_unref);
}
