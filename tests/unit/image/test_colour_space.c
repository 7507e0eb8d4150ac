/* SPDX-License-Identifier: GPL-2.0-or-later
 * Colour spaces and profiles against libvips called by hand. */
#include "profile_support.h"
#include "tone_support.h"

#include <math.h>

#include "image/asset/asset.h"
#include "image/quirks/quirks.h"

static const char *const spaces[] = {
	"srgb", "rgb16", "b-w", "grey16", "cmyk", "lab", "lch", "hsv", "scrgb", "xyz", "yxy", "labs", "cmc"};

static char *to(const char *space)
{
	return g_strdup_printf("{'op':'colourspace','params':{'space':'%s'}}", space);
}

/* The bands of colour are libvips', for every space and kind; alpha keeps its share of the range. */
static void test_colourspace_is_that_of_libvips(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(spaces) * G_N_ELEMENTS(kinds); i++) {
		size_t kind = i % G_N_ELEMENTS(kinds);
		int bands = kinds[kind].bands, colours = bands < 3 ? 1 : 3;
		g_autofree char *step = to(spaces[i / G_N_ELEMENTS(kinds)]);
		g_autoptr(VipsImage) a = of_kind(kind);
		g_autoptr(VipsImage) b = of_kind(kind);
		g_autoptr(VipsImage) first = NULL, wanted = NULL;
		g_autoptr(VipsImage) got = with_steps(step, a);
		g_autoptr(VipsImage) got_colours = NULL;
		assert_int_equal(vips_extract_band(b, &first, 0, "n", colours, NULL), 0);
		assert_int_equal(
			vips_colourspace(first, &wanted,
				vips_enum_from_nick("test", VIPS_TYPE_INTERPRETATION, spaces[i / G_N_ELEMENTS(kinds)]),
				NULL),
			0);
		assert_int_equal(vips_extract_band(got, &got_colours, 0, "n", wanted->Bands, NULL), 0);
		assert_same_picture(got_colours, wanted);
		assert_int_equal(got->Bands - wanted->Bands, bands - colours);
		if (bands == colours)
			continue;
		g_autofree double *before = values_of(a);
		g_autofree double *after = values_of(got);
		double from = kinds[kind].depth == 16 ? 65535 : 255,
		       most = got->BandFmt == VIPS_FORMAT_USHORT                                      ? 65535
			      : got->Type == VIPS_INTERPRETATION_scRGB && quirk(QUIRK_ALPHA_OF_SCRGB) ? 1
												      : 255;
		for (int p = 0; p < WIDTH * HEIGHT; p++)
			assert_true(fabs(after[(p + 1) * got->Bands - 1] - before[(p + 1) * bands - 1] / from * most) <=
				    0.5 + 1e-3);
	}
}

static void test_colourspace_tiles(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(spaces); i++) {
		g_autofree char *step = to(spaces[i]);
		assert_tiles_equal_whole(step, 3);
		assert_tiles_equal_whole(step, 6);
		assert_reads_once(step, 3);
		assert_false(is_global(step, 3));
	}
}

static void test_cmyk_profile_goes_with_cmyk(void **state)
{
	g_autoptr(VipsImage) in = of_kind(3);
	g_autoptr(VipsImage) cmyk = with_steps("{'op':'colorspace','params':{'space':'cmyk'}}", in);
	g_autoptr(VipsImage) back = with_steps("{'op':'colourspace','params':{'space':'srgb'}}", cmyk);

	assert_int_equal(cmyk->Bands, 5);
	assert_true(has_profile(cmyk));
	assert_int_equal(back->Bands, 4);
	assert_false(has_profile(back));
}

static VipsImage *with_profile(VipsImage *in, const char *name)
{
	return embed_built_in(g_object_ref(in), name);
}

