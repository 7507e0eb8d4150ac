/* SPDX-License-Identifier: GPL-2.0-or-later
 * Before the saver: metadata that stays, depth and colour that the format can hold: see format_prepare.h. libvips'
 * savers convert by themselves. Here is the rest: what they do not convert, or not as people expect (foreign.c, convert_saveable()). */
#include "image/encode/format_prepare.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "image/encode/thumbnail.h"
#include "image/quirks/quirks.h"
#include "image/read/previews.h"
#include "image/read/profile.h"
#include "image/read/unsupported.h"
#include "image/table/auto.h"
#include "image/table/colour.h"
#include "image/table/vips_error.h"

static bool is_png(const struct format *format)
{
	return g_str_equal(format->name, "png");
}

/* Metadata by the words of `keep`; a name that ends in - stands for all that begin so. */
static const struct field {
	const char *name, *kind;
} fields[] = {
	{VIPS_META_ICC_NAME, "icc"},
	{VIPS_META_EXIF_NAME, "exif"},
	{"exif-", "exif"},
	{VIPS_META_ORIENTATION, "exif"},
	{VIPS_META_XMP_NAME, "xmp"},
	{VIPS_META_IPTC_NAME, "iptc"},
	{VIPS_META_PHOTOSHOP_NAME, "iptc"},
	{"png-comment-", ""},
	{"gif-comment", ""},
	{"jpeg-thumbnail-data", ""},
	{VIPS_META_IMAGEDESCRIPTION, ""},
};

static bool listed(JsonArray *words, const char *word)
{
	for (guint i = 0; words && i < json_array_get_length(words); i++)
		if (g_strcmp0(json_array_get_string_element(words, i), word) == 0)
			return true;
	return false;
}

/* keep: NULL is none. */
static bool stays(const char *name, JsonArray *keep)
{
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		const char *known = fields[i].name;
		bool same = g_str_has_suffix(known, "-") ? g_str_has_prefix(name, known) : g_str_equal(name, known);
		if (same)
			return listed(keep, fields[i].kind);
	}
	return true; /* density, bits and the like belong to the pixels */
}

/* image is our own copy of the header. */
static void keep_only(VipsImage *image, JsonArray *keep)
{
	g_auto(GStrv) names = vips_image_get_fields(image);

	for (char **name = names; *name; name++)
		if (vips_image_get_typeof(image, *name) && !stays(*name, keep))
			vips_image_remove(image, *name);
}

/* One image after the other takes the place of *image. Each returns false after a libvips error. */

static bool replace(VipsImage **image, int status, VipsImage *next)
{
	if (status)
		return false;
	g_object_unref(*image);
	*image = next;
	return true;
}

static bool own_header(VipsImage **image)
{
	VipsImage *next = NULL;
	int status = vips_copy(*image, &next, NULL);

	return replace(image, status, next);
}

static bool tag(VipsImage **image, VipsInterpretation interpretation)
{
	VipsImage *next = NULL;
	int status = vips_copy(*image, &next, "interpretation", interpretation, NULL);

	return replace(image, status, next);
}

static bool to_space(VipsImage **image, VipsInterpretation interpretation)
{
	VipsImage *next = NULL;
	int status = vips_colourspace(*image, &next, interpretation, NULL);

	return replace(image, status, next);
}

static bool cast(VipsImage **image, VipsBandFormat format)
{
	VipsImage *next = NULL;
	int status = vips_cast(*image, &next, format, NULL);

	return replace(image, status, next);
}

static bool tagged_16(const VipsImage *image)
{
	return image->Type == VIPS_INTERPRETATION_RGB16 || image->Type == VIPS_INTERPRETATION_GREY16;
}

