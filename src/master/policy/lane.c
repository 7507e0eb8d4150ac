/* SPDX-License-Identifier: GPL-2.0-or-later
 * Whole or in tiles: see lane.h. */
#include "master/policy/lane.h"

#include "definition/lanes.h"

struct lane_choice lane_choose(const struct lane_facts *facts)
{
	bool busy = facts->jobs > facts->live + 1;
	gint64 wished = facts->wished_px;

	return (struct lane_choice){
		.asks_codec = !facts->never_cut &&
			      (facts->must_tile || wished || (facts->file_bytes >= ASK_CODEC_BYTES && !busy)),
		.tiled_pixels = facts->must_tile ? 0
				: wished         ? wished * wished + 1
						 : TILED_PIXELS,
		.huge_pixels = facts->never_cut ? 0
			       : busy           ? TILED_PIXELS_BUSY
						: TILED_PIXELS,
		.tile_px = wished ? facts->wished_px : DEFAULT_TILE,
		/* Larger only where no pixels are sent. */
		.largest_px = !wished && facts->live > 0 && facts->sharing == facts->live ? LARGE_TILE : 0,
		/* A picture that comes alone is out sooner when the others' cores help; of many each has one of its own. */
		.spreads = facts->as_file || !busy,
	};
}
