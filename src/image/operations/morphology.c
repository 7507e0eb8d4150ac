/* SPDX-License-Identifier: GPL-2.0-or-later
 * Morphology as ImageMagick has it for grey pictures: the brightest or darkest pixel under a shape. On pictures of black and
 * white alone that is what libvips' morph does to binary ones, with white as the object. */
#include <string.h>

#include "image/kernels/neighbours.h"
#include "image/operations/groups.h"
#include "image/table/vips_error.h"

/* GCC 12's -O2 leaves loops of unknown length scalar; these, of whole numbers, are eight times as fast with vectors. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#define RADIUS_MAX 100

static const char *const shape_names[] = {"square", "disk", "diamond", "plus", "horizontal", "vertical", NULL};
static const char *const method_names[] = {
	"dilate", "erode", "open", "close", "gradient", "top_hat", "bottom_hat", NULL};

/* A shape is a stack of runs around the middle: reach[dy + radius] pixels to either side, -1 for none. */
struct shape {
	int radius;
	bool brightest;
	int reach[2 * RADIUS_MAX + 1];
};

static int reach_at(const char *name, int radius, int dy)
{
	int reach = 0;

	if (g_str_equal(name, "disk")) {
		while ((reach + 1) * (reach + 1) + dy * dy <= radius * radius)
			reach++;
		return reach;
	}
	if (g_str_equal(name, "diamond"))
		return radius - ABS(dy);
	if (g_str_equal(name, "plus"))
		return dy == 0 ? radius : 0;
	if (g_str_equal(name, "horizontal"))
		return dy == 0 ? radius : -1;
	return g_str_equal(name, "vertical") ? 0 : radius;
}

/* The extreme of each run of reach pixels to either side, in elements of one row. Runs of 1, 2, 4... are joined, and
 * the last two overlap. from and work have count + 2 * reach * bands elements each. The result is the first count of
 * work. */
#define RUNS(TYPE, NAME, BETTER)                                                                                       \
	static void runs_##NAME(const TYPE *restrict from, TYPE *restrict work, gsize count, int bands, int reach)     \
	{                                                                                                              \
		gsize have = count + 2 * (gsize)reach * (gsize)bands, width = 2 * (gsize)reach + 1;                    \
		memcpy(work, from, have * sizeof(TYPE));                                                               \
		for (gsize run = 1; run < width;) {                                                                    \
			gsize step = MIN(run, width - run), shift = step * (gsize)bands;                               \
			have -= shift;                                                                                 \
			for (gsize i = 0; i < have; i++)                                                               \
				work[i] = work[i + shift] BETTER work[i] ? work[i + shift] : work[i];                  \
			run += step;                                                                                   \
		}                                                                                                      \
	}                                                                                                              \
	static void join_##NAME(TYPE *restrict best, const TYPE *restrict work, gsize count)                           \
	{                                                                                                              \
		for (gsize i = 0; i < count; i++)                                                                      \
			best[i] = work[i] BETTER best[i] ? work[i] : best[i];                                          \
	}

/* One row of the result. */
#define ROW(TYPE, NAME)                                                                                                \
	static void row_##NAME(VipsRegion *out, VipsRegion *in, int y, VipsPel *work, const struct shape *shape)       \
	{                                                                                                              \
		int bands = in->im->Bands, left = out->valid.left;                                                     \
		gsize count = (gsize)out->valid.width * (gsize)bands;                                                  \
		TYPE *best = (TYPE *)(void *)VIPS_REGION_ADDR(out, left, y);                                           \
		bool any = false;                                                                                      \
		for (int i = 0; i <= 2 * shape->radius; i++) {                                                         \
			int reach = shape->reach[i];                                                                   \
			if (reach < 0)                                                                                 \
				continue;                                                                              \
			const VipsPel *from = VIPS_REGION_ADDR(in, left + shape->radius - reach, y + i);               \
			runs_##NAME((const TYPE *)(const void *)from, (TYPE *)(void *)work, count, bands, reach);      \
			if (any)                                                                                       \
				join_##NAME(best, (TYPE *)(void *)work, count);                                        \
			else                                                                                           \
				memcpy(best, work, count * sizeof(TYPE));                                              \
			any = true;                                                                                    \
		}                                                                                                      \
	}

RUNS(guint8, brightest_8, >)
RUNS(guint8, darkest_8, <)
RUNS(guint16, brightest_16, >)
RUNS(guint16, darkest_16, <)
ROW(guint8, brightest_8)
ROW(guint8, darkest_8)
ROW(guint16, brightest_16)
ROW(guint16, darkest_16)

