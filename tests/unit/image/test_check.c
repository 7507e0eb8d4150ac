/* SPDX-License-Identifier: GPL-2.0-or-later
 * What definitions may say of steps and save options, and what they are told when they are wrong. */
#include "support.h"

#include "base/json.h"
#include "image/describe/check_step.h"
#include "image/operations/operations.h"

/* What is said of a definition with this one step or output; "" when it is right. */
static char *told(const char *yaml, struct pipeline **pipeline)
{
	auto_struct(diagnostics) errors = diagnostics_new("p.yaml");
	auto_struct(pipeline) read = definition_parse("p.yaml", yaml, strlen(yaml), &image_step_rules, errors);
	g_autofree char *text = diagnostics_text(errors);

	if (pipeline)
		*pipeline = g_steal_pointer(&read);
	return g_strchomp(g_steal_pointer(&text));
}

static void assert_told(const char *yaml, const char *expected)
{
	g_autofree char *text = told(yaml, NULL);

	if (!g_str_equal(text, expected))
		print_error("%s\n", yaml);
	assert_string_equal(text, expected);
}

static void assert_step_told(const char *step, unsigned column, const char *message)
{
	g_autofree char *yaml = g_strdup_printf("steps:\n  - %s\n", step);
	g_autofree char *expected = g_strdup_printf("p.yaml:2:%u: %s", column, message);

	assert_told(yaml, expected);
}

