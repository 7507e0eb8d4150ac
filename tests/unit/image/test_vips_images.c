/* SPDX-License-Identifier: GPL-2.0-or-later
 * `vips:` with images beside the picture: from a definition to pixels, against libvips called directly, and in tiles. */
#include "support.h"

#include <glib/gstdio.h>

#include "image/describe/check_step.h"
#include "image/quirks/quirks.h"
#include "image/vips/vips_signature.h"
#include "image/write/format_save.h"

enum { WIDTH = 111, HEIGHT = 93 };

struct folder {
	char *path, *other, *lut;
};

static VipsImage *other(void)
{
	g_autoptr(VipsImage) same = picture(WIDTH, HEIGHT, 3, 8);
	VipsImage *flipped = NULL;

	assert_int_equal(vips_flip(same, &flipped, VIPS_DIRECTION_HORIZONTAL, NULL), 0);
	return flipped;
}

static VipsImage *negative(void)
{
	uint8_t levels[256];

	for (int i = 0; i < 256; i++)
		levels[i] = (uint8_t)(255 - i);
	return vips_image_new_from_memory_copy(levels, sizeof levels, 256, 1, 1, VIPS_FORMAT_UCHAR);
}

static int set_up(void **state)
{
	struct folder *folder = g_new0(struct folder, 1);
	g_autoptr(VipsImage) image = other();
	g_autoptr(VipsImage) lut = negative();

	folder->path = scratch_folder();
	folder->other = g_build_filename(folder->path, "other.png", NULL);
	folder->lut = g_build_filename(folder->path, "lut.png", NULL);
	assert_true(format_save(image, folder->other, "png", NULL, NULL));
	assert_true(format_save(lut, folder->lut, "png", NULL, NULL));
	*state = folder;
	return 0;
}

static int tear_down(void **state)
{
	struct folder *folder = *state;

	remove_scratch(folder->path);
	g_free(folder->path);
	g_free(folder->other);
	g_free(folder->lut);
	g_free(folder);
	return 0;
}

/* The step as a definition in the folder writes it, as the array that a chain is built from; NULL and what was said of it. */
static JsonArray *read_step(const struct folder *folder, const char *step, char **told)
{
	g_autofree char *file = g_build_filename(folder->path, "p.yaml", NULL);
	g_autofree char *yaml = g_strdup_printf("steps:\n  - vips: {operation: %s}\n", step);
	auto_struct(diagnostics) errors = diagnostics_new(file);
	auto_struct(pipeline) pipeline = definition_parse(file, yaml, strlen(yaml), &image_step_rules, errors);
	g_autofree char *text = diagnostics_text(errors);

	if (told)
		*told = g_strdup(text);
	else if (*text)
		fail_msg("%s", text);
	if (!pipeline || *text)
		return NULL;
	const struct step *first = pipeline->steps->pdata[0];
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "op", first->operation);
	json_object_set_object_member(object, "params", json_object_ref(first->params));
	JsonArray *steps = json_array_new();
	json_array_add_object_element(steps, object);
	return steps;
}

static VipsImage *run(const struct folder *folder, const char *step, VipsImage *in)
{
	g_autoptr(JsonArray) steps = read_step(folder, step, NULL);
	g_autoptr(GError) error = NULL;
	VipsImage *out = NULL;

	if (!chain_build(steps, 0, in, NULL, &out, &error))
		fail_msg("%s: %s", step, error->message);
	return out;
}

/* What libvips makes of it by hand. */
typedef int (*direct)(VipsImage *in, VipsImage *other, VipsImage **out);

static int add(VipsImage *in, VipsImage *second, VipsImage **out)
{
	return vips_add(in, second, out, NULL);
}

static int subtract_from(VipsImage *in, VipsImage *second, VipsImage **out)
{
	return vips_subtract(second, in, out, NULL);
}

static int insert(VipsImage *in, VipsImage *second, VipsImage **out)
{
	return vips_insert(in, second, out, 20, -30, "expand", TRUE, NULL);
}

static int bandjoin(VipsImage *in, VipsImage *second, VipsImage **out)
{
	VipsImage *all[] = {in, second, second};

	return vips_bandjoin(all, out, 3, NULL);
}

static int arrayjoin(VipsImage *in, VipsImage *second, VipsImage **out)
{
	VipsImage *all[] = {in, second};

	return vips_arrayjoin(all, out, 2, "across", 1, "shim", 3, NULL);
}

static int choose(VipsImage *in, VipsImage *second, VipsImage **out)
{
	return vips_ifthenelse(second, in, second, out, NULL);
}

static int negate(VipsImage *in, VipsImage *second, VipsImage **out)
{
	g_autoptr(VipsImage) lut = negative();

	(void)second;
	return vips_maplut(in, out, lut, NULL);
}

static int conv(VipsImage *in, VipsImage *second, VipsImage **out)
{
	g_autoptr(VipsImage) mask = vips_image_new_matrixv(3, 2, 1.0, 2.0, 1.0, 0.0, -1.0, 0.0);

	(void)second;
	vips_image_set_double(mask, "scale", 3);
	vips_image_set_double(mask, "offset", 7);
	return vips_conv(in, out, mask, "precision", VIPS_PRECISION_INTEGER, NULL);
}

