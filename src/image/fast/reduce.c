/* SPDX-License-Identifier: GPL-2.0-or-later
 * Shrinking across and down: see reduce.h. The arithmetic is that of reduceh.cpp, reducev.cpp and templates.h. */
#include "image/fast/reduce.h"

#include <math.h>
#include <string.h>
#include <vips/vips.h>

#include "image/fast/reduce_row.h"
#include "image/fast/reduce_sum.h"
#include "image/fast/reduce_weights.h"
#include "image/quirks/quirks.h"
#include "image/table/auto.h"

/* What libvips' sums are replaced of. */
struct kind {
	const char *operation;
	int (*shrink)(VipsImage *in, VipsImage **out, double factor, ...);
	VipsBandFormat format;
	int fewest_bands, most_bands;
	VipsGenerateFn generate;
	enum quirk needed;
	bool (*available)(void);
	bool installed;
};

static int (*libvips_build_across)(VipsObject *object), (*libvips_build_down)(VipsObject *object);

static struct reduce *reduce_new(int lobes, double shrink, double offset)
{
	struct reduce *reduce = g_new0(struct reduce, 1);
	const int points = reduce_points(lobes, shrink);

	*reduce = (struct reduce){.shrink = shrink, .offset = offset, .points = points};
	reduce->exact = reduce_weights(lobes, shrink);
	reduce->weights = g_new0(gint16, (gsize)(points + 1) * (VIPS_TRANSFORM_SCALE + 1));
	for (int x = 0; x <= VIPS_TRANSFORM_SCALE; x++)
		for (int i = 0; i < points; i++)
			reduce->weights[x * (points + 1) + i] =
				(gint16)(reduce->exact[x * points + i] * VIPS_INTERPOLATE_SCALE);
	return reduce;
}

static void reduce_free(gpointer data)
{
	struct reduce *reduce = data;

	g_free(reduce->weights);
	g_free(reduce->exact);
	g_free(reduce);
}

typedef void (*row_fn)(
	const struct reduce *reduce, guint8 *out, int left, int width, const guint8 *from, int from_left, int bands);

static int across(VipsRegion *out, VipsRegion *from, const struct reduce *reduce, row_fn row)
{
	const VipsRect *r = &out->valid;
	VipsRect needed = {
		.left = (int)(r->left * reduce->shrink - reduce->offset),
		.top = r->top,
		.width = (int)(r->width * reduce->shrink + reduce->points),
		.height = r->height,
	};

	if (vips_region_prepare(from, &needed))
		return -1;
	for (int y = 0; y < r->height; y++)
		row(reduce, VIPS_REGION_ADDR(out, r->left, r->top + y), r->left, r->width,
			VIPS_REGION_ADDR(from, from->valid.left, r->top + y), from->valid.left, out->im->Bands);
	return 0;
}

static int bytes_across(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	(void)a, (void)stop;
	return across(out, seq, b, reduce_row);
}

static int floats_across(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	(void)a, (void)stop;
	return across(out, seq, b, reduce_row_of_floats);
}

static int floats_down(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	const struct reduce *reduce = b;
	VipsRegion *from = seq;
	const VipsRect *r = &out->valid;
	VipsRect needed = {
		.left = r->left,
		.top = (int)(r->top * reduce->shrink - reduce->offset),
		.width = r->width,
		.height = (int)(r->height * reduce->shrink + reduce->points),
	};
	double position = reduce_start(reduce, r->top);

	(void)a, (void)stop;
	if (vips_region_prepare(from, &needed))
		return -1;
	for (int y = 0; y < r->height; y++, position += reduce->shrink)
		reduce_sum((float *)VIPS_REGION_ADDR(out, r->left, r->top + y), (gsize)r->width * out->im->Bands,
			(const float *)VIPS_REGION_ADDR(from, r->left, (int)position),
			VIPS_REGION_LSKIP(from) / sizeof(float),
			reduce->exact + (gsize)reduce_phase(position) * reduce->points, reduce->points);
	return 0;
}

static struct kind kinds[] = {
	{"reduceh", vips_reduceh, VIPS_FORMAT_UCHAR, 3, 4, bytes_across, QUIRK_SLOW_REDUCEH, reduce_row_available,
		false},
	{"reduceh", vips_reduceh, VIPS_FORMAT_FLOAT, 2, 4, floats_across, QUIRK_SLOW_FLOATS_REDUCED,
		reduce_sum_available, false},
	{"reducev", vips_reducev, VIPS_FORMAT_FLOAT, 1, 4, floats_down, QUIRK_SLOW_FLOATS_REDUCED, reduce_sum_available,
		false},
};

/* The image that the operation itself computes: its output, or before that one which libvips puts behind it (reducev's cache of rows). */
static VipsImage *computed_by(VipsObject *object, VipsImage *out)
{
	enum { MOST = 4 };

	for (int i = 0; i < MOST && out; i++, out = out->upstream ? out->upstream->data : NULL)
		if (out->client2 == (void *)object)
			return out;
	return NULL;
}

static const struct kind *kind_of(VipsObject *object, const VipsImage *in)
{
	const char *operation = VIPS_OBJECT_GET_CLASS(object)->nickname;

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].installed && g_str_equal(kinds[i].operation, operation) &&
			in->BandFmt == kinds[i].format && in->Bands >= kinds[i].fewest_bands &&
			in->Bands <= kinds[i].most_bands)
			return &kinds[i];
	return NULL;
}

