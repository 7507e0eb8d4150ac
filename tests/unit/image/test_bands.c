/* SPDX-License-Identifier: GPL-2.0-or-later
 * Bands, depth and metadata: values worked out by hand, metadata through a file. */
#include "geometry_support.h"
#include "image/write/format_save.h"

#include <math.h>

enum { WIDTH = 41, HEIGHT = 23 };

static double *doubles(VipsImage *image)
{
	g_autoptr(VipsImage) wide = NULL;
	gsize length;

	assert_int_equal(vips_cast(image, &wide, VIPS_FORMAT_DOUBLE, NULL), 0);
	return vips_image_write_to_memory(wide, &length);
}

static bool has_alpha(const struct shape *shape)
{
	return !shape->cmyk && shape->bands % 2 == 0;
}

/* The band of the input that a band of the output is; -1: opaque; -2: half of the range. */
static void assert_bands(
	const char *steps, const struct shape *shape, const int *from, int count, VipsInterpretation space)
{
	g_autoptr(VipsImage) in = of_shape(shape, WIDTH, HEIGHT);
	g_autoptr(VipsImage) out = with_steps(steps, in);
	g_autofree double *before = doubles(in);
	g_autofree double *after = doubles(out);
	double most = shape->depth == 16 ? 65535 : 255;

	if (out->Bands != count || out->BandFmt != in->BandFmt || out->Type != space)
		fail_msg("%s: %d bands of %s, %s", steps, out->Bands,
			vips_enum_nick(VIPS_TYPE_BAND_FORMAT, out->BandFmt),
			vips_enum_nick(VIPS_TYPE_INTERPRETATION, out->Type));
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		for (int band = 0; band < count; band++) {
			double wanted = from[band] == -1   ? most
					: from[band] == -2 ? rint(most / 2)
							   : before[i * shape->bands + from[band]];
			if (after[i * count + band] != wanted)
				fail_msg("%s: %g instead of %g in band %d", steps, after[i * count + band], wanted,
					band);
		}
}

static VipsInterpretation grey_of(const struct shape *shape)
{
	return shape->depth == 16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
}

static VipsInterpretation space_of(const struct shape *shape)
{
	if (shape->cmyk)
		return VIPS_INTERPRETATION_CMYK;
	if (shape->bands < 3)
		return grey_of(shape);
	return shape->depth == 16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
}

static void test_bands_come_and_go(void **state)
{
	for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++) {
		const struct shape *shape = &shapes[s];
		int bands = shape->bands, alpha = has_alpha(shape);
		const int opaque[] = {0, 1, 2, 3, -1};
		int with[5], translucent[5], last[] = {bands - 1}, first[] = {0};
		for (int i = 0; i < 5; i++) {
			with[i] = i < bands ? i : -1;
			translucent[i] = i < bands ? i : -2;
		}
		assert_bands("{'op':'remove_alpha'}", shape, opaque, bands - alpha, space_of(shape));
		assert_bands("{'op':'ensure_alpha'}", shape, with, alpha ? bands : bands + 1, space_of(shape));
		assert_bands("{'op':'ensure_alpha','params':{'value':0.5}}", shape, translucent,
			alpha ? bands : bands + 1, space_of(shape));
		assert_bands("{'op':'extract_band','params':{'band':-1}}", shape, last, 1,
			bands == 1 ? space_of(shape) : grey_of(shape));
		assert_bands("{'op':'extract_band','params':{'band':0}}", shape, first, 1,
			bands == 1 ? space_of(shape) : grey_of(shape));
	}
}

static void test_join(void **state)
{
	static const struct shape grey = {1, 8, false}, deep = {1, 16, false}, rgb = {3, 8, false},
				  rgb16 = {3, 16, false};
	static const int alpha[] = {0, -1}, colours[] = {0, -2, -1}, four[] = {0, 1, 2, -2};

	assert_bands("{'op':'join','params':{'values':[100]}}", &grey, alpha, 2, VIPS_INTERPRETATION_B_W);
	assert_bands("{'op':'join','params':{'values':[50,100]}}", &grey, colours, 3, VIPS_INTERPRETATION_sRGB);
	assert_bands("{'op':'join','params':{'values':[50,100]}}", &deep, colours, 3, VIPS_INTERPRETATION_RGB16);
	assert_bands("{'op':'join','params':{'values':[50]}}", &rgb, four, 4, VIPS_INTERPRETATION_sRGB);
	assert_bands("{'op':'join','params':{'values':[50]}}", &rgb16, four, 4, VIPS_INTERPRETATION_RGB16);
}

