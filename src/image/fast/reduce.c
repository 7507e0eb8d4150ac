/* SPDX-License-Identifier: GPL-2.0-or-later
 * Shrinking across: see reduce.h. The arithmetic is that of reduceh.cpp and templates.h where libvips has QUIRK_SLOW_REDUCEH. */
#include "image/fast/reduce.h"

#include <math.h>
#include <string.h>
#include <vips/vips.h>

#include "image/fast/reduce_row.h"
#include "image/quirks/quirks.h"
#include "image/table/auto.h"

/* What stood in the class. */
static int (*libvips_build)(VipsObject *object);

static int points_of(int lobes, double shrink)
{
	return 2 * (int)rint(lobes * shrink) + 1;
}

/* The weights for a position x between two pixels, 0 to 1. */
static void fill_weights(double *weights, int lobes, double shrink, double x)
{
	const int points = points_of(lobes, shrink);
	const double half = x + points / 2.0 - 1;
	double sum = 0;

	for (int i = 0; i < points; i++) {
		const double at = (i - half) / shrink;
		double weight;
		if (at == 0.0)
			weight = 1.0;
		else if (at < -lobes || at > lobes)
			weight = 0.0;
		else
			weight = (double)lobes * sin(VIPS_PI * at) * sin(VIPS_PI * at / (double)lobes) /
				 (VIPS_PI * VIPS_PI * at * at);
		weights[i] = weight;
		sum += weight;
	}
	for (int i = 0; i < points; i++)
		weights[i] /= sum;
}

static struct reduce *reduce_new(int lobes, double shrink, double offset)
{
	struct reduce *reduce = g_new0(struct reduce, 1);
	const int points = points_of(lobes, shrink);
	g_autofree double *weights = g_new(double, points);

	*reduce = (struct reduce){.shrink = shrink, .offset = offset, .points = points};
	reduce->weights = g_new0(gint16, (gsize)(points + 1) * (VIPS_TRANSFORM_SCALE + 1));
	for (int x = 0; x <= VIPS_TRANSFORM_SCALE; x++) {
		fill_weights(weights, lobes, shrink, (float)x / VIPS_TRANSFORM_SCALE);
		for (int i = 0; i < points; i++)
			reduce->weights[x * (points + 1) + i] = (gint16)(weights[i] * VIPS_INTERPOLATE_SCALE);
	}
	return reduce;
}

static void reduce_free(gpointer data)
{
	struct reduce *reduce = data;

	g_free(reduce->weights);
	g_free(reduce);
}

static int generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	VipsImage *in = a;
	const struct reduce *reduce = b;
	VipsRegion *from = seq;
	const VipsRect *r = &out->valid;
	const gsize pixel = VIPS_IMAGE_SIZEOF_PEL(in);
	VipsRect needed = {
		.left = (int)(r->left * reduce->shrink - reduce->offset),
		.top = r->top,
		.width = (int)(r->width * reduce->shrink + reduce->points),
		.height = r->height,
	};

	(void)stop;
	if (vips_region_prepare(from, &needed))
		return -1;
	for (int y = 0; y < r->height; y++)
		reduce_row(reduce, VIPS_REGION_ADDR(out, r->left, r->top + y), r->left, r->width,
			VIPS_REGION_ADDR(from, from->valid.left, r->top + y), from->valid.left, (int)pixel);
	return 0;
}

/* Does the output compute 8 bits in 3 or 4 bands by libvips' own function, and with a kernel that is known here? 0: no. */
static int lobes_of(VipsObject *object, const VipsImage *out)
{
	VipsKernel kernel;
	const VipsImage *in = out->client1;

	g_object_get(object, "kernel", &kernel, NULL);
	if (out->client2 != (void *)object || !in || in->BandFmt != VIPS_FORMAT_UCHAR || in->Bands < 3 || in->Bands > 4)
		return 0;
	return kernel == VIPS_KERNEL_LANCZOS3 ? 3 : kernel == VIPS_KERNEL_LANCZOS2 ? 2 : 0;
}

/* whole: the factor as it was asked for. libvips may have done a part of it by shrinkh. */
static void replace(VipsObject *object, double whole)
{
	g_autoptr(VipsImage) in = NULL;
	g_autoptr(VipsImage) out = NULL;
	double rest;

	g_object_get(object, "in", &in, "out", &out, "hshrink", &rest, NULL);
	int lobes = lobes_of(object, out);
	if (!lobes)
		return;
	double invented = out->Xsize * whole - in->Xsize;
	int box = (int)rint(whole / rest);
	if (box > 1)
		invented /= box;
	struct reduce *reduce = reduce_new(lobes, rest, (1 + invented) / 2.0 - 1);
	g_object_set_data_full(G_OBJECT(out), "dropmill-reduce", reduce, reduce_free);
	out->generate_fn = generate;
	out->client2 = reduce;
}

static int build(VipsObject *object)
{
	double whole;

	g_object_get(object, "hshrink", &whole, NULL);
	if (libvips_build(object))
		return -1;
	replace(object, whole);
	return 0;
}

/* A picture of noise, shrunk; NULL when there is no memory. */
static guint8 *shrunk(int bands, double factor, size_t *size)
{
	enum { WIDTH = 203, HEIGHT = 5 };
	guint8 pixels[WIDTH * HEIGHT * 4];
	guint32 noise = 12345;
	VipsImage *out = NULL;

	for (gsize i = 0; i < sizeof pixels; i++) {
		noise = noise * 1664525u + 1013904223u;
		pixels[i] = noise >> 31 ? (guint8)(noise >> 23) : noise >> 30 & 1 ? 255 : 0;
	}
	VipsImage *in = vips_image_new_from_memory(
		pixels, (gsize)(WIDTH * HEIGHT * bands), WIDTH, HEIGHT, bands, VIPS_FORMAT_UCHAR);
	guint8 *got = in && vips_reduceh(in, &out, factor, "gap", 2.0, NULL) == 0
			      ? vips_image_write_to_memory(out, size)
			      : NULL;

	g_clear_object(&out);
	g_clear_object(&in);
	return got;
}

/* By both: libvips may have been built with other sums, and the processor may have others. */
static bool agrees(VipsObjectClass *class)
{
	static const double factors[] = {1.13, 1.6, 2.37, 5.3};
	bool same = true;

	for (int bands = 3; bands <= 4; bands++)
		for (gsize i = 0; same && i < G_N_ELEMENTS(factors); i++) {
			size_t a_size = 0, b_size = 0;
			class->build = libvips_build;
			g_autofree guint8 *wanted = shrunk(bands, factors[i], &a_size);
			class->build = build;
			g_autofree guint8 *got = shrunk(bands, factors[i], &b_size);
			same = wanted && got && a_size == b_size && memcmp(wanted, got, a_size) == 0;
		}
	return same;
}

void reduce_install(void)
{
	if (!quirk(QUIRK_SLOW_REDUCEH) || !reduce_row_available() || libvips_build)
		return;
	VipsObjectClass *class = g_type_class_ref(vips_type_find("VipsOperation", "reduceh")); /* for good */
	libvips_build = class->build;
	if (!agrees(class))
		class->build = libvips_build;
}
