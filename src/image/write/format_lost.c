/* SPDX-License-Identifier: GPL-2.0-or-later
 * Metadata that a format, or libvips' saver of it, does not hold: see format.h. A profile does not count as lost: it is
 * applied before. And the thumbnail for which EXIF has no room. */
#include "base/json.h"
#include "image/encode/format_prepare.h"
#include "image/encode/thumbnail.h"
#include "image/read/format.h"
#include "image/table/auto.h"

static const struct kind {
	const char *name, *field;
} kinds[] = {{"exif", VIPS_META_EXIF_NAME}, {"xmp", VIPS_META_XMP_NAME}, {"iptc", VIPS_META_IPTC_NAME}};

/* By format, as libvips 8.14 writes it; tried in test_format_lost.c. Formats that are not named hold all. since: the minor version of libvips 8
 * whose saver learnt it; 0: none. */
static const struct loss {
	const char *format, *kind;
	int since;
} losses[] = {{"png", "iptc", 0}, {"webp", "iptc", 0}, {"avif", "iptc", 0}, {"heif", "iptc", 0}, {"gif", "exif", 0},
	{"gif", "xmp", 0}, {"gif", "iptc", 0}, {"jp2k", "exif", 0}, {"jp2k", "xmp", 0}, {"jp2k", "iptc", 0},
	{"jxl", "exif", 16}, {"jxl", "xmp", 16}, {"jxl", "iptc", 0}};

static bool is_kept(JsonObject *save, const char *kind)
{
	JsonArray *keep = json_array(save, "keep");
	bool listed = !keep;

	for (guint i = 0; keep && i < json_array_get_length(keep); i++)
		listed |= g_strcmp0(json_array_get_string_element(keep, i), kind) == 0;
	return listed && (keep || !json_bool(save, "strip", false));
}

static bool holds(const char *format, const char *kind)
{
	bool newer = vips_version(0) > 8;

	for (guint i = 0; i < G_N_ELEMENTS(losses); i++)
		if (g_str_equal(losses[i].format, format) && g_str_equal(losses[i].kind, kind))
			return losses[i].since && (newer || vips_version(1) >= losses[i].since);
	return true;
}

/* A thumbnail that was asked for. */
static bool lacks_thumbnail(VipsImage *image, const char *format, JsonObject *save)
{
	g_autoptr(VipsImage) copy = NULL;

	if (!json_string(save, "thumbnail", NULL) || vips_copy(image, &copy, NULL))
		return false;
	format_prepare_metadata(copy, format_find(format), save);
	return !thumbnail_reserved(copy);
}

void format_tell_lost(VipsImage *image, const char *format, JsonObject *save, JsonObject *entry)
{
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
