/* SPDX-License-Identifier: GPL-2.0-or-later
 * The ICC profile in a picture: see profile.h. */
#include "image/read/profile.h"

#include <stdlib.h>
#include <string.h>

#include "image/quirks/quirks.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"

/* Bytes of a profile's header, and of one entry in the table of tags that follows after their number. */
#define HEADER 128
#define TAG 12

int profile_colours_in(VipsInterpretation space)
{
	switch (space) {
	case VIPS_INTERPRETATION_B_W:
	case VIPS_INTERPRETATION_GREY16:
		return 1;
	case VIPS_INTERPRETATION_CMYK:
		return 4;
	case VIPS_INTERPRETATION_MULTIBAND:
	case VIPS_INTERPRETATION_HISTOGRAM:
	case VIPS_INTERPRETATION_MATRIX:
	case VIPS_INTERPRETATION_FOURIER:
		return 0;
	default:
		return 3;
	}
}

int profile_bands(const void *data, gsize length)
{
	static const struct {
		const char *signature;
		int bands;
	} known[] = {{"GRAY", 1}, {"RGB ", 3}, {"CMYK", 4}};

	for (guint i = 0; length >= HEADER && i < G_N_ELEMENTS(known); i++)
		if (memcmp((const char *)data + 16, known[i].signature, 4) == 0)
			return known[i].bands;
	return 0;
}

static const void *embedded(VipsImage *image, gsize *length)
{
	const void *data;

	*length = 0;
	if (!vips_image_get_typeof(image, VIPS_META_ICC_NAME) ||
		vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, length))
		return NULL;
	return data;
}

int profile_embedded_bands(VipsImage *image)
{
	gsize length;
	const void *data = embedded(image, &length);

	return data ? profile_bands(data, length) : 0;
}

static guint32 number_at(const guint8 *data, gsize at)
{
	guint32 number;

	memcpy(&number, data + at, sizeof number);
	return GUINT32_FROM_BE(number);
}

/* As long as its header says, when it is longer: padding lies behind. */
static gsize length_without_padding(const guint8 *data, gsize length)
{
	return length >= HEADER ? MIN(length, number_at(data, 0)) : length;
}

void profile_trim(VipsImage *image)
{
	gsize length;
	const guint8 *data = embedded(image, &length);
	gsize unpadded = length_without_padding(data, length);

	if (unpadded >= HEADER && unpadded < length)
		vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, data, unpadded);
}

static bool tags_lie_inside(const guint8 *data, gsize length)
{
	guint32 count = number_at(data, HEADER);

	if (count > (length - HEADER - 4) / TAG)
		return false;
	for (gsize at = HEADER + 4, i = 0; i < count; i++, at += TAG) {
		guint32 start = number_at(data, at + 4), size = number_at(data, at + 8);
		if (start > length || size > length - start)
			return false;
	}
	return true;
}

bool profile_suits_png(VipsImage *image)
{
	gsize length;
	const guint8 *data = embedded(image, &length);

	if (!data)
		return true;
	length = length_without_padding(data, length);
	if (length < HEADER + 4 || number_at(data, 0) != length || (data[8] > 3 && length % 4 != 0))
		return false;
	return memcmp(data + 36, "acsp", 4) == 0 && number_at(data, 64) < 0xffff && memcmp(data + 12, "abst", 4) != 0 &&
	       memcmp(data + 12, "link", 4) != 0 &&
	       (memcmp(data + 20, "XYZ ", 4) == 0 || memcmp(data + 20, "Lab ", 4) == 0) &&
	       tags_lie_inside(data, length);
}

/* The alpha of what cannot be seen through, beside these colours. */
static double full_alpha(const VipsImage *colours)
{
	if (colours->BandFmt == VIPS_FORMAT_USHORT)
		return 65535;
	return colours->Type == VIPS_INTERPRETATION_scRGB && quirk(QUIRK_ALPHA_OF_SCRGB) ? 1 : 255;
}

