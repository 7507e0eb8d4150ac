/* SPDX-License-Identifier: GPL-2.0-or-later
 * What this image code computes: see image_code.h. */
#include "image/quirks/image_code.h"

#include <vips/vips.h>

#include "base/error.h"
#include "base/json.h"
#include "base/version.h"

#define SIDE 96
#define SMALL 40

/* A picture with slopes, edges and fine detail, from integer arithmetic only. */
static void paint(guint8 *pixels, int bands)
{
	guint32 state = 1;

	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++)
			for (int band = 0; band < bands; band++) {
				state = state * 1664525u + 1013904223u;
				int value = x * 2 + y * band + (state >> 27) + (x / 12 + y / 12) % 2 * 40;
				pixels[(y * SIDE + x) * bands + band] = (guint8)MIN(value, 255);
			}
}

/* Each takes a picture one step further, from the one before. */

static int blur(VipsImage *in, VipsImage **out)
{
	return vips_gaussblur(in, out, 3.0, NULL);
}

static int sharpen(VipsImage *in, VipsImage **out)
{
	return vips_sharpen(in, out, NULL);
}

static int resize(VipsImage *in, VipsImage **out)
{
	return vips_resize(in, out, 0.63, NULL);
}

static int enlarge(VipsImage *in, VipsImage **out)
{
	return vips_resize(in, out, 1.3, NULL);
}

/* By lcms, whose versions differ, too. */
static int convert(VipsImage *in, VipsImage **out)
{
	return vips_icc_transform(in, out, "p3", "input_profile", "srgb", NULL);
}

static int turn(VipsImage *in, VipsImage **out)
{
	return vips_rotate(in, out, 12, NULL);
}

static int to_lab(VipsImage *in, VipsImage **out)
{
	return vips_colourspace(in, out, VIPS_INTERPRETATION_LABS, NULL);
}

static int to_deep(VipsImage *in, VipsImage **out)
{
	return vips_colourspace(in, out, VIPS_INTERPRETATION_RGB16, NULL);
}

static int to_grey(VipsImage *in, VipsImage **out)
{
	return vips_colourspace(in, out, VIPS_INTERPRETATION_B_W, NULL);
}

static int edges(VipsImage *in, VipsImage **out)
{
	return vips_sobel(in, out, NULL);
}

static int premultiply(VipsImage *in, VipsImage **out)
{
	VipsImage *weighed = NULL;
	int status = vips_premultiply(in, &weighed, NULL) || vips_unpremultiply(weighed, out, NULL);

	g_clear_object(&weighed);
	return status;
}

typedef int (*step_fn)(VipsImage *in, VipsImage **out);
#define STEPS_MOST 4
static const struct {
	int side, bands;
	step_fn steps[STEPS_MOST];
} chains[] = {
	{SIDE, 3, {blur, sharpen, resize, convert}},
	{SMALL, 3, {turn, to_lab}},
	{SMALL, 3, {to_deep, enlarge, to_grey}},
	{SMALL, 3, {edges}},
	{SMALL, 4, {premultiply, resize}},
};

/* Each is compressed and read again. Not SVG: whether it may be read depends on the definition. */
static const char *const formats[] = {".jpg[Q=83]", ".png", ".webp[Q=71]", ".tif[compression=deflate]"};

/* The part of the painted picture that a chain takes. Owned; NULL: no memory. */
static VipsImage *source_of(const guint8 *pixels, int side, int bands)
{
	VipsImage *part = NULL;
	VipsImage *all = vips_image_new_from_memory(
		pixels, (gsize)SIDE * SIDE * (gsize)bands, SIDE, SIDE, bands, VIPS_FORMAT_UCHAR);

	if (!all)
		return NULL;
	all->Type = VIPS_INTERPRETATION_sRGB;
	vips_extract_area(all, &part, 0, 0, side, side, NULL);
	g_object_unref(all);
	return part;
}

/* Takes image. What fails is an answer, too: it is hashed as such. */
static void add_pixels(GChecksum *sum, VipsImage *image)
{
	gsize size;
	g_autofree void *bytes = image ? vips_image_write_to_memory(image, &size) : NULL;

	if (bytes)
		g_checksum_update(sum, bytes, (gssize)size);
	else
		g_checksum_update(sum, (const guchar *)"none", 4);
	vips_error_clear();
	g_clear_object(&image);
}

static void try_chain(GChecksum *sum, const guint8 *pixels, guint number)
{
	VipsImage *image = source_of(pixels, chains[number].side, chains[number].bands);

	for (guint i = 0; image && i < STEPS_MOST && chains[number].steps[i]; i++) {
		VipsImage *next = NULL;
		if (chains[number].steps[i](image, &next))
			g_clear_object(&next);
		g_object_unref(image);
		image = next;
	}
	add_pixels(sum, image);
}

static void try_format(GChecksum *sum, const guint8 *pixels, const char *format)
{
	VipsImage *source = source_of(pixels, SMALL, 3), *read = NULL;
	g_autofree void *bytes = NULL;
	gsize size = 0;

	if (source && vips_image_write_to_buffer(source, format, &bytes, &size, NULL) == 0) {
		g_checksum_update(sum, bytes, (gssize)size);
		read = vips_image_new_from_buffer(bytes, size, "", NULL);
	}
	add_pixels(sum, read);
	g_clear_object(&source);
}

#ifdef DROPMILL_TEST_HOOKS
/* As if it computed other pixels, or were of another version. */
static const char *ordered(const char *name)
{
	const char *text = g_getenv(name);

	return text && *text ? text : NULL;
}
#endif

bool image_code_hash(char **hash, GError **error)
{
	g_autofree guint8 *three = g_malloc(SIDE * SIDE * 3);
	g_autofree guint8 *four = g_malloc(SIDE * SIDE * 4);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

#ifdef DROPMILL_TEST_HOOKS
	if (ordered("DROPMILL_TEST_PIXELS")) {
		*hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, ordered("DROPMILL_TEST_PIXELS"), -1);
		return true;
	}
#endif
	paint(three, 3);
	paint(four, 4);
	for (guint i = 0; i < G_N_ELEMENTS(chains); i++)
		try_chain(sum, chains[i].bands == 3 ? three : four, i);
	for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
		try_format(sum, three, formats[i]);
	*hash = g_strdup(g_checksum_get_string(sum));
	return *hash || fail(error, ERROR_SYSTEM, "the test picture was not hashed");
}

char *image_code_vips(void)
{
#ifdef DROPMILL_TEST_HOOKS
	if (ordered("DROPMILL_TEST_VIPS"))
		return g_strdup(ordered("DROPMILL_TEST_VIPS"));
#endif
	return g_strdup_printf("%d.%d.%d", vips_version(0), vips_version(1), vips_version(2));
}

JsonObject *image_code_describe(JsonObject *known, GError **error)
{
	g_autofree char *vips = image_code_vips();
	g_autofree char *hash = NULL;
	bool same = known && g_str_equal(json_string(known, "version", ""), DROPMILL_VERSION) &&
		    g_str_equal(json_string(known, "vips", ""), vips);

	if (same)
		hash = g_strdup(json_string(known, "pixels", ""));
	else if (!image_code_hash(&hash, error))
		return NULL;
	JsonObject *code = json_object_new();
	json_object_set_string_member(code, "version", DROPMILL_VERSION);
	json_object_set_string_member(code, "vips", vips);
	json_object_set_string_member(code, "pixels", hash);
	return code;
}
