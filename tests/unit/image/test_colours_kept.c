/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where a profile goes, the colours stay as they were seen: as libvips' icc_transform to sRGB makes them, called by hand here. What has no
 * profile, or sRGB, keeps each byte. */
#include "profile_support.h"

#include "image/describe/format_check.h"
#include "image/read/page_frames.h"
#include "image/read/profile.h"
#include "image/write/format_save.h"

enum { WIDTH = 61, HEIGHT = 47 };

struct case_ {
	const char *what;
	int bands, depth; /* bands 4: with alpha; 5: CMYK */
	const char *built_in;
	const struct made_profile *made;
	const char *junk;
	bool matters;
};

static const char junk[200] = "\0\0\0\xc8none\2\x10\0\0mntrRGB XYZ ";

static const struct case_ cases[] = {
	{"Display P3", 3, 8, "p3", NULL, NULL, true},
	{"Display P3 with alpha", 4, 8, "p3", NULL, NULL, true},
	{"Display P3 of 16 bits", 3, 16, "p3", NULL, NULL, true},
	{"Display P3 of 16 bits with alpha", 4, 16, "p3", NULL, NULL, true},
	{"Adobe RGB", 3, 8, NULL, &adobe_rgb, NULL, true},
	{"grey of gamma 1.8", 1, 8, NULL, &grey_gamma, NULL, true},
	{"grey of gamma 1.8 with alpha", 2, 8, NULL, &grey_gamma, NULL, true},
	{"grey of gamma 1.8 of 16 bits", 1, 16, NULL, &grey_gamma, NULL, true},
	{"CMYK", 5, 8, "cmyk", NULL, NULL, true},
	{"no profile", 3, 8, NULL, NULL, NULL, false},
	{"sRGB", 3, 8, "srgb", NULL, NULL, false},
	{"sRGB of 16 bits", 4, 16, "srgb", NULL, NULL, false},
	{"sRGB of another maker", 3, 8, NULL, &other_srgb, NULL, false},
	{"grey with the curve of sRGB", 1, 8, NULL, &grey_srgb, NULL, false},
	{"grey with a profile of RGB", 1, 8, "p3", NULL, NULL, false},
	{"RGB with a profile of CMYK", 3, 8, "cmyk", NULL, NULL, false},
	{"RGB with a profile of grey", 3, 8, NULL, &grey_gamma, NULL, false},
	{"a profile that cannot be read", 3, 8, NULL, NULL, junk, false},
	{"CMYK without a profile", 5, 8, NULL, NULL, NULL, false},
};

/* Each call makes a picture of its own. */
static VipsImage *with_profile(const struct case_ *c)
{
	VipsImage *image = picture(WIDTH, HEIGHT, c->bands == 5 ? 4 : c->bands, c->depth);

	if (c->bands == 5)
		image->Type = VIPS_INTERPRETATION_CMYK;
	if (c->built_in)
		return embed_built_in(image, c->built_in);
	if (c->made)
		return embed_made(image, c->made);
	return c->junk ? embed(image, junk, sizeof(junk)) : image;
}

/* By hand: the bands of colour through libvips' icc_transform, alpha beside them; of grey one of the three that it gives. No profile. */
static VipsImage *seen(const struct case_ *c)
{
	g_autoptr(VipsImage) in = with_profile(c);
	g_autoptr(VipsImage) colours = NULL, rgb = NULL, green = NULL;
	VipsImage *out = NULL;
	int count = c->bands == 5 ? 4 : c->bands < 3 ? 1 : 3;

	if (!c->matters)
		return without_profile(g_steal_pointer(&in));
	assert_int_equal(vips_extract_band(in, &colours, 0, "n", count, NULL), 0);
	assert_int_equal(vips_icc_transform(colours, &rgb, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_RELATIVE,
				 "depth", c->depth, NULL),
		0);
	if (count == 1) {
		assert_int_equal(vips_extract_band(rgb, &green, 1, NULL), 0);
		green->Type = c->depth == 16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
	} else {
		green = g_object_ref(rgb);
	}
	if (in->Bands == count)
		return without_profile(g_steal_pointer(&green));
	g_autoptr(VipsImage) alpha = NULL;
	assert_int_equal(vips_extract_band(in, &alpha, count, NULL), 0);
	assert_int_equal(vips_bandjoin2(green, alpha, &out, NULL), 0);
	return without_profile(out);
}

static JsonObject *options(const char *text)
{
	g_autoptr(JsonNode) node = json_from_string(text, NULL);

	assert_non_null(node);
	return json_object_ref(json_node_get_object(node));
}

