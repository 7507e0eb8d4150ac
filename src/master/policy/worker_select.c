/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who gets a task: see worker_select.h. */
#include "master/policy/worker_select.h"

#define NOBODY "no worker takes tasks: the newest one "

const char *obstacle_text(enum obstacle obstacle)
{
	static const char *const texts[] = {
		[OBSTACLE_GONE] = "no worker is running",
		[OBSTACLE_LATE] = NOBODY "is late with its heartbeat",
		[OBSTACLE_OTHER_VIPS] = NOBODY "has another libvips than those that this picture may go to",
		[OBSTACLE_STUCK] = NOBODY "hangs on an earlier task",
		[OBSTACLE_RETIRING] = NOBODY "is ending",
		[OBSTACLE_NO_PARTITION] = NOBODY "has no partition of the topic yet",
		[OBSTACLE_TAKEN_OUT] = NOBODY "is taken out for a while, because it failed what others managed",
		[OBSTACLE_NONE] = NULL,
	};

	return texts[obstacle];
}

/* One that has nothing to do may have one task, however large. */
static bool has_room(const struct candidate *candidate, const struct wanted *wanted)
{
	return candidate->weight == 0 || (candidate->weight + wanted->weight <= wanted->window &&
						 candidate->bytes + wanted->bytes <= wanted->window_bytes);
}

void selection_consider(
	struct selection *selection, const struct wanted *wanted, const struct candidate *candidate, int index)
{
	if (selection->trial || candidate->obstacle != OBSTACLE_NONE || candidate->suspicion > wanted->suspicion ||
		(candidate->on_trial && candidate->weight > 0))
		return;
	/* A trial comes first, or it would never come to a worker that the others leave nothing for. */
	selection->trial = candidate->on_trial;
	if (!has_room(candidate, wanted))
		selection->full_cost = MIN(selection->full_cost, candidate->cost);
	else if (candidate->on_trial || candidate->cost < selection->best_cost) {
		selection->best = index;
		selection->best_cost = candidate->cost;
	}
}

int selection_of(const struct selection *selection, const struct wanted *wanted)
{
	if (wanted->ends && !selection->trial && selection->full_cost < selection->best_cost)
		return -1;
	return selection->best;
}

bool candidate_may_help(const struct candidate *candidate, bool has_it)
{
	return candidate->obstacle == OBSTACLE_NONE && candidate->weight == 0 && !candidate->on_trial &&
	       candidate->suspicion == 0 && !has_it;
}
