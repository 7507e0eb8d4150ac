/* SPDX-License-Identifier: GPL-2.0-or-later
 * Images that compute each pixel from its place: see position_images.h. */
#include "image/kernels/position_images.h"

#include <math.h>
#include <string.h>

#include "image/table/auto.h"
#include "image/table/vips_error.h"

/* Lets out keep a reference for as long as it lives. */
static void keep(VipsImage *out, gpointer object)
{
	VipsObject **slot = vips_object_local_array(VIPS_OBJECT(out), 1);

	slot[0] = g_object_ref(object);
}

static bool made(int status, VipsImage *image /* takes */, VipsImage **out, GError **error)
{
	if (status == 0) {
		*out = image;
		return true;
	}
	g_object_unref(image);
	return vips_failed(error, NULL);
}

/* ---- one picture laid into another */

static int patch_generate(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
	VipsRegion **in = sequence;
	const VipsRect *place = b;
	VipsRect *want = &out->valid, hit;
	gsize pixel = VIPS_IMAGE_SIZEOF_PEL(out->im);

	(void)a;
	(void)stop;
	vips_rect_intersectrect(want, place, &hit);
	if (!vips_rect_equalsrect(&hit, want)) {
		if (vips_region_prepare(in[0], want))
			return -1;
		vips_region_copy(in[0], out, want, want->left, want->top);
	}
	if (vips_rect_isempty(&hit))
		return 0;
	VipsRect part = {hit.left - place->left, hit.top - place->top, hit.width, hit.height};
	if (vips_region_prepare(in[1], &part))
		return -1;
	for (int y = 0; y < hit.height; y++)
		memcpy(VIPS_REGION_ADDR(out, hit.left, hit.top + y), VIPS_REGION_ADDR(in[1], part.left, part.top + y),
			(gsize)hit.width * pixel);
	return 0;
}

bool position_images_patch(VipsImage *main, VipsImage *sub, int left, int top, VipsImage **out, GError **error)
{
	VipsImage *image = vips_image_new();
	VipsImage **in = (VipsImage **)vips_object_local_array(VIPS_OBJECT(image), 3);
	VipsRect *place = VIPS_NEW(image, VipsRect);

	in[0] = g_object_ref(main);
	in[1] = g_object_ref(sub);
	*place = (VipsRect){left, top, sub->Xsize, sub->Ysize};
	/* The demand hint of both, the header of main alone: what is laid in must not bring its metadata. */
	VipsDemandStyle hint = VIPS_MIN(main->dhint, sub->dhint);
	int status = vips_image_pipelinev(image, hint, main, NULL);
	return made(status || vips_image_generate(image, vips_start_many, patch_generate, vips_stop_many, in, place),
		image, out, error);
}

/* ---- a picture stretched */

static double level(const VipsImage *image, int x, int y, int band)
{
	const VipsPel *pixel = VIPS_IMAGE_ADDR(image, x, y);

	return image->BandFmt == VIPS_FORMAT_USHORT ? ((const guint16 *)(const void *)pixel)[band] : pixel[band];
}

/* Between which two of count pixels the middle of pixel at of size lies, and how far. */
static double between(int at, int size, int count, int *low, int *high)
{
	double position = VIPS_CLIP(0, (at + 0.5) * count / size - 0.5, count - 1);

	*low = (int)position;
	*high = VIPS_MIN(*low + 1, count - 1);
	return position - *low;
}

struct stretch {
	VipsImage *from;
	int colours; /* bands that alpha weighs; all bands when there is none */
	bool alpha;
};