static int lobes_of(VipsObject *object)
{
	VipsKernel kernel;

	g_object_get(object, "kernel", &kernel, NULL);
	return kernel == VIPS_KERNEL_LANCZOS3 ? 3 : kernel == VIPS_KERNEL_LANCZOS2 ? 2 : 0;
}

/* shrink: the factor that was asked for. libvips may do a part of it by shrinkh or shrinkv. In some versions the property then holds the rest. */
static void replace(VipsObject *object, double shrink)
{
	g_autoptr(VipsImage) in = NULL;
	g_autoptr(VipsImage) out = NULL;
	const int lobes = lobes_of(object);
	double gap;

	g_object_get(object, "in", &in, "out", &out, "gap", &gap, NULL);
	VipsImage *computed = computed_by(object, out);
	const struct kind *kind = computed && lobes ? kind_of(object, computed->client1) : NULL;
	if (!kind)
		return;
	const bool down = kind->generate == floats_down;
	const int from = down ? in->Ysize : in->Xsize, to = down ? out->Ysize : out->Xsize;
	double invented = to * shrink - from;
	const int box = gap > 0 ? MAX(1, (int)floor((double)from / to / gap)) : 1;
	if (box > 1)
		invented /= box;
	struct reduce *reduce = reduce_new(lobes, shrink / box, (1 + invented) / 2.0 - 1);
	g_object_set_data_full(G_OBJECT(computed), "dropmill-reduce", reduce, reduce_free);
	computed->start_fn = vips_start_one;
	computed->generate_fn = kind->generate;
	computed->stop_fn = vips_stop_one;
	computed->client2 = reduce;
}

static int build(VipsObject *object, const char *factor, int (*libvips_build)(VipsObject *object))
{
	double shrink;

	g_object_get(object, factor, &shrink, NULL);
	if (libvips_build(object))
		return -1;
	replace(object, shrink);
	return 0;
}

static int build_across(VipsObject *object)
{
	return build(object, "hshrink", libvips_build_across);
}

static int build_down(VipsObject *object)
{
	return build(object, "vshrink", libvips_build_down);
}

/* A picture of noise, shrunk; NULL when there is no memory. In two of its five lines floats alternate in sign. There the products cancel each other,
 * and the rest of them shows their order and roundings; in a sum of noise they are lost. */
static guint8 *shrunk(const struct kind *kind, int bands, double factor, size_t *size)
{
	enum { LONG = 204, SHORT = 5, NOISY = 3 };
	const bool floats = kind->format == VIPS_FORMAT_FLOAT, down = kind->generate == floats_down;
	const int width = down ? SHORT : LONG, height = LONG * SHORT / width;
	guint8 pixels[LONG * SHORT * 4];
	guint32 noise = 12345;
	g_autoptr(VipsImage) in = NULL;
	g_autoptr(VipsImage) bytes = NULL;
	g_autoptr(VipsImage) out = NULL;

	for (int i = 0; i < (int)sizeof pixels; i++) {
		const int x = i / bands % width, y = i / bands / width;
		noise = noise * 1664525u + 1013904223u;
		if (floats && (down ? x : y) >= NOISY)
			pixels[i] = (down ? y : x) % 2 ? 255 : 0;
		else
			pixels[i] = noise >> 31 ? (guint8)(noise >> 23) : noise >> 30 & 1 ? 255 : 0;
	}
	bytes = vips_image_new_from_memory(
		pixels, (gsize)(LONG * SHORT * bands), width, height, bands, VIPS_FORMAT_UCHAR);
	if (!bytes || (floats ? vips_linear1(bytes, &in, 1, -127.5, NULL) : vips_copy(bytes, &in, NULL)) ||
		kind->shrink(in, &out, factor, "gap", 2.0, NULL))
		return NULL;
	return vips_image_write_to_memory(out, size);
}

/* Compares both: libvips may have been built with other sums, and the processor may have others. */
static bool agrees(struct kind *kind)
{
	static const double factors[] = {1.13, 1.6, 2, 2.37, 5.3};
	bool same = true;

	for (int bands = kind->fewest_bands; bands <= kind->most_bands; bands++)
		for (gsize i = 0; same && i < G_N_ELEMENTS(factors); i++) {
			size_t a_size = 0, b_size = 0;
			kind->installed = false;
			g_autofree guint8 *wanted = shrunk(kind, bands, factors[i], &a_size);
			kind->installed = true;
			g_autofree guint8 *got = shrunk(kind, bands, factors[i], &b_size);
			same = wanted && got && a_size == b_size && memcmp(wanted, got, a_size) == 0;
		}
	return same;
}

static void install(const char *operation, int (*with)(VipsObject *object), int (**libvips_build)(VipsObject *object))
{
	VipsObjectClass *class = g_type_class_ref(vips_type_find("VipsOperation", operation)); /* for good */
	bool any = false;

	*libvips_build = class->build;
	class->build = with;
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_str_equal(kinds[i].operation, operation) && quirk(kinds[i].needed) && kinds[i].available())
			any |= kinds[i].installed = agrees(&kinds[i]);
	if (!any)
		class->build = *libvips_build;
}

void reduce_install(void)
{
	if (libvips_build_across)
		return;
	install("reduceh", build_across, &libvips_build_across);
	install("reducev", build_down, &libvips_build_down);
}
