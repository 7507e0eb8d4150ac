/* SPDX-License-Identifier: GPL-2.0-or-later
 * Assets' pictures, made alike to the picture that they go on: see overlay.h. */
#include "image/kernels/overlay.h"
#include "image/kernels/blend.h"

#include <math.h>

#include "base/error.h"
#include "base/json.h"
#include "image/kernels/position_images.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"

/* What is rendered is kept: each job of a pipeline, and in a codec each of two builds, needs the same. */
#define KEPT_BYTES (64 << 20)
/* Rendered in memory up to this size; what is larger is stretched from there, pixel by pixel as asked. */
#define MOST_PIXELS (16 << 20)

struct rendered {
	char *key;
	VipsImage *image;
};

static GMutex lock;
static GQueue kept; /* struct rendered, most recently used first */

static void rendered_free(struct rendered *rendered)
{
	g_object_unref(rendered->image);
	g_free(rendered->key);
	g_free(rendered);
}

static VipsImage *find_kept(const char *key)
{
	VipsImage *image = NULL;

	g_mutex_lock(&lock);
	for (GList *link = kept.head; link && !image; link = link->next) {
		struct rendered *rendered = link->data;
		if (!g_str_equal(rendered->key, key))
			continue;
		image = g_object_ref(rendered->image);
		g_queue_unlink(&kept, link);
		g_queue_push_head_link(&kept, link);
		break;
	}
	g_mutex_unlock(&lock);
	return image;
}

static void keep(const char *key, VipsImage *image)
{
	struct rendered *rendered = g_new(struct rendered, 1);
	gsize bytes = 0;

	*rendered = (struct rendered){g_strdup(key), g_object_ref(image)};
	g_mutex_lock(&lock);
	g_queue_push_head(&kept, rendered);
	for (GList *link = kept.head, *next; link; link = next) {
		struct rendered *old = link->data;
		next = link->next;
		bytes += VIPS_IMAGE_SIZEOF_IMAGE(old->image);
		if (bytes > KEPT_BYTES && link != kept.head) {
			g_queue_delete_link(&kept, link);
			rendered_free(old);
		}
	}
	g_mutex_unlock(&lock);
}

VipsImage *overlay_to_memory(VipsImage *image, VipsInterpretation type, GError **error)
{
	gsize length;
	void *pixels = vips_image_write_to_memory(image, &length);
	VipsImage *out = pixels ? vips_image_new_from_memory_copy(
					  pixels, length, image->Xsize, image->Ysize, image->Bands, image->BandFmt)
				: NULL;

	g_free(pixels);
	if (out)
		out->Type = type;
	else
		vips_failed(error, NULL);
	return out;
}

/* Upright, in the colours of a screen where a profile says what its numbers mean. */
static VipsImage *open_upright(JsonObject *asset, GError **error)
{
	g_autoptr(VipsImage) file = asset_image(asset, error);
	g_autoptr(VipsImage) upright = NULL;
	VipsImage *plain = NULL;

	if (!file)
		return NULL;
	if (vips_autorot(file, &upright, NULL)) {
		vips_failed(error, NULL);
		return NULL;
	}
	if (!vips_image_get_typeof(upright, VIPS_META_ICC_NAME))
		return g_steal_pointer(&upright);
	int depth = upright->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;
	if (vips_icc_transform(upright, &plain, "srgb", "embedded", TRUE, "depth", depth, NULL) == 0)
		return plain;
	vips_error_clear(); /* a profile that does not fit its picture: the numbers are taken as they are */
	return g_steal_pointer(&upright);
}

/* A picture of another kind (Lab, floats) becomes RGB. Takes image. */
static VipsImage *to_common(VipsImage *image, struct kind *kind, GError **error)
{
	g_autoptr(VipsImage) from = image;
	VipsImage *out = NULL;

	if (kind_of(from, kind, NULL))
		return g_steal_pointer(&from);
	if (vips_colourspace(from, &out, VIPS_INTERPRETATION_sRGB, NULL)) {
		vips_failed(error, NULL);
		return NULL;
	}
	if (kind_of(out, kind, error))
		return out;
	g_object_unref(out);
	return NULL;
}

static VipsInterpretation space_of(int colours, bool deep)
{
	if (colours == 1)
		return deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
	if (colours == 3)
		return deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
	return VIPS_INTERPRETATION_CMYK;
}

/* 8 bits to 16 and back, so that white stays white. */
static int change_depth(VipsImage *in, bool deep, VipsImage **out)
{
	VipsBandFormat format = deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR;
	g_autoptr(VipsImage) scaled = NULL, whole = NULL;

	if (in->BandFmt == format)
		return vips_copy(in, out, NULL);
	return vips_linear1(in, &scaled, deep ? 257 : 1 / 257.0, 0, NULL) ||
	       vips_round(scaled, &whole, VIPS_OPERATION_ROUND_RINT, NULL) || vips_cast(whole, out, format, NULL);
}

