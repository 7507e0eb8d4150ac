/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   which tile a worker with nothing to do should be given although another has it: one that is late there, by what was measured
 *            of its like (tile_timing.h) and by how much its worker has before it. The decision alone; schedule/reissue.h acts on it.
 * Thread:    the master's loop. Ownership: none.
 */
#ifndef DROPMILL_MASTER_FLEET_SPECULATIVE_H
#define DROPMILL_MASTER_FLEET_SPECULATIVE_H

#include "master/fleet/workers.h"

struct speculative_task {
	struct lease *lease; /* the one that would keep its job waiting longest; NULL: none is late */
	gint64 until_us;     /* it should be answered in so long */
	gint64 since_us;     /* its worker has not answered anything for so long */
	gint64 usual_us;     /* its like takes */
	bool fresh; /* its worker has not begun with it, so far as is known: through shared memory it could be taken away */
	gint64 due_us; /* none is late: one will be in this time at the earliest; G_MAXINT64: never, as things are */
};

/* For this worker: never a tile that it has itself, that it failed, that two have already, or of a job that is not tiled. */
struct speculative_task speculative_find(struct workers *workers, const struct worker *helper, gint64 now_us);
/* The fastest that has nothing to do and is not among those that were tried; NULL: nobody. */
struct worker *speculative_helper(struct workers *workers, const GPtrArray *tried);

#endif