static void fill(VipsRegion *out, VipsRegion *in, void *scratch, const void *data)
{
	const struct shape *shape = data;
	bool deep = in->im->BandFmt == VIPS_FORMAT_USHORT;
	gsize pixels = (gsize)out->valid.width + 2 * (gsize)shape->radius;
	g_autofree VipsPel *work = g_malloc(pixels * VIPS_IMAGE_SIZEOF_PEL(in->im));

	(void)scratch;
	for (int y = out->valid.top; y < VIPS_RECT_BOTTOM(&out->valid); y++)
		if (deep && shape->brightest)
			row_brightest_16(out, in, y, work, shape);
		else if (deep)
			row_darkest_16(out, in, y, work, shape);
		else if (shape->brightest)
			row_brightest_8(out, in, y, work, shape);
		else
			row_darkest_8(out, in, y, work, shape);
}

static bool run_shape(VipsImage *in, const char *name, int radius, bool brightest, VipsImage **out, GError **error)
{
	struct shape shape = {.radius = radius, .brightest = brightest};

	for (int dy = -radius; dy <= radius; dy++)
		shape.reach[dy + radius] = reach_at(name, radius, dy);
	const struct window window = {.width = 2 * radius + 1,
		.height = 2 * radius + 1,
		.fill = fill,
		.data = &shape,
		.data_bytes = sizeof shape};
	return window_run(in, &window, out, error);
}

/* A square is a row of a column: two passes instead of a row for each of its rows. */
static bool extreme(VipsImage *in, const char *shape, int radius, bool brightest, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) rows = NULL;

	if (!g_str_equal(shape, "square"))
		return run_shape(in, shape, radius, brightest, out, error);
	return run_shape(in, "horizontal", radius, brightest, &rows, error) &&
	       run_shape(rows, "vertical", radius, brightest, out, error);
}

static bool difference(VipsImage *bright, VipsImage *dark, VipsImage **out, GError **error)
{
	return vips_subtract(bright, dark, out, NULL) == 0 || vips_failed(error, NULL);
}

static bool morph(VipsImage *in, const char *method, const struct args *args, VipsImage **out, GError **error)
{
	const char *shape = param_string(args, "shape");
	int radius = CLAMP(param_int(args, "radius"), 1, RADIUS_MAX);
	bool first = g_str_equal(method, "dilate") || g_str_equal(method, "close") || g_str_equal(method, "gradient") ||
		     g_str_equal(method, "bottom_hat");
	g_autoptr(VipsImage) once = NULL, twice = NULL;

	if (g_str_equal(method, "dilate") || g_str_equal(method, "erode"))
		return extreme(in, shape, radius, first, out, error);
	if (!extreme(in, shape, radius, first, &once, error))
		return false;
	if (g_str_equal(method, "gradient"))
		return extreme(in, shape, radius, false, &twice, error) && difference(once, twice, out, error);
	if (!extreme(once, shape, radius, !first, &twice, error))
		return false;
	if (g_str_equal(method, "top_hat"))
		return difference(in, twice, out, error);
	if (g_str_equal(method, "bottom_hat"))
		return difference(twice, in, out, error);
	*out = g_steal_pointer(&twice);
	return true;
}

static bool morphology(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return morph(in, param_string(args, "method"), args, out, error);
}

static bool dilate(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return morph(in, "dilate", args, out, error);
}

static bool erode(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return morph(in, "erode", args, out, error);
}

static bool build_morphology(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, morphology, args, out, error);
}

static bool build_dilate(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, dilate, args, out, error);
}

static bool build_erode(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, erode, args, out, error);
}

#define RADIUS                                                                                                         \
	INT_PARAM("radius", "px", 1, RADIUS_MAX, "1", "how far the shape reaches from its middle",                     \
		.aliases = NAMES("width"))
#define SHAPE CHOICE_PARAM("shape", shape_names, "square", "which pixels around count", .aliases = NAMES("kernel"))

const struct operation morphology_operations[] = {
	{
		.name = "morphology",
		.aliases = NAMES("morph"),
		.group = "filter",
		.summary =
			"Grows or shrinks what is bright: the brightest or darkest pixel under a shape, and what follows "
			"from both; alpha is left alone.",
		.params = PARAMS(CHOICE_PARAM("method", method_names, NULL,
					 "open is erode then dilate, close the other way; gradient, top_hat and "
					 "bottom_hat are what dilate and erode, open, close change",
					 .required = true, .aliases = NAMES("operation")),
			RADIUS, SHAPE),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_morphology,
	},
	{
		.name = "dilate",
		.group = "filter",
		.summary = "Grows what is bright: the brightest pixel under a shape; alpha is left alone.",
		.params = PARAMS(RADIUS, SHAPE),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_dilate,
	},
	{
		.name = "erode",
		.group = "filter",
		.summary = "Shrinks what is bright: the darkest pixel under a shape; alpha is left alone.",
		.params = PARAMS(RADIUS, SHAPE),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_erode,
	},
	{.name = NULL},
};
