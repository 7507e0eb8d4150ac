/* SPDX-License-Identifier: GPL-2.0-or-later
 * Rank filters: the pixel at a place in the sorted window. libvips' own may be off by one, see QUIRK_RANK_OF_8_BITS. It also refuses windows larger than the picture. So the counting is done here, with a
 * histogram that slides along the row. It has two levels, so that 16 bits cost little more than 8. */
#include "base/error.h"
#include "base/json.h"
#include "image/kernels/neighbours.h"
#include "image/operations/groups.h"

/* libvips' margins are computed for each piece of a tile: larger windows would cost more in margin than in pixels. */
#define WINDOW_MAX 201

struct rank {
	int width, height, index;
	int shift; /* bits of a coarse bin: 4 or 8 */
	int levels;
};

/* Counts of a window: of every level, and of levels together by their upper bits. All zero between rows. */
struct histogram {
	guint32 *fine, *coarse;
	int bin;       /* where the rank was last */
	guint32 below; /* counts in coarse bins under it */
};

static void count(struct histogram *h, int shift, guint32 value, int by)
{
	int bin = (int)(value >> shift);

	h->fine[value] += (guint32)by;
	h->coarse[bin] += (guint32)by;
	if (bin < h->bin)
		h->below += (guint32)by;
}

/* From the bin of the neighbour before, which is near. */
static guint32 find(struct histogram *h, const struct rank *rank)
{
	guint32 index = (guint32)rank->index;

	while (h->below > index)
		h->below -= h->coarse[--h->bin];
	while (h->below + h->coarse[h->bin] <= index)
		h->below += h->coarse[h->bin++];
	guint32 sum = h->below, value = (guint32)h->bin << rank->shift;
	while ((sum += h->fine[value]) <= index)
		value++;
	return value;
}

static guint32 value_at(const VipsPel *pixel, bool deep)
{
	return deep ? *(const guint16 *)(const void *)pixel : *pixel;
}

/* A column of the window comes in or goes out. */
static void column(struct histogram *h, const struct rank *rank, const VipsPel *top, gsize line, bool deep, int by)
{
	for (int y = 0; y < rank->height; y++, top += line)
		count(h, rank->shift, value_at(top, deep), by);
}

static void fill_row(VipsRegion *out, VipsRegion *in, int y, int band, struct histogram *h, const struct rank *rank)
{
	const VipsRect *r = &out->valid;
	bool deep = rank->shift == 8;
	gsize line = (gsize)VIPS_REGION_LSKIP(in), pixel = VIPS_IMAGE_SIZEOF_PEL(in->im);
	gsize offset = (gsize)band * VIPS_IMAGE_SIZEOF_ELEMENT(in->im);
	const VipsPel *from = VIPS_REGION_ADDR(in, r->left, y) + offset;
	VipsPel *to = VIPS_REGION_ADDR(out, r->left, y) + offset;

	for (int x = 0; x < rank->width - 1; x++)
		column(h, rank, from + (gsize)x * pixel, line, deep, 1);
	for (int x = 0; x < r->width; x++, from += pixel, to += pixel) {
		column(h, rank, from + (gsize)(rank->width - 1) * pixel, line, deep, 1);
		guint32 value = find(h, rank);
		if (deep)
			*(guint16 *)(void *)to = (guint16)value;
		else
			*to = (guint8)value;
		column(h, rank, from, line, deep, -1);
	}
	/* Removing the remaining values is cheaper than clearing 65,536 counts. */
	for (int x = 0; x < rank->width - 1; x++)
		column(h, rank, from + (gsize)x * pixel, line, deep, -1);
}

static void fill(VipsRegion *out, VipsRegion *in, void *scratch, const void *data)
{
	const struct rank *rank = data;
	struct histogram h = {.fine = scratch, .coarse = (guint32 *)scratch + rank->levels};

	for (int y = out->valid.top; y < VIPS_RECT_BOTTOM(&out->valid); y++)
		for (int band = 0; band < in->im->Bands; band++)
			fill_row(out, in, y, band, &h, rank);
}

static bool run(VipsImage *in, int width, int height, int index, VipsImage **out, GError **error)
{
	int shift = in->BandFmt == VIPS_FORMAT_USHORT ? 8 : 4;
	struct rank rank = {width, height, index, shift, 1 << (2 * shift)};
	const struct window window = {.width = width,
		.height = height,
		.fill = fill,
		.scratch_bytes = sizeof(guint32) * ((gsize)rank.levels + ((gsize)1 << shift)),
		.data = &rank,
		.data_bytes = sizeof rank};

	/* They were checked with the definition, but they came over the bus. */
	if (width < 1 || height < 1 || index < 0 || index >= width * height)
		return fail(error, ERROR_INPUT, "index must be 0 to %d, the pixels of the window less one, not %d",
			width * height - 1, index);
	return window_run(in, &window, out, error);
}

static bool median(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int size = param_int(args, "size");

	return run(in, size, size, size * size / 2, out, error);
}

static bool build_median(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, median, args, out, error);
}

static bool rank_colours(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int width = param_int(args, "width");
	int height = param_given(args, "height") ? param_int(args, "height") : width;
	int index = param_given(args, "index") ? param_int(args, "index") : width * height / 2;

	return run(in, width, height, index, out, error);
}

static bool build_rank(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, rank_colours, args, out, error);
}

static bool check_rank(const struct args *args, GError **error)
{
	gint64 width = json_int(args->given, "width", 3), height = json_int(args->given, "height", width);
	gint64 index = json_int(args->given, "index", 0);

	return index < width * height ||
	       fail(error, ERROR_INPUT,
		       "index must be 0 to %d, the pixels of the %d x %d window less one, not %d; 0 is the darkest",
		       (int)(width * height - 1), (int)width, (int)height, (int)index);
}

const struct operation rank_operations[] = {
	{
		.name = "median",
		.aliases = NAMES("denoise"),
		.group = "filter",
		.summary =
			"The middle of the pixels around, which takes specks away and keeps edges; alpha is left alone.",
		.params = PARAMS(INT_PARAM("size", "px", 1, WINDOW_MAX, "3", "width and height of the window")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_median,
	},
	{
		.name = "rank",
		.aliases = NAMES("rank_filter"),
		.group = "filter",
		.summary =
			"The pixel at a place among the sorted pixels around, exact for every window; alpha is left alone.",
		.params = PARAMS(
			INT_PARAM("width", "px", 1, WINDOW_MAX, "3", "width of the window", .aliases = NAMES("size")),
			INT_PARAM(
				"height", "px", 1, WINDOW_MAX, NULL, "height of the window; without it, as its width"),
			INT_PARAM("index", "", 0, WINDOW_MAX *WINDOW_MAX - 1, NULL,
				"which one: 0 is the darkest, width * height - 1 the brightest; without it, the middle")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_rank,
		.build = build_rank,
	},
	{.name = NULL},
};
