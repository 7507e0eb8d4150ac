/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tones as the picture itself asks for them. All but clahe (and white_balance by numbers) look at the whole picture while they are built, which the
 * planner sees. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "image/kernels/tone_support.h"
#include "image/operations/groups.h"
#include "image/table/vips_error.h"

/* How many pixels of each band have each level: counts[level * bands + band], owned. */
struct histogram {
	int levels, bands;
	double pixels;
	guint32 *counts;
};

static bool count_levels(VipsImage *image, int levels, struct histogram *h, GError **error)
{
	g_autoptr(VipsImage) found = NULL;
	gsize length;

	if (vips_hist_find(image, &found, NULL))
		return vips_failed(error, NULL);
	/* It ends at the highest level that there is. */
	g_autofree guint32 *counts = vips_image_write_to_memory(found, &length);
	if (!counts)
		return vips_failed(error, NULL);
	h->levels = levels;
	h->bands = image->Bands;
	h->pixels = (double)image->Xsize * image->Ysize;
	h->counts = g_new0(guint32, (gsize)levels * (gsize)h->bands);
	memcpy(h->counts, counts, MIN(length, (gsize)levels * (gsize)h->bands * sizeof *counts));
	return true;
}

static guint32 count_at(const struct histogram *h, int level, int band)
{
	return h->counts[level * h->bands + band];
}

/* The lowest level that there is with at least this share of the pixels at it or below. */
static int level_of_share(const struct histogram *h, int band, double share)
{
	double below = 0;

	for (int level = 0; level < h->levels; level++) {
		below += count_at(h, level, band);
		if (below > 0 && below >= share * h->pixels)
			return level;
	}
	return h->levels - 1;
}

/* New levels as a table of all old ones, 0 to 1. */
struct tables {
	int levels;
	double *of_band[3]; /* owned */
};

static double in_tables(double level, int band, const void *data)
{
	const struct tables *tables = data;

	return tables->of_band[band][(int)rint(level * (tables->levels - 1))];
}

/* As many pixels in each part of the range as in any other. A picture of one level stays. */
static double *equalized(const struct histogram *h, int band)
{
	double *table = g_new(double, h->levels), below = 0;
	double darkest = count_at(h, level_of_share(h, band, 0), band);

	for (int level = 0; level < h->levels; level++) {
		below += count_at(h, level, band);
		table[level] =
			h->pixels > darkest ? (below - darkest) / (h->pixels - darkest) : level / (h->levels - 1.0);
	}
	return table;
}