static void test_join_takes_bands_from_a_file(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "mask.png", NULL);
	g_autoptr(VipsImage) mask = picture(WIDTH, HEIGHT, 1, 8);
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 16);
	g_autoptr(VipsImage) other = picture(WIDTH + 1, HEIGHT, 3, 16);

	assert_true(format_save(mask, path, "png", NULL, NULL));
	g_autoptr(JsonObject) asset = asset_read(folder, "mask.png", ASSET_IMAGE, NULL);
	assert_non_null(asset);
	g_autofree char *steps =
		g_strdup_printf("{'op':'join','params':{'image':{'sha256':'%s','path':'%s','bytes':1}}}",
			json_object_get_string_member(asset, "sha256"), path);
	g_autoptr(VipsImage) out = with_steps(steps, in);
	g_autofree double *before = doubles(in);
	g_autofree double *levels = doubles(mask);
	g_autofree double *after = doubles(out);
	assert_int_equal(out->Bands, 4);
	assert_int_equal(out->Type, VIPS_INTERPRETATION_RGB16);
	for (int i = 0; i < WIDTH * HEIGHT; i++) {
		assert_memory_equal(after + 4 * i, before + 3 * i, 3 * sizeof(double));
		/* libvips' shift fills what is new with the last bit. */
		assert_true(after[4 * i + 3] == levels[i] * 256 + ((int)levels[i] % 2 ? 255 : 0));
	}
	assert_refused(steps, other,
		"step 1 (join): image is 41 x 23, the picture 42 x 23 here; put a step before it that makes them alike");
	remove_scratch(folder);
}

static void test_cast(void **state)
{
	for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++) {
		const struct shape *shape = &shapes[s];
		g_autoptr(VipsImage) in = of_shape(shape, WIDTH, HEIGHT);
		g_autoptr(VipsImage) low = with_steps("{'op':'cast','params':{'depth':8}}", in);
		g_autoptr(VipsImage) high = with_steps("{'op':'cast','params':{'depth':16}}", in);
		g_autoptr(VipsImage) clipped = with_steps("{'op':'cast','params':{'depth':8,'shift':false}}", in);
		g_autofree double *before = doubles(in);
		g_autofree double *eight = doubles(low);
		g_autofree double *sixteen = doubles(high);
		g_autofree double *cut = doubles(clipped);
		assert_int_equal(low->BandFmt, VIPS_FORMAT_UCHAR);
		assert_int_equal(high->BandFmt, VIPS_FORMAT_USHORT);
		if (!shape->cmyk) {
			bool grey = shape->bands < 3;
			assert_int_equal(low->Type, grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB);
			assert_int_equal(high->Type, grey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16);
		}
		for (int i = 0; i < WIDTH * HEIGHT * shape->bands; i++) {
			double level = before[i];
			if (shape->depth == 16) {
				assert_true(sixteen[i] == level && eight[i] == floor(level / 256));
				assert_true(cut[i] == MIN(level, 255));
			} else {
				assert_true(eight[i] == level && cut[i] == level);
				assert_true(sixteen[i] == level * 256 + ((int)level % 2 ? 255 : 0));
			}
		}
	}
}

/* What a libvips step left in floating point is rounded, and scaled where the depth changes. */
static void test_cast_rounds_floating_point(void **state)
{
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(VipsImage) out = with_steps("{'op':'vips','params':{'operation':'linear','a':[1],'b':[0.6]}},"
					      "{'op':'cast','params':{'depth':8}}",
		in);
	g_autoptr(VipsImage) deep = with_steps("{'op':'vips','params':{'operation':'linear','a':[0.5],'b':[0]}},"
					       "{'op':'cast','params':{'depth':16}}",
		in);
	g_autofree double *before = doubles(in);
	g_autofree double *after = doubles(out);
	g_autofree double *wide = doubles(deep);

	for (int i = 0; i < WIDTH * HEIGHT * 3; i++) {
		assert_true(after[i] == MIN(before[i] + 1, 255));
		assert_true(fabs(wide[i] - before[i] * 128.5) <= 0.5);
	}
	assert_int_equal(deep->Type, VIPS_INTERPRETATION_RGB16);
}

