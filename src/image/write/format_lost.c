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
	bool newer = vips_version(0) > 8;

	for (guint i = 0; i < G_N_ELEMENTS(format->lacks) && format->lacks[i].kind; i++)
		if (g_str_equal(format->lacks[i].kind, kind))
			return format->lacks[i].since && (newer || vips_version(1) >= format->lacks[i].since);
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