/* The file's bytes as a picture would be saved; takes it. */
static GBytes *saved(VipsImage *image, const char *format, const char *save)
{
	g_autoptr(JsonObject) given = options(save);
	g_autoptr(GError) error = NULL;
	GBytes *bytes = NULL;

	if (!format_save_memory(image, format, given, &bytes, &error))
		fail_msg("%s %s: %s", format, save, error->message);
	g_object_unref(image);
	return bytes;
}

static void assert_same_file(const struct case_ *c, const char *format, const char *save, GBytes *got, GBytes *wanted)
{
	if (!g_bytes_equal(got, wanted))
		fail_msg("%s as %s %s: other bytes than by hand", c->what, format, save);
}

static const struct {
	const char *format, *save, *raw;
} dropping[] = {
	{"jpeg", "{\"strip\": true}", "{\"strip\": true, \"keep_colours\": \"raw\"}"},
	{"jpeg", "{\"keep\": [\"exif\"]}", "{\"keep\": [\"exif\"], \"keep_colours\": \"raw\"}"},
	{"png", "{\"strip\": true}", "{\"strip\": true, \"keep_colours\": \"raw\"}"},
	{"tiff", "{\"strip\": true}", "{\"strip\": true, \"keep_colours\": \"raw\"}"},
	{"tiff", "{\"keep\": []}", "{\"keep\": [], \"keep_colours\": \"raw\"}"},
	{"webp", "{\"strip\": true}", "{\"strip\": true, \"keep_colours\": \"raw\"}"},
	{"gif", "{\"effort\": 1}", "{\"effort\": 1, \"keep_colours\": \"raw\"}"},
	{"jp2k", "{}", "{\"keep_colours\": \"raw\"}"},
	{"dz", "{\"suffix\": \".png\"}", "{\"suffix\": \".png\", \"keep_colours\": \"raw\"}"},
};

static void outputs_without_a_profile_look_the_same(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(dropping); i++) {
		const struct case_ *c = &cases[i / G_N_ELEMENTS(dropping)];
		const char *format = dropping[i % G_N_ELEMENTS(dropping)].format,
			   *save = dropping[i % G_N_ELEMENTS(dropping)].save,
			   *raw = dropping[i % G_N_ELEMENTS(dropping)].raw;
		if (!format_available(format))
			continue;
		g_autoptr(GBytes) got = saved(with_profile(c), format, save);
		g_autoptr(GBytes) wanted = saved(seen(c), format, save);
		assert_same_file(c, format, save, got, wanted);
		/* CMYK into what holds none is for libvips, which goes by the profile. */
		if (c->bands == 5 && !g_str_equal(format, "jpeg") && !g_str_equal(format, "tiff"))
			continue;
		g_autoptr(GBytes) numbers = saved(with_profile(c), format, raw);
		g_autoptr(GBytes) plain = saved(without_profile(with_profile(c)), format, save);
		assert_same_file(c, format, raw, numbers, plain);
		assert_int_equal(g_bytes_equal(got, numbers), !c->matters);
	}
}

/* Grey becomes RGB in them, which a profile of grey does not describe. */
static void grey_in_formats_of_colour_looks_the_same(void **state)
{
	static const char *const formats[] = {"webp", "avif"};
	const struct case_ *grey = &cases[5];

	assert_string_equal(grey->what, "grey of gamma 1.8");
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		if (!format_available(formats[i]))
			continue;
		g_autoptr(GBytes) got = saved(with_profile(grey), formats[i], "{}");
		g_autoptr(GBytes) wanted = saved(seen(grey), formats[i], "{}");
		assert_same_file(grey, formats[i], "{}", got, wanted);
	}
	g_autoptr(GBytes) got = saved(with_profile(grey), "tiff", "{\"compression\": \"webp\", \"lossless\": true}");
	g_autoptr(GBytes) wanted = saved(seen(grey), "tiff", "{\"compression\": \"webp\", \"lossless\": true}");
	assert_same_file(grey, "tiff", "webp", got, wanted);
	g_autoptr(GBytes) palette = saved(with_profile(grey), "png", "{\"palette\": true}");
	g_autoptr(GBytes) wanted_palette = saved(seen(grey), "png", "{\"palette\": true}");
	assert_same_file(grey, "png", "palette", palette, wanted_palette);
}

