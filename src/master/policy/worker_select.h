/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   which worker gets a task: one that may, its breaker closed, with room in its window, with the least to do. One that failed it before
 *            only when nobody else is there who could. The last tiles of a job go to whom they should be ready first at, by measured times.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Why a worker may not get a task; the first true one is reported. */
enum obstacle {
	OBSTACLE_GONE,
	OBSTACLE_LATE,
	OBSTACLE_STUCK,
	OBSTACLE_RETIRING,
	OBSTACLE_NO_PARTITION,
	OBSTACLE_TAKEN_OUT,
	OBSTACLE_OTHER_VIPS,
	OBSTACLE_NONE
};
/* As people read it when nobody may; static. NULL: OBSTACLE_NONE. */
const char *obstacle_text(enum obstacle obstacle);

struct wanted {
	int weight;
	gsize bytes;
	int window; /* of a worker, in weight */
	gsize window_bytes;
	int suspicion; /* of the least suspected worker */
	bool ends;     /* the job's last tiles: cost is time */
};

struct candidate {
	enum obstacle obstacle;
	int suspicion; /* see failure_votes.h */
	bool on_trial;
	int weight; /* of what it has to do */
	gsize bytes;
	gint64 cost; /* the least gets the task */
};

struct selection {
	int best; /* -1: none may, or the one that should has no room */
	gint64 best_cost, full_cost;
	bool trial; /* it is chosen, whoever follows */
};

#define SELECTION_NONE ((struct selection){-1, G_MAXINT64, G_MAXINT64, false})

/* One more worker, of this index. */
void selection_consider(
	struct selection *selection, const struct wanted *wanted, const struct candidate *candidate, int index);
/* -1: none. The last tiles are given to nobody when one that has no room would still be first. */
int selection_of(const struct selection *selection, const struct wanted *wanted);
/* It could be given a late worker's tile as well: it has nothing to do, is not on trial, has not got the tile and is not suspected. */
bool candidate_may_help(const struct candidate *candidate, bool has_it);
