/* SPDX-License-Identifier: GPL-2.0-or-later
 * The virtual full-extent image: see tilesource.h. */
#include "image/chain/tilesource.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "image/asset/asset.h"
#include "image/quirks/quirks.h"
#include "image/table/vips_error.h"

struct tilesource {
	VipsImage *image;
	struct backing backing;
	bool missed;
	bool recording;
	bool any;
	VipsRect box;
};

#ifdef DROPMILL_TEST_HOOKS
/* Test builds only, with DROPMILL_TEST_BREAK_MARGIN=N. A request within N pixels of the edge of the sent pixels, inside
 * the picture, returns black without an error. This simulates a margin that is too small and that nobody notices. The
 * exactness tests must. */
static bool margin_is_broken(VipsRegion *out, const struct tilesource *source)
{
	const char *text = g_getenv("DROPMILL_TEST_BREAK_MARGIN");
	VipsRect safe = source->backing.have, picture = {0, 0, source->image->Xsize, source->image->Ysize};

	if (!text)
		return false;
	vips_rect_marginadjust(&safe, -atoi(text));
	vips_rect_intersectrect(&safe, &picture, &safe);
	if (vips_rect_includesrect(&safe, &out->valid))
		return false;
	vips_region_black(out);
	return true;
}
#endif

static int generate(VipsRegion *out, void *sequence, void *client, void *unused, gboolean *stop)
{
	struct tilesource *source = client;
	const struct backing *backing = &source->backing;
	const VipsRect *want = &out->valid;
	gsize pixel = VIPS_IMAGE_SIZEOF_PEL(out->im);
	gsize width = (gsize)want->width * pixel;

	(void)sequence;
	(void)unused;
	(void)stop;
	if (source->recording) {
		if (source->any)
			vips_rect_unionrect(&source->box, want, &source->box);
		else
			source->box = *want;
		source->any = true;
		vips_region_black(out);
		return 0;
	}
	if (!backing->rows || !vips_rect_includesrect(&backing->have, want)) {
		source->missed = true;
		vips_error("dropmill", "pixels %dx%d at %d,%d were not sent (have %dx%d at %d,%d, rows %d)",
			want->width, want->height, want->left, want->top, backing->have.width, backing->have.height,
			backing->have.left, backing->have.top, backing->rows != NULL);
		return -1;
	}
#ifdef DROPMILL_TEST_HOOKS
	if (margin_is_broken(out, source))
		return 0;
#endif
	for (int y = want->top; y < VIPS_RECT_BOTTOM(want); y++) {
		int row = backing->ring_rows ? y % backing->ring_rows : y - backing->top;
		const guint8 *from =
			backing->rows + (gsize)row * backing->stride + (gsize)(want->left - backing->left) * pixel;
		memcpy(VIPS_REGION_ADDR(out, want->left, y), from, width);
	}
	return 0;
}

static struct tilesource *attach(VipsImage *image /* takes */, GError **error)
{
	struct tilesource *source = g_new0(struct tilesource, 1);

	source->image = image;
	if (vips_image_generate(image, NULL, generate, NULL, source, NULL) != 0) {
		vips_failed(error, "virtual image");
		tilesource_free(source);
		return NULL;
	}
	return source;
}

JsonObject *tilesource_describe(VipsImage *image)
{
	JsonObject *d = json_object_new();

	json_object_set_int_member(d, "width", image->Xsize);
	json_object_set_int_member(d, "height", image->Ysize);
	json_object_set_int_member(d, "bands", image->Bands);
	json_object_set_string_member(d, "format", vips_enum_nick(VIPS_TYPE_BAND_FORMAT, image->BandFmt));
	json_object_set_string_member(d, "coding", vips_enum_nick(VIPS_TYPE_CODING, image->Coding));
	json_object_set_string_member(d, "interpretation", vips_enum_nick(VIPS_TYPE_INTERPRETATION, image->Type));
	json_object_set_string_member(d, "hint", vips_enum_nick(VIPS_TYPE_DEMAND_STYLE, image->dhint));
	json_object_set_double_member(d, "xres", image->Xres);
	json_object_set_double_member(d, "yres", image->Yres);
	json_object_set_int_member(d, "xoffset", image->Xoffset);
	json_object_set_int_member(d, "yoffset", image->Yoffset);
	json_object_set_int_member(d, "orientation", vips_image_get_orientation(image));
	return d;
}