/* As where all metadata is left out: of eight bits are eight. */
static void cmyk_in_formats_of_rgb_looks_the_same(void **state)
{
	static const struct {
		const char *format, *save;
	} outputs[] = {
		{"png", "{}"},
		{"png", "{\"keep\": [\"icc\"]}"},
		{"webp", "{\"lossless\": true}"},
		{"avif", "{}"},
		{"jxl", "{}"},
		{"tiff", "{\"compression\": \"webp\", \"lossless\": true}"},
		{"dz", "{\"suffix\": \".png\", \"keep\": [\"icc\"]}"},
	};
	const struct case_ *ink = &cases[8];

	assert_string_equal(ink->what, "CMYK");
	for (size_t i = 0; i < G_N_ELEMENTS(outputs); i++) {
		if (!format_available(outputs[i].format))
			continue;
		g_autoptr(GBytes) got = saved(with_profile(ink), outputs[i].format, outputs[i].save);
		g_autoptr(GBytes) wanted = saved(seen(ink), outputs[i].format, outputs[i].save);
		assert_same_file(ink, outputs[i].format, outputs[i].save, got, wanted);
	}
}

/* What keeps its profile keeps its numbers. */
static void outputs_with_a_profile_keep_their_numbers(void **state)
{
	static const char *const formats[] = {"png", "tiff"};

	for (size_t i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(formats); i++) {
		const struct case_ *c = &cases[i / G_N_ELEMENTS(formats)];
		const char *format = formats[i % G_N_ELEMENTS(formats)];
		if (!c->matters || (c->bands == 5 && g_str_equal(format, "png")))
			continue;
		g_autoptr(GBytes) file = saved(with_profile(c), format, i % 4 < 2 ? "{}" : "{\"keep\": [\"icc\"]}");
		g_autoptr(VipsImage) back = NULL;
		g_autoptr(VipsImage) in = with_profile(c);
		assert_true(format_open("x", file, false, NULL, &back, NULL));
		assert_true(has_profile(back));
		assert_same_picture(back, in);
	}
}

/* Of other colours than the picture's: a reader would be confused, or refuse the file. */
static void alien_profiles_reach_no_format(void **state)
{
	static const char *const formats[] = {"jpeg", "png", "tiff", "webp", "avif", "jxl"};

	for (size_t i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(formats); i++) {
		const struct case_ *c = &cases[i / G_N_ELEMENTS(formats)];
		const char *format = formats[i % G_N_ELEMENTS(formats)];
		if (!strstr(c->what, "with a profile of") || !format_available(format))
			continue;
		g_autoptr(GBytes) got = saved(with_profile(c), format, "{}");
		g_autoptr(GBytes) wanted = saved(without_profile(with_profile(c)), format, "{}");
		assert_same_file(c, format, "{}", got, wanted);
	}
}

/* libpng leaves out a profile that it does not like, and warns at most; lcms likes more. */
static void png_keeps_a_profile_or_converts(void **state)
{
	static const struct {
		const char *what;
		gsize more;      /* bytes behind the profile */
		gsize at;        /* that are changed: */
		const char *put; /* NULL: none */
		gsize length;
		bool stays;
	} changes[] = {
		{"as it is", 0, 0, NULL, 0, true},
		{"with padding", 13, 0, NULL, 0, true},
		{"of a PCS that nobody knows", 0, 20, "Luv ", 4, false},
		{"of an intent that nobody knows", 0, 64, "\0\1\0\0", 4, false},
		{"with a tag outside", 0, 132 + 8, "\0\1\0\0", 4, false},
		{"without its signature", 0, 36, "xxxx", 4, false},
		{"of a link of devices", 0, 12, "link", 4, false},
	};
	g_autoptr(GByteArray) good = make_profile(&adobe_rgb);

	for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autofree uint8_t *bytes = g_malloc0(good->len + changes[i].more);
		memcpy(bytes, good->data, good->len);
		if (changes[i].put)
			memcpy(bytes + changes[i].at, changes[i].put, changes[i].length);
		VipsImage *in = embed(picture(WIDTH, HEIGHT, 3, 8), bytes, good->len + changes[i].more);
		g_autoptr(VipsImage) copy = g_object_ref(in);
		g_autoptr(VipsImage) back = NULL, settled = NULL;
		g_autoptr(GBytes) file = saved(in, "png", "{}");
		assert_true(format_open("x", file, false, NULL, &back, NULL));
		if (has_profile(back) != changes[i].stays)
			fail_msg("a profile %s: %s", changes[i].what, changes[i].stays ? "is lost" : "stays");
		assert_true(profile_settle(copy, &settled, NULL));
		assert_same_picture(back, changes[i].stays ? copy : settled);
	}
}