/* alpha stood beside before, and comes to stand beside colours. */
static bool alpha_like(VipsImage *alpha, VipsImage *before, VipsImage *colours, VipsImage **out, GError **error)
{
	double from = full_alpha(before), to = full_alpha(colours);
	g_autoptr(VipsImage) scaled = NULL, whole = NULL;

	if (from == to ? vips_copy(alpha, &scaled, NULL) : vips_linear1(alpha, &scaled, to / from, 0, NULL))
		return vips_failed(error, NULL);
	if (vips_band_format_isint(colours->BandFmt) ? vips_round(scaled, &whole, VIPS_OPERATION_ROUND_RINT, NULL)
						     : vips_copy(scaled, &whole, NULL))
		return vips_failed(error, NULL);
	if (vips_cast(whole, out, colours->BandFmt, NULL))
		return vips_failed(error, NULL);
	/* Bands that are joined bring all their metadata: the old profile would come back. */
	vips_image_remove(*out, VIPS_META_ICC_NAME);
	return true;
}

bool profile_convert_colours(
	VipsImage *in, profile_conversion convert, const void *data, VipsImage **out, GError **error)
{
	int colours = profile_colours_in(vips_image_guess_interpretation(in));
	g_autoptr(VipsImage) first = NULL, rest = NULL, converted = NULL, fitting = NULL;

	if (in->Coding != VIPS_CODING_NONE || !colours || in->Bands <= colours)
		return convert(in, data, out, error);
	if (vips_extract_band(in, &first, 0, "n", colours, NULL) ||
		vips_extract_band(in, &rest, colours, "n", in->Bands - colours, NULL))
		return vips_failed(error, NULL);
	if (!convert(first, data, &converted, error) || !alpha_like(rest, first, converted, &fitting, error))
		return false;
	return vips_bandjoin2(converted, fitting, out, NULL) == 0 || vips_failed(error, NULL);
}

/* As the step icc does it by default. */
static int to_srgb(VipsImage *in, VipsImage **out)
{
	return vips_icc_transform(in, out, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_RELATIVE, "depth",
		in->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8, NULL);
}

/* CMYK without a profile that can be read: libvips' own. */
static int ink_to_srgb(VipsImage *in, VipsImage **out)
{
	return vips_icc_transform(in, out, "srgb", "embedded", FALSE, "input_profile", "cmyk", "intent",
		VIPS_INTENT_RELATIVE, "depth", in->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8, NULL);
}

bool profile_works(VipsImage *image)
{
	g_autoptr(VipsImage) converted = NULL;
	bool works = !vips_image_get_typeof(image, VIPS_META_ICC_NAME) || to_srgb(image, &converted) == 0;

	if (!works)
		vips_error_clear();
	return works;
}

/* Colours that tell sRGB from everything else: each level of grey, or a net through the cube. */
#define NET 9
#define SAMPLES (NET * NET * NET)
/* Profiles of sRGB that were made in different ways differ by one level of 255; one of gamma 2.2 with sRGB's primaries by 7. */
#define NEAR 1

static VipsImage *samples(int bands)
{
	guint8 levels[SAMPLES * 3];
	g_autoptr(VipsImage) borrowed = NULL;
	int count = bands == 1 ? 256 : SAMPLES;

	for (int i = 0; i < count; i++) {
		if (bands == 1) {
			levels[i] = (guint8)i;
			continue;
		}
		for (int band = 0, rest = i; band < 3; band++, rest /= NET)
			levels[3 * i + band] = (guint8)MIN(255, rest % NET * (256 / (NET - 1)));
	}
	borrowed = vips_image_new_from_memory_copy(
		levels, (gsize)count * (gsize)bands, count, 1, bands, VIPS_FORMAT_UCHAR);
	if (borrowed)
		borrowed->Type = bands == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
	return g_steal_pointer(&borrowed);
}