static void stretch_pixel(const struct stretch *s, const VipsImage *out, int x, int y, VipsPel *to)
{
	int xs[2], ys[2];
	double right = between(x, out->Xsize, s->from->Xsize, &xs[0], &xs[1]);
	double down = between(y, out->Ysize, s->from->Ysize, &ys[0], &ys[1]);
	double weights[4] = {(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down};
	double total = 0, plain[4];

	memcpy(plain, weights, sizeof plain);
	for (int i = 0; i < 4; i++) {
		if (s->alpha)
			weights[i] *= level(s->from, xs[i % 2], ys[i / 2], s->colours);
		total += weights[i];
	}
	for (int band = 0; band < out->Bands; band++) {
		const double *by = band < s->colours ? weights : plain;
		double sum = 0, all = band < s->colours ? total : 1;
		for (int i = 0; i < 4; i++)
			sum += by[i] * level(s->from, xs[i % 2], ys[i / 2], band);
		double value = all > 0 ? floor(sum / all + 0.5) : 0;
		if (out->BandFmt == VIPS_FORMAT_USHORT)
			((guint16 *)(void *)to)[band] = (guint16)value;
		else
			to[band] = (VipsPel)value;
	}
}

static int stretch_generate(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
	const VipsRect *want = &out->valid;

	(void)sequence;
	(void)b;
	(void)stop;
	for (int y = want->top; y < VIPS_RECT_BOTTOM(want); y++)
		for (int x = want->left; x < VIPS_RECT_RIGHT(want); x++)
			stretch_pixel(a, out->im, x, y, VIPS_REGION_ADDR(out, x, y));
	return 0;
}

bool position_images_stretch(VipsImage *memory, int width, int height, bool alpha, VipsImage **out, GError **error)
{
	VipsImage *image = vips_image_new();
	struct stretch *stretch = VIPS_NEW(image, struct stretch);

	*stretch = (struct stretch){memory, memory->Bands - (alpha ? 1 : 0), alpha};
	keep(image, memory);
	vips_image_init_fields(
		image, width, height, memory->Bands, memory->BandFmt, VIPS_CODING_NONE, memory->Type, 1, 1);
	int status = vips_image_wio_input(memory) || vips_image_pipelinev(image, VIPS_DEMAND_STYLE_ANY, NULL);
	return made(
		status || vips_image_generate(image, NULL, stretch_generate, NULL, stretch, NULL), image, out, error);
}

/* ---- round corners */

/* How much of the pixel lies inside: the edge is treated as straight within a pixel. */
static VipsPel inside(int x, int y, int width, int height, double radius)
{
	double cx = x + 0.5, cy = y + 0.5;
	double dx = VIPS_MAX(radius - cx, cx - (width - radius)), dy = VIPS_MAX(radius - cy, cy - (height - radius));

	if (dx <= 0 || dy <= 0)
		return 255;
	return (VipsPel)(255 * VIPS_CLIP(0, radius - sqrt(dx * dx + dy * dy) + 0.5, 1) + 0.5);
}

static int round_generate(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
	const VipsRect *want = &out->valid;
	const double *radius = a;

	(void)sequence;
	(void)b;
	(void)stop;
	for (int y = want->top; y < VIPS_RECT_BOTTOM(want); y++)
		for (int x = want->left; x < VIPS_RECT_RIGHT(want); x++)
			*VIPS_REGION_ADDR(out, x, y) = inside(x, y, out->im->Xsize, out->im->Ysize, *radius);
	return 0;
}

bool position_images_round_mask(int width, int height, double radius, VipsImage **out, GError **error)
{
	VipsImage *image = vips_image_new();
	double *kept = VIPS_NEW(image, double);

	*kept = radius;
	vips_image_init_fields(
		image, width, height, 1, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE, VIPS_INTERPRETATION_B_W, 1, 1);
	int status = vips_image_pipelinev(image, VIPS_DEMAND_STYLE_ANY, NULL);
	return made(status || vips_image_generate(image, NULL, round_generate, NULL, kept, NULL), image, out, error);
}

/* ---- four sides */

struct sides {
	VipsPel pixels[4][64];
};

static int side_of(int x, int y, int width, int height)
{
	int distances[4] = {y, width - 1 - x, height - 1 - y, x}, nearest = 0;
	/* On a diagonal top and left win, as if light fell from there. */
	static const int order[4] = {0, 3, 1, 2};

	for (int i = 1; i < 4; i++)
		if (distances[order[i]] < distances[nearest])
			nearest = order[i];
	return nearest;
}

static int sides_generate(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
	const VipsRect *want = &out->valid;
	const struct sides *sides = a;
	gsize pixel = VIPS_IMAGE_SIZEOF_PEL(out->im);

	(void)sequence;
	(void)b;
	(void)stop;
	for (int y = want->top; y < VIPS_RECT_BOTTOM(want); y++)
		for (int x = want->left; x < VIPS_RECT_RIGHT(want); x++)
			memcpy(VIPS_REGION_ADDR(out, x, y),
				sides->pixels[side_of(x, y, out->im->Xsize, out->im->Ysize)], pixel);
	return 0;
}

bool position_images_sides(
	VipsImage *like, int width, int height, VipsArrayDouble *const colours[4], VipsImage **out, GError **error)
{
	VipsImage *image = vips_image_new();
	struct sides *sides = VIPS_NEW(image, struct sides);

	g_assert(VIPS_IMAGE_SIZEOF_PEL(like) <= sizeof sides->pixels[0]);
	for (int side = 0; side < 4; side++) {
		int count;
		const double *levels = vips_array_double_get(colours[side], &count);
		for (int band = 0; band < like->Bands; band++) {
			double value = levels[count == 1 ? 0 : band];
			if (like->BandFmt == VIPS_FORMAT_USHORT)
				((guint16 *)(void *)sides->pixels[side])[band] = (guint16)value;
			else
				sides->pixels[side][band] = (VipsPel)value;
		}
	}
	/* The header and the metadata of the picture, another size. */
	int status = vips_image_pipelinev(image, VIPS_DEMAND_STYLE_ANY, like, NULL);
	image->Xsize = width;
	image->Ysize = height;
	return made(status || vips_image_generate(image, NULL, sides_generate, NULL, sides, NULL), image, out, error);
}