/* Lightness (0 to 100) apart from a and b. */
static bool split_lab(
	VipsImage *in, const struct tone_support *tones, VipsImage **lightness, VipsImage **ab, GError **error)
{
	g_autoptr(VipsImage) colours = NULL, lab = NULL;

	if (!tone_support_colours(in, tones, &colours, error))
		return false;
	if (vips_colourspace(colours, &lab, VIPS_INTERPRETATION_LAB, NULL) ||
		vips_extract_band(lab, lightness, 0, NULL) || vips_extract_band(lab, ab, 1, "n", 2, NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool join_lab(VipsImage *in, const struct tone_support *tones, VipsImage *lightness, VipsImage *ab,
	VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) lab = NULL, back = NULL;

	if (vips_bandjoin2(lightness, ab, &lab, NULL) ||
		vips_colourspace(lab, &back, tones->colours == 1 ? tones->grey : tones->rgb, "source_space",
			VIPS_INTERPRETATION_LAB, NULL))
		return vips_failed(error, NULL);
	return tone_support_rejoin(in, tones, back, in->Type, out, error);
}

/* Lightness in 65536 levels, to be counted and mapped. */
enum { FINE = 65536 };

static bool fine(VipsImage *lightness, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) scaled = NULL;

	if (vips_linear1(lightness, &scaled, (FINE - 1) / 100.0, 0, NULL))
		return vips_failed(error, NULL);
	return tone_support_round(scaled, VIPS_FORMAT_USHORT, out, error);
}

/* Never outside 0 to 100: beyond, Lab makes colours out of black and white. */
static bool stretch(VipsImage *lightness, double low, double high, VipsImage **out, GError **error)
{
	double f = 100 / (high - low);
	g_autoptr(VipsImage) stretched = NULL, black = NULL, white = NULL, positive = NULL, is_low = NULL;
	g_autoptr(VipsImage) is_high = NULL;

	if (vips_linear1(lightness, &stretched, f, -low * f, NULL) || vips_linear1(stretched, &black, 0, 0, NULL) ||
		vips_linear1(stretched, &white, 0, 100, NULL) || vips_less_const1(stretched, &is_low, 0, NULL) ||
		vips_more_const1(stretched, &is_high, 100, NULL) ||
		vips_ifthenelse(is_low, black, stretched, &positive, NULL) ||
		vips_ifthenelse(is_high, white, positive, out, NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool build_normalize(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double lower = param_double(args, "lower") / 100, upper = param_double(args, "upper") / 100;
	g_autoptr(VipsImage) lightness = NULL, ab = NULL, counted = NULL, stretched = NULL;
	struct histogram h;
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error) || !split_lab(in, &tones, &lightness, &ab, error) ||
		!fine(lightness, &counted, error) || !count_levels(counted, FINE, &h, error))
		return false;
	double low = level_of_share(&h, 0, lower) * 100.0 / (FINE - 1);
	double high = level_of_share(&h, 0, upper) * 100.0 / (FINE - 1);
	g_free(h.counts);
	/* Nothing to stretch, as sharp has it: noise would become the picture. */
	if (high - low <= 1)
		return vips_copy(in, out, NULL) == 0 || vips_failed(error, NULL);
	return stretch(lightness, low, high, &stretched, error) && join_lab(in, &tones, stretched, ab, out, error);
}

static bool check_normalize(const struct args *args, GError **error)
{
	return param_double(args, "lower") < param_double(args, "upper") ||
	       fail(error, ERROR_INPUT, "lower must be below upper");
}

static bool by_lightness(const struct args *args)
{
	return g_strcmp0(param_string(args, "mode"), "lightness") == 0;
}

static bool equalize_lightness(VipsImage *in, const struct tone_support *tones, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) lightness = NULL, ab = NULL, counted = NULL, mapped = NULL;
	g_autofree float *levels = g_new(float, FINE);
	struct histogram h;

	if (!split_lab(in, tones, &lightness, &ab, error) || !fine(lightness, &counted, error) ||
		!count_levels(counted, FINE, &h, error))
		return false;
	g_autofree double *table = equalized(&h, 0);
	g_free(h.counts);
	for (int i = 0; i < FINE; i++)
		levels[i] = (float)(100 * table[i]);
	g_autoptr(VipsImage) map =
		vips_image_new_from_memory_copy(levels, FINE * sizeof *levels, FINE, 1, 1, VIPS_FORMAT_FLOAT);
	if (!map || vips_maplut(counted, &mapped, map, NULL))
		return vips_failed(error, NULL);
	return join_lab(in, tones, mapped, ab, out, error);
}

static bool build_equalize(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) colours = NULL;
	struct histogram h;
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error))
		return false;
	if (tones.colours == 3 && by_lightness(args))
		return equalize_lightness(in, &tones, out, error);
	if (!tone_support_colours(in, &tones, &colours, error) || !count_levels(colours, tones.levels, &h, error))
		return false;
	struct tables tables = {.levels = tones.levels};
	for (int band = 0; band < tones.colours; band++)
		tables.of_band[band] = equalized(&h, band);
	bool ok = tone_support_map(in, in_tables, &tables, out, error);
	for (int band = 0; band < tones.colours; band++)
		g_free(tables.of_band[band]);
	g_free(h.counts);
	return ok;
}

/* 0 to 255 in floating point through libvips' hist_local, which takes 8 bits: what lies between two levels is kept and added. */
static bool local_levels(VipsImage *in, int width, int height, int max_slope, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) shallow = NULL, between = NULL, equal = NULL;

	if (!tone_support_round(in, VIPS_FORMAT_UCHAR, &shallow, error))
		return false;
	if (vips_subtract(in, shallow, &between, NULL) ||
		vips_hist_local(shallow, &equal, width, height, "max_slope", max_slope, NULL) ||
		vips_add(equal, between, out, NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool build_clahe(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int width = param_int(args, "width"), max_slope = param_int(args, "max_slope");
	int height = param_given(args, "height") ? param_int(args, "height") : width;
	g_autoptr(VipsImage) colours = NULL, ab = NULL, scaled = NULL, equal = NULL, back = NULL;
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error))
		return false;
	bool lab = tones.colours == 3 && by_lightness(args);
	double scale = lab ? 2.55 : 255.0 / (tones.levels - 1);
	width = MIN(width, in->Xsize);
	height = MIN(height, in->Ysize);
	if (lab ? !split_lab(in, &tones, &colours, &ab, error) : !tone_support_colours(in, &tones, &colours, error))
		return false;
	if (scale == 1)
		return vips_hist_local(colours, &equal, width, height, "max_slope", max_slope, NULL)
			       ? vips_failed(error, NULL)
			       : tone_support_rejoin(in, &tones, equal, in->Type, out, error);
	if (vips_linear1(colours, &scaled, scale, 0, NULL))
		return vips_failed(error, NULL);
	if (!local_levels(scaled, width, height, max_slope, &equal, error))
		return false;
	if (vips_linear1(equal, &back, 1 / scale, 0, NULL))
		return vips_failed(error, NULL);
	return lab ? join_lab(in, &tones, back, ab, out, error)
		   : tone_support_rejoin(in, &tones, back, in->Type, out, error);
}

