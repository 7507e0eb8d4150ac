/* SPDX-License-Identifier: GPL-2.0-or-later
 * Whose fault is a failure: see failure_votes.h. */
#include "master/policy/failure_votes.h"

#include <string.h>

/* So many workers that say the same are believed. */
#define BELIEVED 2
/* A minute: this long the only verdict of a worker that was taken out is doubted. */
#define MOST_WAITS 6
/* A tile that failed by a mishap is tried this often in one run. */
#define MOST_ATTEMPTS 4

bool failure_is_fault(enum failure_kind kind)
{
	return kind != FAILURE_FULL && kind != FAILURE_LIMIT;
}

static bool is_verdict(enum failure_kind kind)
{
	return kind == FAILURE_VERDICT || kind == FAILURE_LIMIT;
}

int votes_suspicion(const GPtrArray *votes, guint tile, const struct breaker *breaker, const char *machine)
{
	int suspicion = 0;

	for (guint i = 0; votes && i < votes->len; i++) {
		const struct failure_vote *vote = votes->pdata[i];
		if (vote->tile != tile)
			continue;
		if (vote->breaker == breaker)
			return 2;
		if (vote->kind == FAILURE_DEATH && strcmp(vote->machine, machine) == 0)
			suspicion = 1;
	}
	return suspicion;
}

static bool counts(const struct failure_vote *vote, guint tile)
{
	return vote->tile == tile && is_verdict(vote->kind) && vote->breaker->state == BREAKER_CLOSED;
}

guint votes_verdicts(const GPtrArray *votes, guint tile)
{
	guint verdicts = 0;

	for (guint i = 0; votes && i < votes->len; i++) {
		const struct failure_vote *vote = votes->pdata[i];
		bool first = counts(vote, tile);
		for (guint k = 0; first && k < i; k++) {
			const struct failure_vote *before = votes->pdata[k];
			first = before->breaker != vote->breaker || !counts(before, tile);
		}
		verdicts += first;
	}
	return verdicts;
}

enum failure_answer failure_answer(const struct failure_facts *facts)
{
	bool believed = is_verdict(facts->kind) && facts->verdicts >= BELIEVED;

	if (!believed && facts->other_has_it)
		return ANSWER_WAIT;
	if (!believed && facts->elsewhere)
		return ANSWER_ELSEWHERE;
	if (is_verdict(facts->kind) && (believed || facts->trusted || facts->waits >= MOST_WAITS))
		return ANSWER_FAIL;
	return ANSWER_LATER;
}

enum failure_answer mishap_answer(bool other_has_it, guint attempts)
{
	return other_has_it ? ANSWER_WAIT : attempts >= MOST_ATTEMPTS ? ANSWER_START_OVER : ANSWER_AGAIN;
}
