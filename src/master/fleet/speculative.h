/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   finds tiles that are late at their worker, and who could help: gathers what policy/speculative.h decides on. schedule/reissue.h acts.
 * Thread:    the master's loop. Ownership: none.
 */
#pragma once

#include "master/fleet/workers.h"
#include "master/policy/speculative.h"

struct speculative_task {
	struct lease *lease; /* NULL: none is late */
	struct speculative_facts facts;
	struct speculative_choice choice;
};

/* For this worker: never a tile that it has itself, that it failed, that two have already, or of a job that is not tiled. */
struct speculative_task speculative_find(struct workers *workers, const struct worker *helper, gint64 now_us);
/* The fastest that has nothing to do and is not among those that were tried; NULL: nobody. */
struct worker *speculative_helper(struct workers *workers, const GPtrArray *tried);