/* As convert_saveable() does for formats of 8 bits. Savers with the option to write 8 bits would clip instead. */
static bool down_to_8(VipsImage **image)
{
	VipsImage *next = NULL;
	VipsInterpretation plain =
		(*image)->Type == VIPS_INTERPRETATION_GREY16 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;

	if (!tagged_16(*image) || !cast(image, VIPS_FORMAT_USHORT))
		return !tagged_16(*image);
	int status = vips_rshift_const1(*image, &next, 8, NULL);
	return replace(image, status, next) && cast(image, VIPS_FORMAT_UCHAR) && tag(image, plain);
}

static bool up_to_16(VipsImage **image)
{
	VipsImage *next = NULL;

	if ((*image)->BandFmt != VIPS_FORMAT_UCHAR)
		return true;
	VipsInterpretation deep = (*image)->Bands < 3 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16;
	int status = vips_linear1(*image, &next, 257, 0, NULL);
	return replace(image, status, next) && cast(image, VIPS_FORMAT_USHORT) && tag(image, deep);
}

bool prepare_is_plain(const VipsImage *image)
{
	switch (image->Type) {
	case VIPS_INTERPRETATION_B_W:
	case VIPS_INTERPRETATION_GREY16:
	case VIPS_INTERPRETATION_sRGB:
	case VIPS_INTERPRETATION_RGB16:
	case VIPS_INTERPRETATION_RGB:
	case VIPS_INTERPRETATION_MULTIBAND:
		return image->Coding == VIPS_CODING_NONE;
	default:
		return false;
	}
}

static bool tag_plain(VipsImage **image, bool deep)
{
	if ((*image)->Bands < 3)
		return tag(image, deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W);
	return tag(image, deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB);
}

static bool saves_any_space(const struct format *format)
{
	return format->any || (format->light && quirk(QUIRK_JXL_OF_OTHER_SPACES));
}

/* The picture as something every reader of the format shows. */
static bool to_plain(VipsImage **image, const struct format *format)
{
	VipsImage *next = NULL;

	/* Eight bits that say they are sixteen: savers believe the tag and write the wrong depth. */
	if (tagged_16(*image) && (*image)->BandFmt == VIPS_FORMAT_UCHAR)
		return tag(image, (*image)->Type == VIPS_INTERPRETATION_GREY16 ? VIPS_INTERPRETATION_B_W
									       : VIPS_INTERPRETATION_sRGB);
	if ((*image)->Type == VIPS_INTERPRETATION_MULTIBAND && g_str_equal(format->saver, "heifsave") &&
		quirk(QUIRK_HEIF_OF_MULTIBAND))
		return tag_plain(image, (*image)->BandFmt == VIPS_FORMAT_USHORT);
	if (format->spaces)
		return true;
	/* Signed bytes (`vips: sign`): see QUIRK_PNG_BY_TAG. */
	if (tagged_16(*image) && (*image)->BandFmt != VIPS_FORMAT_USHORT && !cast(image, VIPS_FORMAT_USHORT))
		return false;
	/* Savers leave scene-linear light alone, and cast 0 to 1 to black and almost black. */
	if ((*image)->Type == VIPS_INTERPRETATION_scRGB)
		return format->light ||
		       to_space(image, format->deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB);
	if (!saves_any_space(format) || prepare_is_plain(*image))
		return true;
	/* Savers that take anything write Lab and CMYK as if they were colours of a screen. */
	if ((*image)->Type == VIPS_INTERPRETATION_CMYK && (*image)->Bands >= 4) {
		int status = vips_icc_transform(*image, &next, "srgb", "embedded", TRUE, "input_profile", "cmyk", NULL);
		if (!replace(image, status, next))
			return false;
		vips_image_remove(*image, VIPS_META_ICC_NAME);
		return true;
	}
	if (!vips_colourspace_issupported(*image))
		return true;
	return to_space(image, VIPS_INTERPRETATION_sRGB);
}