static void test_icc_is_that_of_libvips(void **state)
{
	static const struct {
		const char *step, *embedded, *profile, *input;
		VipsIntent intent;
		gboolean black_point;
	} cases[] = {
		{"{'op':'icc'}", NULL, "srgb", "srgb", VIPS_INTENT_RELATIVE, FALSE},
		{"{'op':'icc'}", "p3", "srgb", NULL, VIPS_INTENT_RELATIVE, FALSE},
		{"{'op':'icc','params':{'profile':'p3'}}", NULL, "p3", "srgb", VIPS_INTENT_RELATIVE, FALSE},
		{"{'op':'icc','params':{'input':'p3'}}", NULL, "srgb", "p3", VIPS_INTENT_RELATIVE, FALSE},
		{"{'op':'icc','params':{'input':'p3'}}", "srgb", "srgb", NULL, VIPS_INTENT_RELATIVE, FALSE},
		{"{'op':'icc','params':{'input':'cmyk'}}", NULL, "srgb", "srgb", VIPS_INTENT_RELATIVE, FALSE},
		{"{'op':'icc','params':{'profile':'cmyk','intent':'perceptual','bpc':true}}", NULL, "cmyk", "srgb",
			VIPS_INTENT_PERCEPTUAL, FALSE},
		{"{'op':'icc','params':{'profile':'cmyk','black_point_compensation':true}}", "p3", "cmyk", NULL,
			VIPS_INTENT_RELATIVE, TRUE},
		{"{'op':'icc'}", "cmyk", "srgb", "srgb", VIPS_INTENT_RELATIVE,
			FALSE}, /* does not fit: as if it were not there */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		for (int depth = 8; depth <= 16; depth += 8) {
			g_autoptr(VipsImage) a = picture(WIDTH, HEIGHT, 3, depth);
			g_autoptr(VipsImage) b = picture(WIDTH, HEIGHT, 3, depth);
			g_autoptr(VipsImage) in =
				cases[i].embedded ? with_profile(a, cases[i].embedded) : g_object_ref(a);
			g_autoptr(VipsImage) direct =
				with_profile(b, cases[i].input ? cases[i].input : cases[i].embedded);
			g_autoptr(VipsImage) wanted = NULL;
			assert_int_equal(vips_icc_transform(direct, &wanted, cases[i].profile, "embedded", TRUE,
						 "intent", cases[i].intent, "black_point_compensation",
						 cases[i].black_point, "depth", depth, NULL),
				0);
			g_autoptr(VipsImage) got = with_steps(cases[i].step, in);
			assert_same_picture(got, wanted);
			assert_true(has_profile(got));
			assert_int_equal(flags_of(cases[i].step), OPERATION_SEQUENTIAL | OPERATION_READS_PROFILE);
		}
}

/* Grey has no built-in profile; that of the picture it once was does not fit it any more. */
static void test_icc_of_other_pictures(void **state)
{
	static const char *const before[] = {"{'op':'grayscale'}", "{'op':'colourspace','params':{'space':'lab'}}",
		"{'op':'colourspace','params':{'space':'cmyk'}}", "{'op':'icc','params':{'profile':'cmyk'}}"};

	for (size_t i = 0; i < G_N_ELEMENTS(before); i++)
		for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
			g_autoptr(VipsImage) in = of_kind(kind);
			g_autoptr(VipsImage) known = kinds[kind].bands > 2 ? with_profile(in, "p3") : g_object_ref(in);
			g_autofree char *steps =
				g_strconcat(before[i], ",{'op':'icc','params':{'profile':'srgb'}}", NULL);
			g_autoptr(VipsImage) out = with_steps(steps, known);
			int alpha = kinds[kind].bands % 2 == 0;
			assert_int_equal(out->Bands, 3 + alpha);
			assert_true(has_profile(out));
			g_autofree double *values = values_of(out);
			g_autofree double *source = values_of(in);
			double most = out->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255,
			       from = kinds[kind].depth == 16 ? 65535 : 255;
			for (int p = 0; alpha && p < WIDTH * HEIGHT; p++)
				assert_true(fabs(values[4 * p + 3] / most -
						    source[(p + 1) * kinds[kind].bands - 1] / from) < 0.003);
		}
}

/* Any libvips operation that goes by the profile, too, but for profiles that lie in a file of one machine. */
static void test_icc_by_its_libvips_name(void **state)
{
	static const char *const steps[] = {
		"{'op':'vips','params':{'operation':'icc_transform','output_profile':'srgb','embedded':true}}",
		"{'op':'vips','params':{'operation':'icc_import','embedded':true}},"
		"{'op':'vips','params':{'operation':'icc_export','output_profile':'p3'}}",
	};
	static const char file[] = "{'op':'vips','params':{'operation':'icc_transform','output_profile':'/srv/a.icc'}}";

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		assert_int_equal(flags_of(steps[i]), OPERATION_SEQUENTIAL | OPERATION_READS_PROFILE);
		assert_tiles_equal_whole(steps[i], 2);
	}
	assert_true(flags_of(file) & OPERATION_READS_METADATA);
}

/* A step as the checker makes it of a file in the definition. */
static char *step_with_file(const char *folder, const char *name)
{
	VipsBlob *blob = NULL;
	gsize length;
	g_autofree char *path = g_build_filename(folder, "x.icc", NULL);
	g_autoptr(GError) error = NULL;

	assert_int_equal(vips_profile_load(name, &blob, NULL), 0);
	const char *data = vips_blob_get(blob, &length);
	assert_true(g_file_set_contents(path, data, (gssize)length, NULL));
	vips_area_unref(VIPS_AREA(blob));
	JsonObject *asset = asset_read(folder, "x.icc", ASSET_PROFILE, &error);
	assert_non_null(asset);
	/* Only the hash travels: the file may be gone where the step is built. */
	assert_int_equal(remove(path), 0);
	char *step = g_strdup_printf("{'op':'icc','params':{'file':{'sha256':'%s','path':'%s','bytes':%d}}}",
		json_object_get_string_member(asset, "sha256"), path, (int)length);
	json_object_unref(asset);
	return step;
}

