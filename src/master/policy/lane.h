/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   in which lane a picture goes, whole to one worker or cut into tiles, and how large tiles may be.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct lane_facts {
	bool must_tile, never_cut;
	bool as_file;        /* its file was found to be faster than its pixels: see placement.h */
	int wished_px;       /* the edge of tiles that the user asked for; 0: none */
	guint jobs;          /* that are not finished, with this one */
	guint live, sharing; /* workers; those of them that share memory with the master */
	gint64 file_bytes;
};

struct lane_choice {
	bool asks_codec;     /* else a worker looks at the picture */
	gint64 tiled_pixels; /* the codec cuts pictures from this size on */
	gint64 huge_pixels;  /* a worker hands back pictures from this size on; 0: none */
	int tile_px;         /* the edge of a tile; at most largest_px with many tiles; 0: that one */
	int largest_px;
	bool spreads; /* a whole picture takes a thread for each idle neighbour of its worker */
};

struct lane_choice lane_choose(const struct lane_facts *facts);