static bool to_depth(VipsImage **image, const struct format *format, JsonObject *save)
{
	int bits = atoi(json_string(save, "bitdepth", "0"));

	/* A pyramid's tiles are JPEG and the like; its saver averages before they are cut. */
	if ((bits && bits <= 8) || (is_png(format) && json_bool(save, "palette", false)) || format->folder)
		return down_to_8(image) && (!format->folder || cast(image, VIPS_FORMAT_UCHAR));
	if (bits > 8)
		return !prepare_is_plain(*image) || up_to_16(image);
	return true;
}

/* libtiff's WebP takes RGB of 8 bits, with alpha or without. See QUIRK_TIFF_WEBP_OF_ALL. */
static bool to_webp(VipsImage **image)
{
	return down_to_8(image) &&
	       (((*image)->Type == VIPS_INTERPRETATION_sRGB && (*image)->Bands >= 3) ||
		       to_space(image, VIPS_INTERPRETATION_sRGB)) &&
	       ((*image)->BandFmt == VIPS_FORMAT_UCHAR || cast(image, VIPS_FORMAT_UCHAR));
}

/* Alpha into formats without one: on the colour asked for. Without a wish libvips' saver does it, on black. */
static bool flatten(VipsImage **image, const char *colour, GError **error)
{
	VipsImage *next = NULL;

	if (!vips_image_hasalpha(*image))
		return true;
	if (!prepare_is_plain(*image) && (*image)->Type != VIPS_INTERPRETATION_CMYK &&
		!to_space(image, VIPS_INTERPRETATION_sRGB))
		return false;
	VipsArrayDouble *all = colour_in_bands(colour, *image, error);
	if (!all)
		return false;
	int count;
	double *levels = vips_array_double_get(all, &count);
	VipsArrayDouble *solid = vips_array_double_new(levels, count - 1);
	int status = vips_flatten(*image, &next, "background", solid, NULL);
	vips_area_unref(VIPS_AREA(all));
	vips_area_unref(VIPS_AREA(solid));
	return replace(image, status, next);
}

/* A colour profile that was made for other colours confuses readers; savers would keep some. libvips accepts a profile
 * of fewer bands, so the bands are compared here. TIFF's saver would keep those that lcms cannot read, too. PNG's saver
 * refuses or keeps those that PNG does not allow, by the library that it was built with. */
static void drop_alien_profile(VipsImage *image, const struct format *format)
{
	int described = profile_embedded_bands(image);
	int colours = profile_colours_in(vips_image_guess_interpretation(image));
	const void *data;
	size_t length;

	if (!vips_image_get_typeof(image, VIPS_META_ICC_NAME) ||
		vips_image_get_blob(image, VIPS_META_ICC_NAME, &data, &length))
		return;
	if ((described && colours && described != colours) || (is_png(format) && !profile_suits_png(image)) ||
		(g_str_equal(format->name, "tiff") && !vips_icc_is_compatible_profile(image, data, length)))
		vips_image_remove(image, VIPS_META_ICC_NAME);
}

/* libvips refuses to save a picture whose EXIF is shorter than its first word. */
static void drop_short_exif(VipsImage *image)
{
	const void *data;
	size_t length;

	if (vips_image_get_typeof(image, VIPS_META_EXIF_NAME) &&
		vips_image_get_blob(image, VIPS_META_EXIF_NAME, &data, &length) == 0 && length < 4)
		vips_image_remove(image, VIPS_META_EXIF_NAME);
}

/* PNG's saver writes an orientation only into EXIF that is there; a TIFF, for one, has its own tag for it. */
static void carry_orientation(VipsImage *image)
{
	static const char empty[] = "Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0";

	if (vips_image_get_orientation(image) > 1 && !vips_image_get_typeof(image, VIPS_META_EXIF_NAME))
		vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, empty, sizeof(empty) - 1);
}

bool prepare_is_opaque(const struct format *format, JsonObject *save)
{
	return format->folder ? strstr(json_string(save, "suffix", ".jpg"), ".jp") != NULL : format->opaque;
}

bool prepare_is_webp_in_tiff(JsonObject *save)
{
	return g_str_equal(json_string(save, "compression", ""), "webp");
}

