/* SPDX-License-Identifier: GPL-2.0-or-later
 * When the tasks of an idle worker are lost: see idle_worker.h. */
#include "master/policy/idle_worker.h"

#define BEATS 3u
/* What is unread moves, or a partition has no leader: Kafka finds another in less. */
#define BEHIND_MOST 30
/* A new task starts the count again: more heartbeats than come between two tasks would never be reached. */
#define DOUBTS_MOST 2

void idle_worker_heard(struct idle_count *count, const struct idle_facts *facts)
{
	bool nothing_to_do = facts->idle && facts->owes && !facts->awaits;

	/* Those in between that are not behind do not end it: else neither number would be reached where both take turns. */
	count->behind = nothing_to_do ? count->behind + facts->behind : 0;
	count->beats = nothing_to_do && !facts->behind ? count->beats + 1 : 0;
}

void idle_worker_stirs(struct idle_count *count)
{
	count->beats = count->behind = 0;
}

bool idle_worker_lost(const struct idle_count *count)
{
	return count->beats >= BEATS << count->doubts || count->behind >= BEHIND_MOST;
}

void idle_worker_resent(struct idle_count *count)
{
	/* The last ones were lost indeed. */
	if (count->resent && !count->in_vain)
		count->doubts = 0;
	count->resent = true;
	count->in_vain = false;
	idle_worker_stirs(count);
}

void idle_worker_answered_late(struct idle_count *count)
{
	if (!count->resent || count->in_vain)
		return;
	count->in_vain = true;
	count->doubts = MIN(count->doubts + 1, DOUBTS_MOST);
}