static void test_premultiply_and_back(void **state)
{
	for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++) {
		const struct shape *shape = &shapes[s];
		g_autoptr(VipsImage) in = of_shape(shape, WIDTH, HEIGHT);
		g_autoptr(VipsImage) times = with_steps("{'op':'premultiply'}", in);
		g_autoptr(VipsImage) back = with_steps("{'op':'premultiply'},{'op':'unpremultiply'}", in);
		g_autofree double *before = doubles(in);
		g_autofree double *after = doubles(times);
		g_autofree double *again = doubles(back);
		double most = shape->depth == 16 ? 65535 : 255;
		assert_int_equal(back->BandFmt, in->BandFmt);
		assert_int_equal(back->Type, in->Type);
		for (int i = 0; i < WIDTH * HEIGHT * shape->bands; i++) {
			int band = i % shape->bands;
			double alpha = before[i - band + shape->bands - 1];
			bool colour = has_alpha(shape) && band < shape->bands - 1;
			double wanted = colour ? before[i] * alpha / most : before[i];
			if (fabs(after[i] - wanted) > most * 1e-6)
				fail_msg("premultiply: %g instead of %g (%d bands of %d bits)", after[i], wanted,
					shape->bands, shape->depth);
			assert_true(again[i] == (colour && alpha == 0 ? 0 : before[i]));
		}
	}
}

static void test_bands_tile_and_read_once(void **state)
{
	static const char *const steps[] = {
		"{'op':'remove_alpha'}",
		"{'op':'ensure_alpha','params':{'value':0.3}}",
		"{'op':'extract_band','params':{'band':1,'count':2}}",
		"{'op':'join','params':{'values':[20]}}",
		"{'op':'cast','params':{'depth':16}}",
		"{'op':'premultiply'},{'op':'unpremultiply'}",
		"{'op':'premultiply'},{'op':'blur','params':{'sigma':2}},{'op':'unpremultiply'}",
		"{'op':'strip'}",
		"{'op':'keep','params':{'metadata':['icc']}}",
		"{'op':'density','params':{'x':300}}",
	};
	static const struct shape some[] = {{4, 8, false}, {3, 16, false}};

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		assert_reads_once(steps[i]);
		for (size_t s = 0; s < G_N_ELEMENTS(some); s++)
			assert_tiles(steps[i], &some[s]);
	}
}

static const char *const kinds[] = {"exif", "icc", "xmp", "iptc", "orientation", "comments"};
static const char *const names[] = {VIPS_META_EXIF_NAME, VIPS_META_ICC_NAME, VIPS_META_XMP_NAME, VIPS_META_IPTC_NAME,
	VIPS_META_ORIENTATION, "png-comment-0-a"};

static VipsImage *with_metadata(void)
{
	static const char exif[] = "Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0";
	VipsImage *image = picture(WIDTH, HEIGHT, 3, 8);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_str_equal(kinds[i], "orientation"))
			vips_image_set_int(image, names[i], 6);
		else if (g_str_equal(kinds[i], "exif"))
			vips_image_set_blob_copy(image, names[i], exif, sizeof(exif) - 1);
		else
			vips_image_set_blob_copy(image, names[i], "x", 1);
	vips_image_set_string(image, "exif-ifd0-Artist", "she");
	vips_image_set_string(image, VIPS_META_LOADER, "jpegload");
	vips_image_set_int(image, VIPS_META_N_PAGES, 1);
	return image;
}

/* Which kinds are left, as "exif icc "; and nothing else has gone. Owned. */
static char *left_of(const char *steps)
{
	g_autoptr(VipsImage) in = with_metadata();
	g_autoptr(VipsImage) out = with_steps(steps, in);
	GString *left = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (vips_image_get_typeof(out, names[i]))
			g_string_append_printf(left, "%s ", kinds[i]);
		assert_true(vips_image_get_typeof(in, names[i])); /* the input is somebody else's */
	}
	assert_int_equal(!vips_image_get_typeof(out, "exif-ifd0-Artist"), !vips_image_get_typeof(out, names[0]));
	assert_true(vips_image_get_typeof(out, VIPS_META_LOADER));
	assert_true(vips_image_get_typeof(out, VIPS_META_N_PAGES));
	assert_same_picture(out, in);
	return g_string_free(left, FALSE);
}