struct ranges {
	double low[3], high[3];
};

static double in_range(double level, int band, const void *data)
{
	const struct ranges *r = data;

	return r->high[band] > r->low[band] ? (level - r->low[band]) / (r->high[band] - r->low[band]) : level;
}

static bool build_auto_level(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double clip = param_double(args, "clip") / 100;
	bool together = g_strcmp0(param_string(args, "mode"), "together") == 0;
	g_autoptr(VipsImage) colours = NULL;
	struct ranges ranges = {0};
	struct histogram h;
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error) || !tone_support_colours(in, &tones, &colours, error) ||
		!count_levels(colours, tones.levels, &h, error))
		return false;
	double low = 1, high = 0;
	for (int band = 0; band < tones.colours; band++) {
		ranges.low[band] = level_of_share(&h, band, clip) / (tones.levels - 1.0);
		ranges.high[band] = level_of_share(&h, band, 1 - clip) / (tones.levels - 1.0);
		low = MIN(low, ranges.low[band]);
		high = MAX(high, ranges.high[band]);
	}
	for (int band = 0; together && band < tones.colours; band++) {
		ranges.low[band] = low;
		ranges.high[band] = high;
	}
	g_free(h.counts);
	return tone_support_map(in, in_range, &ranges, out, error);
}

#define MODE(OTHER, HELP) CHOICE_PARAM("mode", NAMES("each", OTHER), "each", HELP)
#define PERCENT(NAME, MOST, FALLBACK, HELP) DOUBLE_PARAM(NAME, "%", 0, MOST, FALLBACK, HELP)
#define WINDOW(NAME, FALLBACK, HELP) INT_PARAM(NAME, "px", 1, 4096, FALLBACK, HELP)

const struct operation histogram_operations[] = {
	{
		.name = "normalize",
		.aliases = NAMES("normalise", "stretch"),
		.group = "tone",
		.summary =
			"Stretches lightness over the whole range, as sharp's normalise; colours stay. Looks at the whole picture.",
		.params = PARAMS(PERCENT("lower", 99, "1", "share of the pixels that becomes black"),
			PERCENT("upper", 100, "99", "share of the pixels up to which nothing becomes white")),
		.check = check_normalize,
		.build = build_normalize,
	},
	{
		.name = "equalize",
		.aliases = NAMES("equalise"),
		.group = "tone",
		.summary = "Spreads the levels so that each is used as often as any other. Looks at the whole picture.",
		.params = PARAMS(
			MODE("lightness", "each band of colour by itself, or lightness alone so that colours stay")),
		.build = build_equalize,
	},
	{
		.name = "clahe",
		.aliases = NAMES("local_contrast"),
		.group = "tone",
		.summary =
			"Brings out local contrast: libvips' hist_local; of 16 bits what is finer than 8 bits is kept beside it.",
		.params = PARAMS(WINDOW("width", "64", "of the window, at most the picture's"),
			WINDOW("height", NULL, "of the window; default: its width"),
			INT_PARAM("max_slope", "", 0, 100, "3", "most that contrast is raised; 0: no bound"),
			MODE("lightness",
				"each band of colour by itself as sharp does, or lightness alone so that colours stay")),
		.build = build_clahe,
	},
	{
		.name = "auto_level",
		.aliases = NAMES("auto_levels", "autolevel", "auto_contrast", "autocontrast"),
		.group = "tone",
		.summary = "Stretches the levels that there are over the whole range. Looks at the whole picture.",
		.params = PARAMS(PERCENT("clip", 49, "0", "share of the pixels at either end that does not count"),
			MODE("together", "each band of colour by itself, or all alike so that colours stay")),
		.build = build_auto_level,
	},
	{.name = NULL},
};