static int recomb(VipsImage *in, VipsImage *second, VipsImage **out)
{
	g_autoptr(VipsImage) m = vips_image_new_matrixv(3, 1, 0.2, 0.7, 0.1);

	(void)second;
	return vips_recomb(in, out, m, NULL);
}

static int composite(VipsImage *in, VipsImage *second, VipsImage **out)
{
	return vips_composite2(in, second, out, VIPS_BLEND_MODE_SCREEN, "x", 12, "y", 7, NULL);
}

static const struct {
	const char *step;
	direct by_hand;
} cases[] = {
	{"add, right: other.png", add},
	{"subtract, left: other.png", subtract_from}, /* the picture is the one that is not named */
	{"insert, sub: other.png, x: 20, y: -30, expand: true", insert},
	{"bandjoin, in: [other.png, other.png]", bandjoin},
	{"arrayjoin, in: other.png, across: 1, shim: 3", arrayjoin},
	{"ifthenelse, cond: other.png, in2: other.png", choose},
	{"maplut, lut: lut.png", negate},
	{"conv, mask: {matrix: [[1, 2, 1], [0, -1, 0]], scale: 3, offset: 7}, precision: integer", conv},
	{"recomb, m: [[0.2, 0.7, 0.1]]", recomb},
	{"composite2, overlay: other.png, mode: screen, x: 12, y: 7", composite},
};

static void test_images_beside_the_picture(void **state)
{
	const struct folder *folder = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(VipsImage) a = picture(WIDTH, HEIGHT, 3, 8);
		g_autoptr(VipsImage) b = picture(WIDTH, HEIGHT, 3, 8);
		g_autoptr(VipsImage) second = other();
		g_autoptr(VipsImage) got = run(folder, cases[i].step, a);
		g_autoptr(VipsImage) wanted = NULL;
		assert_int_equal(cases[i].by_hand(b, second, &wanted), 0);
		assert_same_picture(got, wanted);
	}
}

/* More that is claimed to be the same in tiles, beside those above. */
static const char *const local[] = {"multiply, right: other.png", "divide, right: other.png",
	"remainder, right: other.png", "relational, right: other.png, relational: less",
	"boolean, right: other.png, boolean: eor", "math2, right: other.png, math2: atan2",
	"complexform, right: other.png", "sum, in: [other.png, other.png]",
	"join, in2: other.png, direction: vertical, align: centre", "bandrank, in: [other.png, other.png], index: 0",
	"composite, in: other.png, mode: 2", "case, index: lut.png, cases: [other.png, other.png]",
	"dE00, right: other.png", "dE76, right: other.png", "dECMC, right: other.png",
	"fastcor, ref: [[9, 200, 30], [40, 50, 60]]", "spcor, ref: [[9, 200, 30], [40, 50, 60]]",
	"conv, mask: [[1, 2, 1.5], [0, -1, 0]]", "convf, mask: {matrix: [[1, 2, 1]], scale: 4}",
	"convi, mask: {matrix: [[1, 2, 1], [2, 4, 2], [1, 2, 1]], scale: 16}",
	"convsep, mask: {matrix: [[1, 4, 6, 4, 1]], scale: 16}", "convsep, mask: [[1, 4, 6, 4, 1]], precision: integer",
	"compass, mask: [[1, 2, 1], [0, 0, 0], [-1, -2, -1]], times: 4, combine: sum",
	"compass, mask: [[1, 1, 1], [-2, 2, -1], [-1, -1, -1]], times: 3, combine: min, precision: integer",
	"morph, mask: [[255, 128, 255], [255, 0, 255]], morph: erode", "bandfold, factor: 3",
	"copy, interpretation: lab", "rank, width: 5, height: 2, index: 7"};

/* Tile by tile in a shape and an order that no sink has, and as libvips' own sink has it. */
static void assert_tiles(const struct folder *folder, const char *step)
{
	enum { TILE_WIDTH = 37, TILE_HEIGHT = 29 };
	g_autoptr(VipsImage) a = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(VipsImage) b = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(VipsImage) tiled = run(folder, step, a);
	g_autoptr(VipsImage) whole = run(folder, step, b);
	g_autoptr(VipsRegion) region = vips_region_new(tiled);
	gsize length, pixel = VIPS_IMAGE_SIZEOF_PEL(whole), line = VIPS_IMAGE_SIZEOF_LINE(whole);
	g_autofree uint8_t *wanted = vips_image_write_to_memory(whole, &length);

	for (int y = (whole->Ysize - 1) / TILE_HEIGHT * TILE_HEIGHT; y >= 0; y -= TILE_HEIGHT)
		for (int x = (whole->Xsize - 1) / TILE_WIDTH * TILE_WIDTH; x >= 0; x -= TILE_WIDTH) {
			VipsRect tile = {x, y, MIN(TILE_WIDTH, whole->Xsize - x), MIN(TILE_HEIGHT, whole->Ysize - y)};
			assert_int_equal(vips_region_prepare(region, &tile), 0);
			for (int row = y; row < y + tile.height; row++)
				if (memcmp(wanted + (gsize)row * line + (gsize)x * pixel,
					    VIPS_REGION_ADDR(region, x, row), (gsize)tile.width * pixel) != 0)
					fail_msg("%s differs in tiles", step);
		}
}