static bool changes_little(const void *data, gsize length, int bands)
{
	g_autoptr(VipsImage) image = samples(bands);
	g_autoptr(VipsImage) converted = NULL;
	gsize before_size = 0, after_size = 0;

	if (!image)
		return true;
	vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, data, length);
	if (to_srgb(image, &converted))
		return true;
	g_autofree guint8 *before = vips_image_write_to_memory(image, &before_size);
	g_autofree guint8 *after = vips_image_write_to_memory(converted, &after_size);
	for (gsize i = 0; before && after && i < after_size; i++)
		if (abs(after[i] - before[bands == 1 ? i / 3 : i]) > NEAR)
			return false;
	return true;
}

/* Found out once for each profile: it takes some milliseconds, and folders of photographs have few profiles. */
#define KNOWN_MOST 64

static bool is_srgb(const void *data, gsize length, int bands)
{
	static GMutex lock;
	static GHashTable *known; /* hex SHA-256 to 1 (is not) or 2 (is) */
	g_autofree char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, length);

	g_mutex_lock(&lock);
	if (!known)
		known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	int found = GPOINTER_TO_INT(g_hash_table_lookup(known, hash));
	g_mutex_unlock(&lock);
	if (found)
		return found == 2;
	found = changes_little(data, length, bands) ? 2 : 1;
	vips_error_clear();
	g_mutex_lock(&lock);
	if (g_hash_table_size(known) >= KNOWN_MOST)
		g_hash_table_remove_all(known);
	g_hash_table_insert(known, g_steal_pointer(&hash), GINT_TO_POINTER(found));
	g_mutex_unlock(&lock);
	return found == 2;
}

/* The colours that libvips sees in the picture are those that a profile of so many bands describes. */
static bool fits(VipsImage *image, int bands)
{
	switch (vips_image_guess_interpretation(image)) {
	case VIPS_INTERPRETATION_B_W:
	case VIPS_INTERPRETATION_GREY16:
		return bands == 1;
	case VIPS_INTERPRETATION_sRGB:
	case VIPS_INTERPRETATION_RGB:
	case VIPS_INTERPRETATION_RGB16:
		return bands == 3 && image->Bands >= 3;
	case VIPS_INTERPRETATION_CMYK:
		return bands == 4 && image->Bands >= 4;
	default:
		return false;
	}
}

bool profile_matters(VipsImage *image)
{
	gsize length;
	const void *data = embedded(image, &length);
	int bands = data ? profile_bands(data, length) : 0;

	if (!bands || image->Coding != VIPS_CODING_NONE || !fits(image, bands) ||
		(image->BandFmt != VIPS_FORMAT_UCHAR && image->BandFmt != VIPS_FORMAT_USHORT))
		return false;
	return bands == 4 || !is_srgb(data, length, bands);
}

bool profile_same(VipsImage *one, VipsImage *other)
{
	gsize length = 0, other_length = 0;
	const void *data = embedded(one, &length), *other_data = embedded(other, &other_length);

	return length == other_length &&
	       (data == other_data || (data && other_data && !memcmp(data, other_data, length)));
}

/* Of grey each band of RGB has the same, but for a rounding; green is what the eye sees most of. */
static bool convert(VipsImage *in, const void *unused, VipsImage **out, GError **error)
{
	bool deep = in->BandFmt == VIPS_FORMAT_USHORT;
	g_autoptr(VipsImage) converted = NULL, green = NULL;

	(void)unused;
	bool own = profile_embedded_bands(in) != 4 || profile_works(in);
	if (own ? to_srgb(in, &converted) : ink_to_srgb(in, &converted))
		return vips_failed(error, NULL);
	if (in->Bands != 1)
		return vips_copy(converted, out, NULL) == 0 || vips_failed(error, NULL);
	return (vips_extract_band(converted, &green, 1, NULL) == 0 &&
		       vips_copy(green, out, "interpretation",
			       deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W, NULL) == 0) ||
	       vips_failed(error, NULL);
}

bool profile_settle(VipsImage *in, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) converted = NULL;

	if (profile_matters(in) && !profile_convert_colours(in, convert, NULL, &converted, error))
		return false;
	if (vips_copy(converted ? converted : in, out, NULL)) /* has a list of fields of its own */
		return vips_failed(error, NULL);
	vips_image_remove(*out, VIPS_META_ICC_NAME);
	return true;
}
