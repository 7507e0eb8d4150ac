/* SPDX-License-Identifier: GPL-2.0-or-later
 * What format_prepare() and libvips' savers convert without being asked: see format.h and definition/implied.h. Each format is tried in
 * test_implied.c. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "definition/implied.h"
#include "image/encode/format_prepare.h"
#include "image/read/format.h"
#include "image/read/page_frames.h"
#include "image/table/auto.h"

/* TIFF holds every colour space, and JPEG XL also light that is linear. */
static bool changes_space(VipsImage *image, const struct format *format, JsonObject *save)
{
	bool holds = (g_str_equal(format->name, "tiff") && !prepare_is_webp_in_tiff(save)) ||
		     (g_str_equal(format->name, "jxl") && image->Type == VIPS_INTERPRETATION_scRGB);

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
	bool opaque = format->folder ? strstr(json_string(save, "suffix", ".jpg"), ".jp") != NULL
				     : g_str_equal(format->name, "jpeg");

	return opaque && vips_image_hasalpha(image) && !json_string(save, "background", NULL);
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