static void test_icc_with_a_file(void **state)
{
	static const char *const names[] = {"p3", "srgb", "cmyk"};
	g_autofree char *folder = scratch_folder();

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *by_file = step_with_file(folder, names[i]);
		g_autofree char *by_name = g_strdup_printf("{'op':'icc','params':{'profile':'%s'}}", names[i]);
		g_autoptr(VipsImage) a = of_kind(3);
		g_autoptr(VipsImage) b = of_kind(3);
		g_autoptr(VipsImage) got = with_steps(by_file, a);
		g_autoptr(VipsImage) wanted = with_steps(by_name, b);
		assert_same_picture(got, wanted);
		assert_true(has_profile(got));
	}
	remove_scratch(folder);
}

/* Two files one after the other on one picture: each gives its own, whatever name libvips was told. */
static void test_icc_files_are_told_apart(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *first_step = step_with_file(folder, "p3");
	g_autofree char *second_step = step_with_file(folder, "cmyk");
	g_autoptr(VipsImage) in = of_kind(2);
	g_autoptr(VipsImage) first = with_steps(first_step, in);
	g_autoptr(VipsImage) second = with_steps(second_step, in);

	assert_int_equal(first->Bands, 3);
	assert_int_equal(second->Bands, 4);
	remove_scratch(folder);
}

/* lcms reads its header, but there is no way from colours that nobody knows. */
static VipsImage *with_damaged_profile(int bands)
{
	VipsImage *in = picture(40, 30, bands, 8);
	gsize length;
	const void *data;

	if (bands == 4)
		in->Type = VIPS_INTERPRETATION_CMYK;
	g_autoptr(VipsImage) good = embed_built_in(g_object_ref(in), bands == 4 ? "cmyk" : "p3");
	assert_int_equal(vips_image_get_blob(good, VIPS_META_ICC_NAME, &data, &length), 0);
	g_autofree uint8_t *bytes = g_memdup2(data, length);
	memcpy(bytes + 20, "None", 4);
	return embed(in, bytes, length);
}

static void test_icc_names_a_damaged_profile(void **state)
{
	for (int bands = 3; bands <= 4; bands++) {
		g_autoptr(VipsImage) in = with_damaged_profile(bands);
		g_autoptr(VipsImage) out = NULL, plain = NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(JsonArray) steps = chain("[{'op':'icc'}]");
		g_autoptr(JsonArray) helped = chain("[{'op':'strip','params':{'keep_colours':'raw'}},{'op':'icc'}]");
		assert_false(chain_build(steps, 0, in, NULL, &out, &error));
		assert_int_equal(error->code, ERROR_INPUT);
		if (!strstr(error->message, "the picture's own colour profile is damaged (") ||
			!strstr(error->message, "keep_colours: raw"))
			fail_msg("%s", error->message);
		assert_true(chain_build(helped, 0, in, NULL, &plain, NULL));
	}
}

/* The rule of RGB: taken for what has none. */
static void test_cmyk_of_a_damaged_profile_is_converted(void **state)
{
	g_autoptr(VipsImage) in = with_damaged_profile(4);
	g_autoptr(VipsImage) plain = without_profile(with_damaged_profile(4));
	g_autoptr(VipsImage) wanted = NULL;
	g_autoptr(JsonArray) steps = chain("[{'op':'strip'}]");
	g_autoptr(VipsImage) got = NULL;
	g_autoptr(GError) error = NULL;

	assert_int_equal(vips_icc_transform(plain, &wanted, "srgb", "embedded", FALSE, "input_profile", "cmyk",
				 "intent", VIPS_INTENT_RELATIVE, NULL),
		0);
	if (!chain_build(steps, 0, in, NULL, &got, &error))
		fail_msg("%s", error->message);
	assert_same_picture(got, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_colourspace_is_that_of_libvips),
		cmocka_unit_test(test_colourspace_tiles),
		cmocka_unit_test(test_cmyk_profile_goes_with_cmyk),
		cmocka_unit_test(test_icc_is_that_of_libvips),
		cmocka_unit_test(test_icc_of_other_pictures),
		cmocka_unit_test(test_icc_by_its_libvips_name),
		cmocka_unit_test(test_icc_names_a_damaged_profile),
		cmocka_unit_test(test_cmyk_of_a_damaged_profile_is_converted),
		cmocka_unit_test(test_icc_with_a_file),
		cmocka_unit_test(test_icc_files_are_told_apart),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