/* Pyramids leave all metadata out but what keep names: each tile would carry it. */
static bool leaves_out_profile(const struct format *format, JsonObject *save)
{
	JsonArray *keep = json_array(save, "keep");

	return format->no_profile || json_bool(save, "strip", false) || (keep ? !listed(keep, "icc") : format->folder);
}

/* Colours of a palette are RGB. */
static bool makes_grey_rgb(const struct format *format, JsonObject *save)
{
	return format->no_grey || prepare_is_webp_in_tiff(save) ||
	       (is_png(format) && json_bool(save, "palette", false));
}

bool prepare_makes_ink_rgb(VipsImage *image, const struct format *format, JsonObject *save)
{
	bool holds = format->ink && !prepare_is_webp_in_tiff(save);

	return !holds && vips_image_guess_interpretation(image) == VIPS_INTERPRETATION_CMYK;
}

static bool will_drop_profile(VipsImage *image, const struct format *format, JsonObject *save)
{
	bool grey = image->Bands < 3;

	return !g_str_equal(json_string(save, "keep_colours", "seen"), "raw") &&
	       (leaves_out_profile(format, save) || (grey && makes_grey_rgb(format, save)) ||
		       prepare_makes_ink_rgb(image, format, save) || (is_png(format) && !profile_suits_png(image)));
}

bool format_drops_profile(VipsImage *image, const char *name, JsonObject *save)
{
	const struct format *format = format_find(name);

	return format && will_drop_profile(image, format, save) && profile_matters(image);
}

/* What the saver would cast (`vips: linear` gives floats) is cast before, so that a profile describes it. Some formats keep such numbers. */
static bool to_integers(VipsImage **image, const struct format *format)
{
	bool integers = (*image)->BandFmt == VIPS_FORMAT_UCHAR || (*image)->BandFmt == VIPS_FORMAT_USHORT;
	bool colours = prepare_is_plain(*image) || (*image)->Type == VIPS_INTERPRETATION_CMYK;

	if (integers || !colours || format->light || !profile_embedded_bands(*image))
		return true;
	return cast(image, tagged_16(*image) ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
}

static bool settle_colours(VipsImage **image, const struct format *format, JsonObject *save, GError **error)
{
	VipsImage *next = NULL;

	if (!will_drop_profile(*image, format, save))
		return true;
	if (!to_integers(image, format))
		return vips_failed(error, format->name);
	if (!profile_matters(*image))
		return true;
	if (!profile_settle(*image, &next, error))
		return false;
	return replace(image, 0, next);
}

void format_prepare_metadata(VipsImage *image, const struct format *format, JsonObject *save)
{
	JsonArray *keep = json_array(save, "keep");

	/* The saver gets strip, too, and not every saver heeds it. */
	if (keep || json_bool(save, "strip", false))
		keep_only(image, keep);
	previews_drop(image);
	drop_short_exif(image);
	if (is_png(format)) {
		carry_orientation(image);
		profile_trim(image);
	}
	drop_alien_profile(image, format);
	if (json_string(save, "thumbnail", NULL))
		thumbnail_reserve(image);
}

bool format_prepare(VipsImage *in, const struct format *format, JsonObject *save, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) image = g_object_ref(in);
	const char *background = json_string(save, "background", format->folder ? "white" : NULL);
	bool webp = prepare_is_webp_in_tiff(save);
	if (!unsupported_save(in, format->name, error) || !settle_colours(&image, format, save, error))
		return false;
	bool ready = to_plain(&image, format) && to_depth(&image, format, save) && (!webp || to_webp(&image)) &&
		     (!prepare_is_opaque(format, save) || !background || flatten(&image, background, error)) &&
		     own_header(&image);
	if (!ready)
		return error && *error ? false : vips_failed(error, format->name);
	format_prepare_metadata(image, format, save);
	*out = g_steal_pointer(&image);
	return true;
}