static void assert_left(const char *steps, const char *wanted)
{
	g_autofree char *left = left_of(steps);

	assert_string_equal(left, wanted);
}

static void test_strip_and_keep(void **state)
{
	assert_left("{'op':'flop'},{'op':'flop'}", "exif icc xmp iptc orientation comments ");
	assert_left("{'op':'strip'}", "");
	assert_left("{'op':'strip','params':{'keep':['icc','orientation']}}", "icc orientation ");
	assert_left("{'op':'keep','params':{'metadata':['exif','comments']}}", "exif comments ");
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *steps = g_strdup_printf("{'op':'keep','params':{'metadata':['%s']}}", kinds[i]);
		g_autofree char *wanted = g_strconcat(kinds[i], " ", NULL);
		assert_left(steps, wanted);
	}
}

/* The tag is part of what tiles are made from: a later auto_orient must not turn. */
static void test_a_stripped_orientation_turns_nothing(void **state)
{
	g_autoptr(VipsImage) in = with_metadata();
	g_autoptr(VipsImage) kept =
		with_steps("{'op':'strip','params':{'keep':['orientation']}},{'op':'auto_orient'}", in);
	g_autoptr(VipsImage) gone = with_steps("{'op':'strip'},{'op':'auto_orient'}", in);

	assert_int_equal(kept->Xsize, HEIGHT);
	assert_int_equal(gone->Xsize, WIDTH);
}

static VipsImage *through_file(const char *steps, const char *format)
{
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(VipsImage) out = with_steps(steps, in);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) error = NULL;
	VipsImage *back = NULL;

	if (!format_save_memory(out, format, NULL, &bytes, &error) ||
		!format_open("a", bytes, false, NULL, &back, &error))
		fail_msg("%s: %s", format, error->message);
	return back;
}

static void test_density_arrives_in_files(void **state)
{
	static const char *const formats[] = {"jpeg", "tiff", "png"};

	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		g_autoptr(VipsImage) inch = through_file("{'op':'density','params':{'x':300,'y':254}}", formats[i]);
		g_autoptr(VipsImage) cm = through_file("{'op':'density','params':{'x':120,'unit':'cm'}}", formats[i]);
		assert_true(fabs(inch->Xres * 25.4 - 300) < 0.1 && fabs(inch->Yres * 25.4 - 254) < 0.1);
		assert_true(fabs(cm->Xres * 10 - 120) < 0.1 && fabs(cm->Yres * 10 - 120) < 0.1);
	}
}

static void test_errors(void **state)
{
	g_autoptr(VipsImage) in = picture(40, 30, 3, 8);

	assert_refused("{'op':'extract_band','params':{'band':2,'count':2}}", in,
		"step 1 (extract_band): 2 bands from number 2: the picture has 3 here, counted from 0");
	assert_refused("{'op':'extract_band','params':{'band':-4}}", in,
		"step 1 (extract_band): 1 band from number -4: the picture has 3 here, counted from 0");
	assert_told("cast: 12", "cast: depth is 8 or 16, not 12");
	assert_told("join", "join: needs values or image, one of them");
	assert_told("strip: {keep: [icc, exfi]}", "did you mean 'exif'?");
	assert_told("keep", "keep needs metadata");
	assert_told("strip", "");
	assert_told("strip: {keep: icc}", "");
	assert_told("keep: icc", "");
	assert_told("keep: [icc, exif]", "");
	assert_told("density: 300", "");
	assert_told("dpi: {x: 300, y: 150, unit: cm}", "");
	assert_told("depth: 16", "");
	assert_told("join: 100", "");
	assert_told("bandjoin: [50, 100]", "");
	assert_told("ensure_alpha: {opacity: 0.5}", "");
	assert_told("extract_channel: {channel: 2}", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bands_come_and_go),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_join_takes_bands_from_a_file),
		cmocka_unit_test(test_cast),
		cmocka_unit_test(test_cast_rounds_floating_point),
		cmocka_unit_test(test_premultiply_and_back),
		cmocka_unit_test(test_bands_tile_and_read_once),
		cmocka_unit_test(test_strip_and_keep),
		cmocka_unit_test(test_a_stripped_orientation_turns_nothing),
		cmocka_unit_test(test_density_arrives_in_files),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
