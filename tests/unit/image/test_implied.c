/* SPDX-License-Identifier: GPL-2.0-or-later
 * Steps that nobody wrote: what is said to be converted is not in the file as it was, and nothing else is converted. Every format, pictures of
 * every kind. */
#include "profile_support.h"

#include "base/json.h"
#include "definition/implied.h"
#include "image/read/page_frames.h"
#include "image/write/format_changes.h"
#include "image/write/format_save.h"

#define BIT(which) (1u << (which))

static const struct kind {
	const char *what;
	int bands, depth;
	VipsInterpretation space; /* ERROR: as picture() has it */
	const char *profile;
} kinds[] = {
	{"RGB", 3, 8, VIPS_INTERPRETATION_ERROR, NULL},
	{"RGB in sRGB", 3, 8, VIPS_INTERPRETATION_ERROR, "srgb"},
	{"RGB in Display P3", 3, 8, VIPS_INTERPRETATION_ERROR, "p3"},
	{"RGB of 16 bits", 3, 16, VIPS_INTERPRETATION_ERROR, NULL},
	{"RGB of 16 bits in Display P3", 3, 16, VIPS_INTERPRETATION_ERROR, "p3"},
	{"RGB with alpha", 4, 8, VIPS_INTERPRETATION_ERROR, NULL},
	{"RGB of 16 bits with alpha in Display P3", 4, 16, VIPS_INTERPRETATION_ERROR, "p3"},
	{"grey", 1, 8, VIPS_INTERPRETATION_ERROR, NULL},
	{"grey with alpha", 2, 8, VIPS_INTERPRETATION_ERROR, NULL},
	{"grey of 16 bits", 1, 16, VIPS_INTERPRETATION_ERROR, NULL},
	{"CMYK", 4, 8, VIPS_INTERPRETATION_CMYK, NULL},
	{"CMYK with its profile", 4, 8, VIPS_INTERPRETATION_CMYK, "cmyk"},
	{"Lab", 3, 8, VIPS_INTERPRETATION_LAB, NULL},
	{"HSV", 3, 8, VIPS_INTERPRETATION_HSV, NULL},
	{"scRGB", 3, 8, VIPS_INTERPRETATION_scRGB, NULL},
};

static const struct {
	const char *format, *save;
} outputs[] = {
	{"jpeg", "{}"},
	{"jpeg", "{\"background\": \"white\"}"},
	{"jpeg", "{\"strip\": true}"},
	{"jpeg", "{\"keep\": [\"exif\"]}"},
	{"jpeg", "{\"keep\": [], \"keep_colours\": \"raw\"}"},
	{"png", "{}"},
	{"png", "{\"strip\": true}"},
	{"png", "{\"palette\": true}"},
	{"png", "{\"bitdepth\": \"8\"}"},
	{"webp", "{}"},
	{"webp", "{\"keep\": []}"},
	{"tiff", "{}"},
	{"tiff", "{\"keep\": []}"},
	{"tiff", "{\"compression\": \"webp\"}"},
	{"tiff", "{\"bitdepth\": \"8\"}"},
	{"avif", "{}"},
	{"gif", "{}"},
	{"jp2k", "{}"},
	{"jxl", "{}"},
};

static VipsImage *make(const struct kind *kind)
{
	VipsImage *image = picture(64, 48, kind->bands, kind->depth);
	VipsImage *converted = NULL;

	if (kind->space == VIPS_INTERPRETATION_CMYK) {
		image->Type = kind->space;
	} else if (kind->space != VIPS_INTERPRETATION_ERROR) {
		assert_int_equal(vips_colourspace(image, &converted, kind->space, NULL), 0);
		g_object_unref(image);
		image = converted;
	}
	return kind->profile ? embed_built_in(image, kind->profile) : image;
}

static JsonObject *options(const char *text)
{
	g_autoptr(JsonNode) node = json_from_string(text, NULL);

	return json_object_ref(json_node_get_object(node));
}

static bool is_plain(VipsImage *image)
{
	switch (image->Type) {
	case VIPS_INTERPRETATION_CMYK:
	case VIPS_INTERPRETATION_LAB:
	case VIPS_INTERPRETATION_HSV:
	case VIPS_INTERPRETATION_scRGB:
		return false;
	default:
		return true;
	}
}

