/* SPDX-License-Identifier: GPL-2.0-or-later
 * Grey of 8-bit sRGB: see grey.h. */
#include "image/kernels/grey.h"

#include "image/table/auto.h"
#include "image/table/vips_error.h"

/* Luminance as an integer of 30 bits, cut into 65,536 bins: 128 kB of table stay in a core's own cache. */
#define ONE (1 << 30)
#define BIN_BITS 14
#define BINS (ONE >> BIN_BITS)
/* More than all that is rounded on either way: weights and three table entries here, a handful of operations on floats up to 1 there, each
 * by less than 2e-7. */
#define MARGIN 2e-6
/* Stands for a bin in which levels meet. */
#define ASK 256

static guint32 parts[3][256];    /* of luminance, by band and level */
static guint16 levels[BINS + 1]; /* by bin */

static int level_at(double red, double green, double blue)
{
	int level;

	vips_col_scRGB2BW_8((float)red, (float)green, (float)blue, &level, NULL);
	return level;
}

/* How much of this colour (linear RGB) it takes until grey reaches the middle level. */
static double enough(const double *colour)
{
	double low = 0, high = 64;

	for (int i = 0; i < 48; i++) {
		double middle = (low + high) / 2;
		if (level_at(middle * colour[0], middle * colour[1], middle * colour[2]) < 128)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* The share of each band in luminance. Asked of libvips: see QUIRK_GREY_BY_709. */
static void find_weights(double *weights)
{
	static const double white[3] = {1, 1, 1}, bands[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};

	for (int band = 0; band < 3; band++)
		weights[band] = enough(white) / enough(bands[band]);
}

static guint16 level_of(double luminance)
{
	double y = VIPS_CLIP(0, luminance, 1);

	return (guint16)level_at(y, y, y);
}

/* By the way that colourspace goes. */
static VipsPel ask(const VipsPel *rgb)
{
	float red, green, blue;
	int level;

	vips_col_sRGB2scRGB_8(rgb[0], rgb[1], rgb[2], &red, &green, &blue);
	vips_col_scRGB2BW_8(red, green, blue, &level, NULL);
	return (VipsPel)level;
}

static inline VipsPel grey(const VipsPel *rgb)
{
	guint16 level = levels[(parts[0][rgb[0]] + parts[1][rgb[1]] + parts[2][rgb[2]]) >> BIN_BITS];

	return level == ASK ? ask(rgb) : (VipsPel)level;
}

/* Levels rise with luminance: a bin whose two ends, and a little more, have one level has no other in between. */
static void make_tables(void)
{
	double weights[3];

	find_weights(weights);
	for (int i = 0; i < 256; i++) {
		float linear[3];
		vips_col_sRGB2scRGB_8(i, i, i, &linear[0], &linear[1], &linear[2]);
		for (int band = 0; band < 3; band++)
			parts[band][i] = (guint32)(weights[band] * (double)linear[band] * ONE);
	}
	for (int i = 0; i <= BINS; i++) {
		guint16 low = level_of((double)i / BINS - MARGIN), high = level_of((double)(i + 1) / BINS + MARGIN);
		levels[i] = low == high ? low : ASK;
	}
}

/* A libvips that computes grey in another way than a weighted sum is left to itself: some thousand colours tell. */
static void *prepare(void *unused)
{
	static gint usable = TRUE;
	guint32 colour = 1;

	(void)unused;
	make_tables();
	for (int i = 0; usable && i < 4096; i++) {
		colour = colour * 1664525u + 1013904223u;
		VipsPel rgb[3] = {(VipsPel)(colour >> 8), (VipsPel)(colour >> 16), (VipsPel)(colour >> 24)};
		usable = grey(rgb) == ask(rgb);
	}
	return usable ? &usable : NULL;
}

static void grey_line(const VipsPel *from, VipsPel *to, int width, int bands)
{
	if (bands == 3) {
		for (int x = 0; x < width; x++)
			to[x] = grey(from + 3 * (gsize)x);
		return;
	}
	for (int x = 0; x < width; x++) {
		*to++ = grey(from);
		for (int band = 3; band < bands; band++)
			*to++ = from[band];
		from += bands;
	}
}

static int grey_generate(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
	VipsRegion *in = sequence;
	const VipsRect *want = &out->valid;

	(void)a;
	(void)b;
	(void)stop;
	if (vips_region_prepare(in, want))
		return -1;
	for (int y = want->top; y < VIPS_RECT_BOTTOM(want); y++)
		grey_line(VIPS_REGION_ADDR(in, want->left, y), VIPS_REGION_ADDR(out, want->left, y), want->width,
			in->im->Bands);
	return 0;
}

/* The same demand hint as libvips' own colour operations, so that later steps are requested on the same grid. */
static bool grey_fast(VipsImage *in, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) image = vips_image_new();

	if (vips_image_pipelinev(image, VIPS_DEMAND_STYLE_THINSTRIP, in, NULL))
		return vips_failed(error, NULL);
	image->Bands = in->Bands - 2;
	image->Type = VIPS_INTERPRETATION_B_W;
	if (vips_image_generate(image, vips_start_one, grey_generate, vips_stop_one, in, NULL))
		return vips_failed(error, NULL);
	/* vips_start_one() reads from in as long as the image lives. */
	vips_object_local_array(VIPS_OBJECT(image), 1)[0] = VIPS_OBJECT(g_object_ref(in));
	*out = g_steal_pointer(&image);
	return true;
}

bool grey_of(VipsImage *in, VipsInterpretation space, VipsImage **out, GError **error)
{
	static GOnce once = G_ONCE_INIT;

	if (space == VIPS_INTERPRETATION_B_W && in->Type == VIPS_INTERPRETATION_sRGB && in->Bands >= 3 &&
		in->BandFmt == VIPS_FORMAT_UCHAR && in->Coding == VIPS_CODING_NONE && g_once(&once, prepare, NULL))
		return grey_fast(in, out, error);
	return vips_colourspace(in, out, space, NULL) == 0 || vips_failed(error, NULL);
}
