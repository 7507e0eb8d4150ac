/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   speculative execution: a tile that is late at its worker is given to an idle one as well. Late is what was measured of its like
 *            (tile_timing.h), and by how much its worker has before it.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct speculative_facts {
	bool barred;      /* two have it already, its job is not tiled or pauses, or this helper may not have it */
	bool fresh;       /* its worker has not begun with it, and it can be taken away */
	gint64 usual_us;  /* its like takes; 0: not known */
	gint64 late_us;   /* its like is late after this */
	gint64 until_us;  /* its worker should answer it in so long */
	gint64 helper_us; /* the helper would take */
};

struct speculative_choice {
	gint64 until_us; /* of the tile that would keep its job waiting longest; 0: none is late */
	gint64 due_us;   /* one will be late in this time at the earliest, as things are; G_MAXINT64: never */
};

#define SPECULATIVE_NOTHING ((struct speculative_choice){0, G_MAXINT64})

/* Compares one more tile. True: of the tiles so far, the helper should get this one. */
bool speculative_consider(struct speculative_choice *choice, const struct speculative_facts *facts);