/* from's colours and alpha as kind has them. Alpha goes its own way: it knows no colour space. */
static int make_alike(VipsImage *from, const struct kind *own, const struct kind *kind, VipsImage **out)
{
	g_autoptr(VipsImage) colours = NULL, tagged = NULL, flat = NULL, converted = NULL, deep_colours = NULL;
	g_autoptr(VipsImage) alpha = NULL, deep_alpha = NULL;
	/* CMYK has one depth in libvips' conversions. */
	bool via_8 = own->deep && own->colours != kind->colours && (kind->colours == 4 || own->colours == 4);
	bool deep = own->deep && !via_8;

	if (vips_extract_band(from, &colours, 0, "n", own->colours, NULL) || change_depth(colours, deep, &flat) ||
		vips_copy(flat, &tagged, "interpretation", space_of(own->colours, deep), NULL))
		return -1;
	if (own->colours == kind->colours)
		converted = g_object_ref(tagged);
	else if (vips_colourspace(tagged, &converted, space_of(kind->colours, deep), NULL))
		return -1;
	if (change_depth(converted, kind->deep, &deep_colours))
		return -1;
	if (!own->alpha)
		return vips_bandjoin_const1(deep_colours, out, kind->most, NULL);
	return vips_extract_band(from, &alpha, own->colours, NULL) || change_depth(alpha, kind->deep, &deep_alpha) ||
	       vips_bandjoin2(deep_colours, deep_alpha, out, NULL);
}

/* Resampled with the colours weighed by alpha, so that what is transparent does not bleed. */
static int resample(VipsImage *in, int width, int height, double most, bool alpha, VipsImage **out)
{
	g_autoptr(VipsImage) weighed = NULL, sized = NULL, exact = NULL, plain = NULL, whole = NULL;
	double x = (double)width / in->Xsize, y = (double)height / in->Ysize;

	if (alpha ? vips_premultiply(in, &weighed, "max_alpha", most, NULL) : vips_copy(in, &weighed, NULL))
		return -1;
	/* Rounding may leave a pixel too few or too many. */
	if (vips_resize(weighed, &sized, x, "vscale", y, NULL) ||
		vips_embed(sized, &exact, 0, 0, width, height, "extend", VIPS_EXTEND_COPY, NULL) ||
		(alpha ? vips_unpremultiply(exact, &plain, "max_alpha", most, NULL) : vips_copy(exact, &plain, NULL)))
		return -1;
	return vips_round(plain, &whole, VIPS_OPERATION_ROUND_RINT, NULL) || vips_cast(whole, out, in->BandFmt, NULL);
}

/* In memory, at most MOST_PIXELS of it. mask: as one band of brightness. */
static VipsImage *render(JsonObject *asset, const struct kind *kind, bool mask, int width, int height, GError **error)
{
	struct kind own;
	g_autoptr(VipsImage) upright = open_upright(asset, error);
	g_autoptr(VipsImage) common = upright ? to_common(g_steal_pointer(&upright), &own, error) : NULL;
	g_autoptr(VipsImage) alike = NULL, flat = NULL, sized = NULL;

	if (!common)
		return NULL;
	if (make_alike(common, &own, kind, &alike) ||
		(mask ? vips_flatten(alike, &flat, NULL) : vips_copy(alike, &flat, NULL))) {
		vips_failed(error, NULL);
		return NULL;
	}
	/* Decoded once: a resize would ask twice. */
	g_autoptr(VipsImage) memory = overlay_to_memory(flat, space_of(kind->colours, kind->deep), error);
	if (!memory || (memory->Xsize == width && memory->Ysize == height))
		return g_steal_pointer(&memory);
	if (resample(memory, width, height, kind->most, !mask, &sized)) {
		vips_failed(error, NULL);
		return NULL;
	}
	return overlay_to_memory(sized, space_of(kind->colours, kind->deep), error);
}

static bool open_sized(JsonObject *asset, const struct kind *kind, bool mask, int width, int height, bool smooth,
	VipsImage **out, GError **error)
{
	int w = width, h = height;
	double pixels = (double)width * height;

	if (pixels > MOST_PIXELS && smooth) {
		double factor = sqrt(MOST_PIXELS / pixels);
		w = VIPS_MAX(1, (int)(width * factor));
		h = VIPS_MAX(1, (int)(height * factor));
	}
	g_autofree char *key = g_strdup_printf(
		"%s %d %d %d %d %d", json_string(asset, "sha256", ""), w, h, kind->colours, kind->deep, mask);
	g_autoptr(VipsImage) memory = find_kept(key);
	if (!memory) {
		memory = render(asset, kind, mask, w, h, error);
		if (!memory)
			return false;
		keep(key, memory);
	}
	if (w != width || h != height)
		return position_images_stretch(memory, width, height, !mask, out, error);
	*out = g_steal_pointer(&memory);
	return true;
}

bool overlay_size(JsonObject *asset, int *width, int *height, GError **error)
{
	g_autoptr(VipsImage) file = asset_image(asset, error);

	if (!file)
		return false;
	bool turned = vips_image_get_orientation_swap(file);
	*width = turned ? file->Ysize : file->Xsize;
	*height = turned ? file->Xsize : file->Ysize;
	return true;
}

bool overlay_open(JsonObject *asset, const struct kind *kind, int width, int height, VipsImage **out, GError **error)
{
	int own_width, own_height;

	if (!overlay_size(asset, &own_width, &own_height, error))
		return false;
	bool own = width <= 0 || height <= 0 || (width == own_width && height == own_height);
	return open_sized(asset, kind, false, own ? own_width : width, own ? own_height : height, !own, out, error);
}

bool overlay_open_mask(JsonObject *asset, int width, int height, VipsImage **out, GError **error)
{
	static const struct kind grey = {.colours = 1, .most = 255};

	return open_sized(asset, &grey, true, width, height, true, out, error);
}
