/* SPDX-License-Identifier: GPL-2.0-or-later
 * What saving changes and loses: see format_changes.h. */
#include "image/write/format_changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "definition/implied.h"
#include "image/encode/format_prepare.h"
#include "image/encode/thumbnail.h"
#include "image/quirks/quirks.h"
#include "image/read/page_frames.h"
#include "image/table/auto.h"

/* What format_prepare() and libvips' savers convert without being asked: see definition/implied.h. Each format is tried in test_implied.c. */

static bool changes_space(VipsImage *image, const struct format *format, JsonObject *save)
{
	bool holds = (format->spaces || (format->light && image->Type == VIPS_INTERPRETATION_scRGB)) &&
		     !prepare_is_webp_in_tiff(save);

	return !holds && !prepare_is_plain(image) && image->Type != VIPS_INTERPRETATION_CMYK &&
	       vips_colourspace_issupported(image);
}

/* Not where the output itself says how many bits. */
static bool goes_to_8_bits(VipsImage *image, const struct format *format, JsonObject *save)
{
	const char *compression = json_string(save, "compression", "");
	bool lossy_tiff = g_str_equal(compression, "jpeg") || prepare_is_webp_in_tiff(save);
	bool palette = g_str_equal(format->name, "png") && json_bool(save, "palette", false);

	return image->BandFmt == VIPS_FORMAT_USHORT && !atoi(json_string(save, "bitdepth", "0")) &&
	       (!format->deep || palette || lossy_tiff);
}

/* Not where the output itself says on which colour. */
static bool loses_alpha(VipsImage *image, const struct format *format, JsonObject *save)
{
	return prepare_is_opaque(format, save) && vips_image_hasalpha(image) && !json_string(save, "background", NULL);
}

unsigned format_implied(VipsImage *image, const char *name, JsonObject *save)
{
	const struct format *format = format_find(name);
	unsigned set = 0;

	if (!format)
		return 0;
	if (page_frames_settled(image))
		set |= 1u << IMPLIED_PAGES;
	if (prepare_makes_ink_rgb(image, format, save))
		set |= 1u << IMPLIED_INK;
	else if (format_drops_profile(image, name, save))
		set |= 1u << IMPLIED_PROFILE;
	else if (changes_space(image, format, save))
		set |= 1u << IMPLIED_SPACE;
	if (goes_to_8_bits(image, format, save))
		set |= 1u << IMPLIED_DEPTH;
	if (loses_alpha(image, format, save))
		set |= 1u << (format->folder ? IMPLIED_WHITE : IMPLIED_BLACK);
	return set;
}

void format_tell_implied(unsigned set, JsonObject *entry)
{
	if (!set)
		return;
	JsonArray *words = json_array_new();
	for (guint i = 0; i < IMPLIED_COUNT; i++)
		if (set & 1u << i)
			json_array_add_string_element(words, implied_steps[i].word);
	json_object_set_array_member(entry, "implied", words);
}

/* Metadata that a format, or libvips' saver of it, does not hold. A profile does not count as lost: it is applied before. And the thumbnail for
 * which EXIF has no room. */

static const struct kind {
	const char *name, *field;
} kinds[] = {{"exif", VIPS_META_EXIF_NAME}, {"xmp", VIPS_META_XMP_NAME}, {"iptc", VIPS_META_IPTC_NAME}};

static bool is_kept(JsonObject *save, const char *kind)
{
	JsonArray *keep = json_array(save, "keep");
	bool listed = !keep;

	for (guint i = 0; keep && i < json_array_get_length(keep); i++)
		listed |= g_strcmp0(json_array_get_string_element(keep, i), kind) == 0;
	return listed && (keep || !json_bool(save, "strip", false));
}

static bool holds(const struct format *format, const char *kind)
{
	for (guint i = 0; i < G_N_ELEMENTS(format->lacks) && format->lacks[i].kind; i++)
		if (g_str_equal(format->lacks[i].kind, kind))
			return format->lacks[i].quirk != QUIRK_NONE && !quirk(format->lacks[i].quirk);
	return true;
}

/* A thumbnail that was asked for. */
static bool lacks_thumbnail(VipsImage *image, const struct format *format, JsonObject *save)
{
	g_autoptr(VipsImage) copy = NULL;

	if (!json_string(save, "thumbnail", NULL) || vips_copy(image, &copy, NULL))
		return false;
	format_prepare_metadata(copy, format, save);
	return !thumbnail_reserved(copy);
}

void format_tell_lost(VipsImage *image, const char *name, JsonObject *save, JsonObject *entry)
{
	const struct format *format = format_find(name);
	JsonArray *lost = json_array_new();

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (vips_image_get_typeof(image, kinds[i].field) && is_kept(save, kinds[i].name) &&
			!holds(format, kinds[i].name))
			json_array_add_string_element(lost, kinds[i].name);
	if (lacks_thumbnail(image, format, save))
		json_array_add_string_element(lost, "thumbnail");
	if (json_array_get_length(lost))
		json_object_set_array_member(entry, "lost", lost);
	else
		json_array_unref(lost);
}