static VipsImage *through(const char *step, VipsImage *in)
{
	g_autoptr(JsonArray) steps = chain(step);
	g_autoptr(VipsImage) source = in;
	VipsImage *out = NULL;

	assert_true(chain_build(steps, 0, source, NULL, &out, NULL));
	return out;
}

static void steps_that_take_a_profile_away_look_the_same(void **state)
{
	static const struct {
		const char *step;
		bool raw;
	} steps[] = {
		{"[{\"op\":\"strip\"}]", false},
		{"[{\"op\":\"strip\",\"params\":{\"keep\":[\"exif\"]}}]", false},
		{"[{\"op\":\"keep\",\"params\":{\"metadata\":[\"exif\"]}}]", false},
		{"[{\"op\":\"strip\",\"params\":{\"keep_colours\":\"raw\"}}]", true},
		{"[{\"op\":\"keep\",\"params\":{\"metadata\":[\"exif\"],\"keep_colours\":\"raw\"}}]", true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(steps); i++) {
		const struct case_ *c = &cases[i / G_N_ELEMENTS(steps)];
		g_autoptr(VipsImage) got = through(steps[i % G_N_ELEMENTS(steps)].step, with_profile(c));
		g_autoptr(VipsImage) wanted =
			steps[i % G_N_ELEMENTS(steps)].raw ? without_profile(with_profile(c)) : seen(c);
		assert_false(has_profile(got));
		assert_same_picture(got, wanted);
	}
	g_autoptr(VipsImage) kept =
		through("[{\"op\":\"strip\",\"params\":{\"keep\":[\"icc\"]}}]", with_profile(&cases[0]));
	g_autoptr(VipsImage) as_it_was = with_profile(&cases[0]);
	assert_true(has_profile(kept));
	assert_same_picture(kept, as_it_was);
}

/* What `vips: linear` and its like leave behind: the format's whole numbers are what the profile describes. */
static void floats_look_the_same(void **state)
{
	static const char *const formats[] = {"jpeg", "png", "gif"};

	for (size_t i = 0; i < 4 * G_N_ELEMENTS(formats); i++) {
		const struct case_ *c = &cases[i / G_N_ELEMENTS(formats)];
		const char *format = formats[i % G_N_ELEMENTS(formats)];
		g_autoptr(VipsImage) in = with_profile(c);
		VipsImage *wide = NULL;
		assert_int_equal(vips_cast(in, &wide, VIPS_FORMAT_FLOAT, NULL), 0);
		g_autoptr(GBytes) got = saved(wide, format, "{\"strip\": true}");
		g_autoptr(GBytes) wanted = saved(seen(c), format, "{\"strip\": true}");
		assert_same_file(c, format, "of floats", got, wanted);
	}
}

/* A file of several pages in one strip has one profile. */
static void pages_of_other_profiles_look_the_same(void **state)
{
	g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(g_object_unref);
	struct page_frames none = {0};
	g_autoptr(VipsImage) joined = NULL;

	g_ptr_array_add(pages, with_profile(&cases[0]));
	g_ptr_array_add(pages, with_profile(&cases[0]));
	assert_false(page_frames_mixed(pages));
	g_ptr_array_add(pages, with_profile(&cases[4]));
	g_ptr_array_add(pages, with_profile(&cases[9]));
	assert_true(page_frames_mixed(pages)); /* TIFF gets each by itself */
	assert_true(page_frames_join(&none, pages, &joined, NULL));
	assert_false(has_profile(joined));
	for (guint i = 0; i < pages->len; i++) {
		g_autoptr(VipsImage) got = NULL;
		g_autoptr(VipsImage) wanted = seen(&cases[i < 2 ? 0 : i == 2 ? 4 : 9]);
		assert_int_equal(vips_extract_area(joined, &got, 0, (int)i * HEIGHT, WIDTH, HEIGHT, NULL), 0);
		assert_same_picture(got, wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_without_a_profile_look_the_same),
		cmocka_unit_test(grey_in_formats_of_colour_looks_the_same),
		cmocka_unit_test(cmyk_in_formats_of_rgb_looks_the_same),
		cmocka_unit_test(outputs_with_a_profile_keep_their_numbers),
		cmocka_unit_test(alien_profiles_reach_no_format),
		cmocka_unit_test(png_keeps_a_profile_or_converts),
		cmocka_unit_test(steps_that_take_a_profile_away_look_the_same),
		cmocka_unit_test(floats_look_the_same),
		cmocka_unit_test(pages_of_other_profiles_look_the_same),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