static void test_wrong_steps(void **state)
{
	static const struct {
		const char *step;
		unsigned column;
		const char *message;
	} cases[] = {
		{"blurr", 5, "unknown operation 'blurr'; did you mean 'blur'?"},
		{"blurr: 3", 5, "unknown operation 'blurr'; did you mean 'blur'?"},
		{"sobel", 5, "unknown operation 'sobel'; libvips has one of that name: vips: {operation: sobel}"},
		{"qqqqqqqq", 5, "unknown operation 'qqqqqqqq'; `dropmill ops` lists them"},
		{"blur: {sigm: 3}", 12, "blur has no parameter 'sigm'; did you mean 'sigma'?"},
		{"gaussblur: {sigm: 3}", 17, "blur has no parameter 'sigm'; did you mean 'sigma'?"},
		{"blur: {quality: 80}", 12,
			"blur has no parameter 'quality'; it is an option of outputs: outputs: [{name: ..., quality: ...}]"},
		{"blur: {zzzzz: 3}", 12, "blur has no parameter 'zzzzz'; it has sigma, min_amplitude, premultiply"},
		{"blur: {sigma: 900}", 19, "blur: sigma must be 0.01 to 500 (px), not 900"},
		{"blur: 0", 11, "blur: sigma must be 0.01 to 500 (px), not 0"},
		{"blur: much", 11, "blur: sigma must be a number, 0.01 to 500 (px), not 'much'"},
		{"blur: {sigma: \"3\"}", 19, "blur: sigma must be a number, 0.01 to 500 (px), not the text '3'"},
		{"blur: {sigma: [3]}", 19, "blur: sigma must be a number, 0.01 to 500 (px), not a list"},
		{"blur: {sigma: .nan}", 19, "blur: sigma must be a number, 0.01 to 500 (px), not '.nan'"},
		{"blur: [3]", 11, "blur takes a map such as {sigma: ...}, not a list"},
		{"blur: {min_ampl: 0.3, min_amplitude: 0.2}", 27, "blur: min_amplitude is given twice"},
		{"resize", 5, "resize: needs width, height or scale"},
		{"resize: {width: 3.5}", 21, "resize: width must be a whole number, 1 to 1000000 (px), not 3.5"},
		{"resize: {width: 9, scale: 2}", 5, "resize: scale does not go with width or height; choose one"},
		{"resize: {width: 9, fit: cover}", 5, "resize: fit: cover needs both width and height"},
		{"resize: {width: 9, background: red}", 5, "resize: background is used with fit: contain only"},
		{"resize: {width: 9, fit: covr}", 29,
			"resize: fit must be one of inside, cover, contain, fill, outside, not 'covr'; did you mean 'cover'?"},
		{"resize: {width: 9, without_enlargement: 1}", 45,
			"resize: without_enlargement must be true or false, not 1"},
		{"thumbnail", 5, "thumbnail: needs width or height"},
		{"thumbnail: {width: 9, height: 9, fit: fill, without_enlargement: true}", 5,
			"thumbnail: without_enlargement does not go with fit: fill; resize has both"},
		{"rotate", 5, "rotate needs angle"},
		{"rotate: 361", 13, "rotate: angle must be -360 to 360 (deg), not 361"},
		{"rotate: {angle: 3, background: whit}", 36,
			"rotate: background must be a colour such as \"#ff8800\" or white, not 'whit'; did you mean 'white'?"},
		{"crop: {width: 3}", 5, "crop needs height"},
		{"crop: {width: 3, height: 3, left: -1}", 39, "crop: left must be 0 to 10000000 (px), not -1"},
		{"flip: true", 11, "flip has no parameters; write it alone"},
		{"flip: {sigma: 3}", 12, "flip has no parameter 'sigma'; it has none"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_step_told(cases[i].step, cases[i].column, cases[i].message);
}

static void test_wrong_vips(void **state)
{
	static const struct {
		const char *step;
		unsigned column;
		const char *message;
	} cases[] = {
		{"vips", 5, "vips needs operation, such as {operation: sobel}"},
		{"vips: {sigma: 3}", 5, "vips needs operation, such as {operation: sobel}"},
		{"vips: {operation: gausblur}", 23, "unknown libvips operation 'gausblur'; did you mean 'gaussblur'?"},
		{"vips: {operation: gaussblur}", 5, "vips gaussblur needs sigma: a number, 0 to 1000"},
		{"vips: {operation: gaussblur, sigma: 1001}", 41, "vips gaussblur: sigma must be 0 to 1000, not 1001"},
		{"vips: {operation: gaussblur, sigma: x}", 41,
			"vips gaussblur: sigma must be a number, 0 to 1000, not 'x'"},
		{"vips: {operation: gaussblur, sigma: 1, precisio: float}", 44,
			"vips gaussblur has no parameter 'precisio'; did you mean 'precision'?"},
		{"vips: {operation: gaussblur, sigma: 1, precision: flot}", 55,
			"vips gaussblur: precision must be one of integer, float, approximate, not 'flot'; did you mean 'float'?"},
		{"vips: {operation: gaussblur, sigma: 1, min-ampl: 0.2, min_ampl: 0.3}", 59,
			"vips gaussblur: min_ampl is given twice"},
		{"vips: {operation: rank, width: 3, height: 3, index: 1.5}", 57,
			"vips rank: index must be a whole number, 0 to 100000000, not 1.5"},
		{"vips: {operation: linear, a: [1, x], b: 0}", 34,
			"vips linear: a must be a list of numbers, not one with other things in it"},
		{"vips: {operation: resize, scale: 0.5, centre: true}", 43,
			"vips resize: centre is deprecated in libvips; leave it out"},
		{"vips: {operation: jpegload}", 23,
			"libvips' jpegload cannot be a step: it loads or saves files, which dropmill does itself"},
		{"vips: {operation: pngsave}", 23,
			"libvips' pngsave cannot be a step: it loads or saves files, which dropmill does itself"},
		{"vips: {operation: add}", 5, "vips add needs right: a file's name, or a matrix as a list of rows"},
		{"vips: {operation: composite}", 5, "vips composite needs mode: a list of whole numbers"},
		{"vips: {operation: case}", 5, "vips case needs cases: a list of files' names"},
		{"vips: {operation: add, left: [[1]], right: [[1]]}", 5,
			"vips add: all its images are given, so there is none to work on; leave out the one that is the "
			"picture"},
		{"vips: {operation: gaussblur, in: a.png, sigma: 2}", 34,
			"vips gaussblur: in is the picture itself; leave it out"},
		{"vips: {operation: conv, mask: [[1, 2], [3]]}", 44,
			"vips conv: mask: matrix must be a list of 1 to 1024 rows of as many numbers each, "
			"-1000000000000 to 1000000000000, not this list"},
		{"vips: {operation: conv, mask: {scale: 3}}", 35,
			"vips conv: mask needs matrix, a list of rows such as [[1, 2, 1]], or write a file's name"},
		{"vips: {operation: conv, mask: {matrix: [[1]], scale: 0}}", 35,
			"vips conv: mask: scale must not be 0: what the matrix gives is divided by it"},
		{"convolve: {kernel: [[1, 2, 1]], scale: 0.4, precision: integer}", 5,
			"convolve: a scale of 0.4 is rounded to 0 with precision integer; multiply kernel and scale, or take "
			"precision: float"},
		{"vips: {operation: conv, mask: {matrx: [[1]]}}", 36,
			"vips conv: mask has no key 'matrx'; did you mean 'matrix'?"},
		{"vips: {operation: black}", 23, "libvips' black cannot be a step: it takes no image"},
		{"vips: {operation: avg}", 23, "libvips' avg cannot be a step: it gives no image"},
		{"vips: {operation: draw_rect}", 23,
			"libvips' draw_rect cannot be a step: it draws into its input instead of giving a new image"},
		{"vips: {operation: system}", 23, "libvips' system cannot be a step: it runs a command of the system"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_step_told(cases[i].step, cases[i].column, cases[i].message);
}

static void assert_step_is(const char *step, const char *expected)
{
	g_autofree char *yaml = g_strdup_printf("steps:\n  - %s\n", step);
	auto_struct(pipeline) pipeline = NULL;
	g_autofree char *text = told(yaml, &pipeline);

	assert_string_equal(text, "");
	g_autoptr(JsonArray) steps = steps_to_json(pipeline->steps, NULL);
	g_autofree char *json = json_array_text(steps);
	assert_string_equal(json, expected);
}

static void test_right_steps(void **state)
{
	assert_step_is("gray", "[{\"op\":\"grayscale\",\"params\":{}}]");
	assert_step_is("blur", "[{\"op\":\"blur\",\"params\":{}}]");
	assert_step_is("gaussblur: 3", "[{\"op\":\"blur\",\"params\":{\"sigma\":3.0}}]");
	assert_step_is("blur: {sigma: 0.01, min_ampl: 1}",
		"[{\"op\":\"blur\",\"params\":{\"sigma\":0.01,\"min_amplitude\":1.0}}]");
	assert_step_is("resize: 600", "[{\"op\":\"resize\",\"params\":{\"width\":600}}]");
	assert_step_is("rotate: {angle: -7.5, bg: \"#fff\"}",
		"[{\"op\":\"rotate\",\"params\":{\"angle\":-7.5,\"background\":\"#fff\"}}]");
	assert_step_is("rotate: {angle: 1, background: 000000}",
		"[{\"op\":\"rotate\",\"params\":{\"angle\":1.0,\"background\":\"000000\"}}]");
	assert_step_is("flip: {}", "[{\"op\":\"flip\",\"params\":{}}]");
	assert_step_is("vips: sobel", "[{\"op\":\"vips\",\"params\":{\"operation\":\"sobel\"}}]");
	assert_step_is("vips: {operation: colourspace, space: b_w}",
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"colourspace\",\"space\":\"b-w\"}}]");
	assert_step_is("vips: {operation: linear, a: [1, 2.5], b: 3}",
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"linear\",\"a\":[1.0,2.5],\"b\":[3.0]}}]");
	assert_step_is("vips: {operation: similarity, interpolate: bicubic, angle: 3}",
		"[{\"op\":\"vips\",\"params\":{\"operation\":\"similarity\",\"interpolate\":\"bicubic\",\"angle\":3.0}}]");
}

static void test_every_error_is_told(void **state)
{
	assert_told("steps:\n  - blur: {sigm: 3, min_amplitude: 7}\n  - nope_nope\n",
		"p.yaml:2:12: blur has no parameter 'sigm'; did you mean 'sigma'?\n"
		"p.yaml:2:36: blur: min_amplitude must be 0.001 to 1, not 7\n"
		"p.yaml:3:5: unknown operation 'nope_nope'; `dropmill ops` lists them");
}

static void test_save_options(void **state)
{
	assert_told("outputs:\n  - {name: a.jpg, qualty: 3}\n",
		"p.yaml:2:19: jpeg has no option 'qualty'; did you mean 'quality'?");
	assert_told(
		"outputs:\n  - {name: a.jpg, quality: 101}\n", "p.yaml:2:28: jpeg: quality must be 1 to 100, not 101");
	assert_told("outputs:\n  - {name: a.png, quality: 3}\n",
		"p.yaml:2:28: png is lossless: quality, dither and effort are those of a palette; add palette: true, or set "
		"compression");
	assert_told("outputs:\n  - {name: a.tif, compression: zip}\n",
		"p.yaml:2:32: tiff: compression must be one of none, deflate, lzw, packbits, zstd, jpeg, webp, ccittfax4, not 'zip'");
	assert_told("outputs:\n  - {name: \"{stem}.{ext}\", quality: 3}\n",
		"p.yaml:2:28: quality depends on the format, and this output keeps the source's own; add a format, such as "
		"format: jpeg");
	auto_struct(pipeline) pipeline = NULL;
	g_autofree char *text = told("outputs:\n  - {name: \"{stem}.{ext}\", strip: true}\n"
				     "  - {name: b.webp, quality: 0, lossless: true, effort: 6}\n",
		&pipeline);
	assert_string_equal(text, "");
	const struct output *first = pipeline->outputs->pdata[0], *second = pipeline->outputs->pdata[1];
	assert_true(json_bool(first->save, "strip", false));
	assert_int_equal(json_object_get_size(first->save), 1);
	assert_int_equal(json_int(second->save, "effort", -1), 6);
}

/* The table itself: names and aliases are unique, defaults pass their own check. */
static void test_table(void **state)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const struct operation *o;

	for (guint i = 0; (o = operation_at(i)); i++) {
		assert_true(g_hash_table_add(seen, (gpointer)o->name));
		assert_ptr_equal(operation_find(o->name), o);
		for (guint a = 0; o->aliases && o->aliases[a]; a++) {
			assert_true(g_hash_table_add(seen, (gpointer)o->aliases[a]));
			assert_ptr_equal(operation_find(o->aliases[a]), o);
		}
		for (const struct param *p = o->params; p->name; p++) {
			assert_non_null(p->help);
			assert_false(p->required && p->fallback);
			if (p->fallback && (p->type == PARAM_INT || p->type == PARAM_DOUBLE)) {
				assert_true(g_ascii_strtod(p->fallback, NULL) >= p->min);
				assert_true(g_ascii_strtod(p->fallback, NULL) <= p->max);
			}
			if (p->type == PARAM_CHOICE)
				assert_true(!p->fallback || g_strv_contains(p->choices, p->fallback));
		}
	}
	assert_true(g_hash_table_size(seen) > 12);
	assert_null(operation_find("no such"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_steps),
		cmocka_unit_test(test_wrong_vips),
		cmocka_unit_test(test_right_steps),
		cmocka_unit_test(test_every_error_is_told),
		cmocka_unit_test(test_save_options),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