static int nick(GType type, JsonObject *d, const char *name, GError **error)
{
	const char *text = json_string(d, name, "");
	int value = vips_enum_from_nick("dropmill", type, text);

	if (value < 0) {
		vips_error_clear();
		fail(error, ERROR_INPUT, "source header: %s '%s' is unknown to this libvips", name, text);
	}
	return value;
}

/* The picture's profile, which lies here as an asset does. NULL: it has none, or no step reads it. */
static bool set_profile(VipsImage *image, JsonObject *asset, GError **error)
{
	gsize length;

	if (!asset)
		return true;
	g_autoptr(GBytes) bytes = asset_bytes(asset, error);
	if (!bytes)
		return false;
	const void *data = g_bytes_get_data(bytes, &length);
	vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, data, length);
	return true;
}

struct tilesource *tilesource_new(JsonObject *d, GError **error)
{
	int format = nick(VIPS_TYPE_BAND_FORMAT, d, "format", error);
	int coding = format < 0 ? -1 : nick(VIPS_TYPE_CODING, d, "coding", error);
	int interpretation = coding < 0 ? -1 : nick(VIPS_TYPE_INTERPRETATION, d, "interpretation", error);
	int hint = interpretation < 0 ? -1 : nick(VIPS_TYPE_DEMAND_STYLE, d, "hint", error);
	gint64 width = json_int(d, "width", 0), height = json_int(d, "height", 0), bands = json_int(d, "bands", 0);

	if (hint < 0)
		return NULL;
	if (width < 1 || height < 1 || bands < 1 || width > SIDE_MOST_PX || height > SIDE_MOST_PX || bands > 1024) {
		fail(error, ERROR_INPUT,
			"source header: %" G_GINT64_FORMAT "x%" G_GINT64_FORMAT " pixels, %" G_GINT64_FORMAT
			" bands is impossible",
			width, height, bands);
		return NULL;
	}
	VipsImage *image = vips_image_new();
	vips_image_init_fields(image, (int)width, (int)height, (int)bands, format, coding, interpretation,
		json_double(d, "xres", 1), json_double(d, "yres", 1));
	image->Xoffset = (int)json_int(d, "xoffset", 0);
	image->Yoffset = (int)json_int(d, "yoffset", 0);
	gint64 orientation = json_int(d, "orientation", 1);
	if (orientation > 1)
		vips_image_set_int(image, VIPS_META_ORIENTATION, (int)orientation);
	if (!set_profile(image, json_object(d, "profile"), error)) {
		g_object_unref(image);
		return NULL;
	}
	if (vips_image_pipelinev(image, hint, NULL) != 0) {
		vips_failed(error, "virtual image");
		g_object_unref(image);
		return NULL;
	}
	return attach(image, error);
}

struct tilesource *tilesource_new_like(VipsImage *like, GError **error)
{
	VipsImage *image = vips_image_new();

	/* pipelinev with the image as input would make its hint the minimum of both, which is the same. */
	if (vips_image_pipelinev(image, like->dhint, like, NULL) != 0) {
		vips_failed(error, "virtual image");
		g_object_unref(image);
		return NULL;
	}
	/* The file is opened to be read once; a virtual image can be asked anywhere. Operations that see the flag would put caches in. */
	vips_image_remove(image, VIPS_META_SEQUENTIAL);
	return attach(image, error);
}

void tilesource_free(struct tilesource *source)
{
	if (!source)
		return;
	g_clear_object(&source->image);
	g_free(source);
}

VipsImage *tilesource_image(struct tilesource *source)
{
	return source->image;
}

void tilesource_set(struct tilesource *source, const struct backing *backing)
{
	source->backing = *backing;
	source->missed = false;
}

bool tilesource_missed(const struct tilesource *source)
{
	return source->missed;
}

void tilesource_record(struct tilesource *source)
{
	source->recording = true;
	source->any = false;
}

bool tilesource_recorded(struct tilesource *source, VipsRect *box)
{
	source->recording = false;
	if (source->any)
		*box = source->box;
	return source->any;
}
