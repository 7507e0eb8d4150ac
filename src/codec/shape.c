/* SPDX-License-Identifier: GPL-2.0-or-later
 * How high bands of tiles are: see shape.h. */
#include "codec/shape.h"

#include <math.h>

#include "image/chain/tile_dependencies.h"

/* With so many the last ones, for which some workers wait, are a few hundredths of the time. */
#define TILES_A_WORKER 32
#define EDGE_STEP 128
#define LEAST_ROWS 64
/* A margin that is computed for each band again costs at most a quarter more. */
#define MARGINS 4
#define PROBE 64 /* px */

int shape_edge(gint64 pixels, int edge, int most, int workers)
{
	int large = (int)sqrt((double)pixels / (TILES_A_WORKER * VIPS_MAX(1, workers)));

	return VIPS_MAX(edge, VIPS_MIN(large, most) / EDGE_STEP * EDGE_STEP);
}

gsize shape_stride(const VipsImage *image)
{
	return VIPS_ROUND_UP(VIPS_IMAGE_SIZEOF_LINE(image), 64);
}

/* Rows above and below, together, that a tile in the picture's midst needs beyond its own; in the output's rows. */
static int margin(const struct plan *plan, struct tilesource *recorder, VipsImage *recorded)
{
	VipsRect whole = {0, 0, recorded->Xsize, recorded->Ysize},
		 probe = {recorded->Xsize / 2, recorded->Ysize / 2, PROBE, PROBE}, box = {0, 0, 0, 0};
	double scale = (double)plan->source->Ysize / recorded->Ysize;

	vips_rect_intersectrect(&probe, &whole, &probe);
	if (!tile_dependencies_exactly(recorder, recorded, &probe, &box))
		return 0;
	return (int)VIPS_MAX(0, box.height / scale - probe.height);
}

int shape_most_rows(
	const struct plan *plan, int outputs, gint64 budget, int edge, struct tilesource *recorder, VipsImage *recorded)
{
	gint64 result = budget / 3 / outputs / (gint64)shape_stride(recorded) / RING_BANDS;
	gint64 source = budget * 2 / 3 / (gint64)shape_stride(plan->source) / RING_BANDS * recorded->Ysize /
			plan->source->Ysize;
	gint64 rows = VIPS_MIN(result, source);

	if (rows >= edge)
		return edge;
	int least = VIPS_ROUND_UP(MARGINS * margin(plan, recorder, recorded), LEAST_ROWS);
	return (int)VIPS_MIN(edge, VIPS_MAX(rows, VIPS_MAX(least, LEAST_ROWS)));
}