/* What the file itself shows. */
static unsigned happened(VipsImage *image, VipsImage *file, const char *format, JsonObject *save, bool matters)
{
	bool ink = image->Type == VIPS_INTERPRETATION_CMYK, tiff = g_str_equal(format, "tiff");
	bool webp = json_object_has_member(save, "compression");
	bool raw = json_object_has_member(save, "keep_colours");
	unsigned set = 0;

	/* A format that holds CMYK had another reason. */
	if (ink && is_plain(file))
		set |= g_str_equal(format, "jpeg") || (tiff && !webp) ? BIT(IMPLIED_PROFILE) : BIT(IMPLIED_INK);
	if (!ink && matters && !raw && !has_profile(file))
		set |= BIT(IMPLIED_PROFILE);
	/* TIFF has no word for HSV, and gets its numbers. */
	if (!ink && !is_plain(image) && is_plain(file) && (!tiff || webp))
		set |= BIT(IMPLIED_SPACE);
	if (image->BandFmt == VIPS_FORMAT_USHORT && file->BandFmt == VIPS_FORMAT_UCHAR &&
		!json_object_has_member(save, "bitdepth"))
		set |= BIT(IMPLIED_DEPTH);
	if (vips_image_hasalpha(image) && !vips_image_hasalpha(file) && !json_object_has_member(save, "background"))
		set |= BIT(IMPLIED_BLACK);
	return set;
}

static char *words(unsigned set)
{
	GString *text = g_string_new("");

	for (guint i = 0; i < IMPLIED_COUNT; i++)
		if (set & BIT(i))
			g_string_append_printf(text, " %s", implied_steps[i].word);
	return g_string_free(text, FALSE);
}

static void check(VipsImage *image, const char *format, const char *text, const struct kind *kind)
{
	g_autoptr(JsonObject) save = options(text);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) error = NULL;
	unsigned told = format_implied(image, format, save);
	gsize length;

	if (!format_save_memory(image, format, save, &bytes, &error))
		fail_msg("%s as %s %s: %s", kind->what, format, text, error->message);
	const void *data = g_bytes_get_data(bytes, &length);
	g_autoptr(VipsImage) file = vips_image_new_from_buffer(data, length, "", NULL);
	assert_non_null(file);
	unsigned seen = happened(image, file, format, save, kind->profile && !g_str_equal(kind->profile, "srgb"));
	g_autofree char *said = words(told), *is = words(seen);
	if (told != seen)
		fail_msg("%s as %s %s: said:%s; is:%s", kind->what, format, text, said, is);
}

static void test_what_is_said_is_so(void **state)
{
	vips_block_untrusted_set(FALSE); /* jp2k and jxl are read back */
	for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++)
		for (size_t o = 0; o < G_N_ELEMENTS(outputs); o++) {
			g_autoptr(VipsImage) image = make(&kinds[k]);
			check(image, outputs[o].format, outputs[o].save, &kinds[k]);
		}
}

static unsigned of_pyramid(const char *save, int bands, int depth)
{
	g_autoptr(VipsImage) image = picture(64, 48, bands, depth);
	g_autoptr(JsonObject) given = options(save);

	return format_implied(image, "dz", given);
}

static void test_a_pyramid_goes_by_its_tiles(void **state)
{
	assert_int_equal(of_pyramid("{}", 3, 8), 0);
	assert_int_equal(of_pyramid("{}", 4, 8), BIT(IMPLIED_WHITE));
	assert_int_equal(of_pyramid("{\"background\": \"red\"}", 4, 8), 0);
	assert_int_equal(of_pyramid("{\"suffix\": \".png\"}", 4, 16), BIT(IMPLIED_DEPTH));
}

/* One file has one profile: each page becomes sRGB, and that is said once, where some page changes. */
static unsigned of_pages(const char *first, const char *second)
{
	const char *const profiles[] = {first, second};
	g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(g_object_unref);
	const struct page_frames frames = {pages, NULL};
	g_autoptr(VipsImage) joined = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(profiles); i++) {
		VipsImage *page = picture(64, 48, 3, 8);
		g_ptr_array_add(pages, profiles[i] ? embed_built_in(page, profiles[i]) : page);
	}
	assert_true(page_frames_join(&frames, pages, &joined, NULL));
	return format_implied(joined, "webp", NULL);
}

static void test_pages_of_different_profiles(void **state)
{
	assert_int_equal(of_pages("p3", NULL), BIT(IMPLIED_PAGES));
	assert_int_equal(of_pages("p3", "p3"), 0);
	assert_int_equal(of_pages("srgb", NULL), 0);
}

static void test_words(void **state)
{
	g_autoptr(JsonObject) none = json_object_new(), all = json_object_new();
	format_tell_implied(0, none);
	assert_false(json_object_has_member(none, "implied"));
	format_tell_implied(BIT(IMPLIED_COUNT) - 1, all);
	JsonArray *list = json_array(all, "implied");
	assert_int_equal(json_array_get_length(list), IMPLIED_COUNT);
	for (guint i = 0; i < IMPLIED_COUNT; i++)
		assert_string_equal(json_array_get_string_element(list, i), implied_steps[i].word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_said_is_so),
		cmocka_unit_test(test_a_pyramid_goes_by_its_tiles),
		cmocka_unit_test(test_pages_of_different_profiles),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