static unsigned flags_of(const struct folder *folder, const char *step)
{
	g_autoptr(JsonArray) steps = read_step(folder, step, NULL);

	return chain_flags(steps);
}

static void test_they_are_the_same_in_tiles(void **state)
{
	const struct folder *folder = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases) + G_N_ELEMENTS(local); i++) {
		const char *step = i < G_N_ELEMENTS(cases) ? cases[i].step : local[i - G_N_ELEMENTS(cases)];
		if (flags_of(folder, step) & (OPERATION_ON_GRID | OPERATION_READS_METADATA))
			fail_msg("%s is not said to be local", step);
		assert_tiles(folder, step);
	}
}

static void test_what_is_not_local(void **state)
{
	const struct folder *folder = *state;
	static const char *const on_grid[] = {"rank, width: 4, height: 3, index: 2", "conva, mask: [[1, 1, 1]]",
		"conv, mask: [[1, 1, 1]], precision: approximate"};
	static const char *const whole[] = {"hist_match, ref: other.png", "phasecor, in2: other.png"};

	for (size_t i = 0; i < G_N_ELEMENTS(on_grid); i++)
		if (i > 0 || quirk(QUIRK_RANK_OF_8_BITS))
			assert_int_equal(flags_of(folder, on_grid[i]), OPERATION_ON_GRID);
	for (size_t i = 0; i < G_N_ELEMENTS(whole); i++)
		assert_true(flags_of(folder, whole[i]) & OPERATION_READS_METADATA);
}

/* Where libvips miscounts large windows, it does so from the left edge of the region on, and dropmill's own rank does not. Else `rank` of any
 * size is local. */
static void test_libvips_rank_depends_on_the_region(void **state)
{
	const struct folder *folder = *state;
	g_autoptr(VipsImage) a = picture(WIDTH, HEIGHT, 1, 8);
	g_autoptr(VipsImage) b = picture(WIDTH, HEIGHT, 1, 8);
	g_autoptr(VipsImage) cut = NULL;
	g_autoptr(VipsImage) theirs = run(folder, "rank, width: 7, height: 7, index: 24", a);
	g_autoptr(VipsImage) again = run(folder, "rank, width: 7, height: 7, index: 24", b);
	g_autoptr(VipsRegion) region = vips_region_new(theirs);
	const VipsRect tile = {50, 0, 61, HEIGHT};
	gsize length;

	assert_int_equal(vips_region_prepare(region, &tile), 0);
	assert_int_equal(vips_extract_area(again, &cut, 50, 0, 61, HEIGHT, NULL), 0);
	g_autofree uint8_t *whole = vips_image_write_to_memory(again, &length);
	int differ = 0;
	for (int y = 0; y < HEIGHT; y++)
		differ += memcmp(whole + y * WIDTH + 50, VIPS_REGION_ADDR(region, 50, y), 61) != 0;
	assert_true((differ > 0) == quirk(QUIRK_RANK_OF_8_BITS));
}

static void test_a_file_that_is_missing(void **state)
{
	const struct folder *folder = *state;
	g_autofree char *told = NULL;
	g_autofree char *expected =
		g_strdup_printf("%s/p.yaml:2:35: vips add: right: %s/nope.png: No such file or directory\n",
			folder->path, folder->path);

	assert_null(read_step(folder, "add, right: nope.png", &told));
	assert_string_equal(told, expected);
}

static void test_what_comes_over_the_bus(void **state)
{
	static const char *const broken[] = {"[{\"op\":\"vips\",\"params\":{\"operation\":\"add\",\"right\":7}}]",
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"add\",\"right\":{}}}]",
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"add\",\"right\":{\"matrix\":[[1,2],[3]]}}}]",
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"bandjoin\",\"in\":{}}}]",
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"bandjoin\",\"in\":[[]]}}]",
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"add\"}}]",
		/* libvips itself crashes here */
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"dE00\"}}]",
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"add\",\"left\":{\"matrix\":[[1]]},\"right\":{\"matrix\":[[1]]}}}]",
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"system\",\"cmd_format\":\"true\"}}]"};

	for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
		g_autoptr(VipsImage) in = picture(9, 9, 3, 8);
		g_autoptr(JsonArray) steps = chain(broken[i]);
		g_autoptr(GError) error = NULL;
		VipsImage *out = NULL;
		assert_false(chain_build(steps, 0, in, NULL, &out, &error));
		assert_non_null(strstr(error->message, "step 1 (vips): "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_images_beside_the_picture, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_they_are_the_same_in_tiles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_not_local, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_libvips_rank_depends_on_the_region, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_file_that_is_missing, set_up, tear_down),
		cmocka_unit_test(test_what_comes_over_the_bus),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
