/* SPDX-License-Identifier: GPL-2.0-or-later
 * What makes definitions short: variables, included files, conditions; and what is said when they are wrong. */
#include "definition/pipeline_from_json.h"
#include "language_support.h"

static struct pipeline *right(const char *text)
{
	struct pipeline *pipeline;
	g_autofree char *answer = said(text, &pipeline);

	assert_string_equal(answer, "");
	return pipeline;
}

static void assert_steps(const char *text, const char *expected)
{
	auto_struct(pipeline) pipeline = right(text);
	g_autoptr(JsonArray) steps = steps_to_json(pipeline->steps, NULL);
	g_autofree char *json = json_array_text(steps);

	assert_string_equal(json, expected);
}

static void variables(void **state)
{
	g_setenv("DROPMILL_TEST_SIGMA", "7", TRUE);
	g_setenv("DROPMILL_TEST_EMPTY", "", TRUE);
	g_unsetenv("DROPMILL_TEST_NOT");
	assert_steps("vars: {s: 2}\nsteps: [blur: \"${s}\"]", "[{\"op\":\"blur\",\"params\":{\"first\":2}}]");
	assert_steps("vars: {s: \"2\"}\nsteps: [blur: \"${s}\"]", "[{\"op\":\"blur\",\"params\":{\"first\":\"2\"}}]");
	assert_steps("vars: {s: 2}\nsteps:\n  - blur: ${s}5\n", "[{\"op\":\"blur\",\"params\":{\"first\":25}}]");
	assert_steps("vars: {s: yes}\nsteps: [blur: \"a ${s} $${s} $s\"]",
		"[{\"op\":\"blur\",\"params\":{\"first\":\"a yes ${s} $s\"}}]");
	assert_steps("vars: {a: \"${b}0\", b: \"${c:-4}\"}\nsteps:\n  - blur: ${a}\n",
		"[{\"op\":\"blur\",\"params\":{\"first\":\"40\"}}]");
	assert_steps("steps:\n  - blur: ${DROPMILL_TEST_SIGMA}\n", "[{\"op\":\"blur\",\"params\":{\"first\":7}}]");
	assert_steps(
		"steps:\n  - blur: ${DROPMILL_TEST_NOT:-true}\n", "[{\"op\":\"blur\",\"params\":{\"first\":true}}]");
	assert_steps(
		"steps:\n  - blur: ${DROPMILL_TEST_EMPTY:-1.5}\n", "[{\"op\":\"blur\",\"params\":{\"first\":1.5}}]");
	assert_steps("vars: {op: invert}\nsteps: [\"${op}\"]", "[{\"op\":\"invert\",\"params\":{}}]");
}

static void wrong_variables(void **state)
{
	assert_says("vars: {width: 2}\nsteps:\n  - blur: ${widht}\n",
		"x.yaml:3:11: unknown variable '${widht}'; did you mean '${width}'?\n");
	assert_says("steps:\n  - blur: a ${dropmill_test_q}\n",
		"x.yaml:2:13: there is no '${dropmill_test_q}', neither in vars: nor in the environment; add it to vars:, or "
		"give it a default: ${dropmill_test_q:-...}\n");
	assert_says("vars: {a: \"${b}\", b: \"x${a}\"}\nsteps: [invert]\n",
		"x.yaml:1:24: this variable stands for itself; take it out of its own value\n");
	assert_says("steps:\n  - blur: a${b\n",
		"x.yaml:2:12: '${' is not closed; write ${name}, or $${ for the characters themselves\n");
	assert_says("steps:\n  - blur: ${a b}\n",
		"x.yaml:2:11: 'a b' cannot be a variable's name; write ${name}, ${NAME:-default}, or $${ for the characters "
		"themselves\n");
	assert_says("vars: [a]\nsteps: [invert]\n", "x.yaml:1:7: vars must be a map such as {width: 2000}\n");
	assert_says("vars: {a: [1], 2b: 3}\nsteps: [invert]\n",
		"x.yaml:1:11: a variable is a text, a number, true or false; share a list with an anchor: &a here, *a there\n"
		"x.yaml:1:16: '2b' cannot be a variable's name; write letters, digits and _, no digit first\n");
}

static void variables_do_not_grow_without_end(void **state)
{
	g_autoptr(GString) text = g_string_new("vars:\n  v0: \"0123456789\"\n");
	for (int i = 1; i < 30; i++)
		g_string_append_printf(text, "  v%d: \"${v%d}${v%d}\"\n", i, i - 1, i - 1);
	g_string_append(text, "steps: [blur: \"${v29}\"]\n");
	g_autofree char *answer = said(text->str, NULL);
	assert_non_null(strstr(answer, "with its variables this has more than 4096 bytes; make it shorter"));
}

static void included_keys_lie_below_ours(void **state)
{
	write_file("parts/common.yaml", "vars: {s: 1, t: 9}\nsettle: 2s\npriority: 1\nsteps:\n  - blur: ${s}\n");
	write_file("parts/more.yaml", "include: deep.yaml\npriority: 2\n");
	write_file("parts/deep.yaml", "priority: 3\nrecursive: false\n");
	auto_struct(pipeline) pipeline =
		right("include: [parts/common.yaml, parts/more.yaml]\nvars: {s: 5}\ndescription: \"${t}\"\n");
	assert_int_equal(pipeline->settle_us, 2000000);
	assert_int_equal(pipeline->priority, 2);
	assert_false(pipeline->recursive);
	assert_string_equal(pipeline->description, "9");
	assert_int_equal(json_int(((struct step *)pipeline->steps->pdata[0])->params, "first", 0), 5);
	/* Everything that it was made of is to be watched, and is in its hash. */
	assert_int_equal(g_strv_length(pipeline->watch), 3);
	assert_true(g_path_is_absolute(pipeline->watch[0]));
	g_autofree char *hash = g_strdup(pipeline->hash);
	write_file("parts/deep.yaml", "priority: 4\nrecursive: false\n");
	auto_struct(pipeline) again =
		right("include: [parts/common.yaml, parts/more.yaml]\nvars: {s: 5}\ndescription: \"${t}\"\n");
	assert_string_not_equal(hash, again->hash);
}

static void included_steps_stand_where_they_are_named(void **state)
{
	write_file("parts/list.yaml", "- invert\n- blur: ${s}\n");
	write_file("parts/map.yaml", "vars: {s: 3}\nsteps:\n  - include: list.yaml\n");
	assert_steps("steps: [grayscale, {include: parts/map.yaml}, grayscale]",
		"[{\"op\":\"grayscale\",\"params\":{}},{\"op\":\"invert\",\"params\":{}},{\"op\":\"blur\",\"params\":"
		"{\"first\":3}},{\"op\":\"grayscale\",\"params\":{}}]");
}

static void errors_of_an_included_file_name_it(void **state)
{
	write_file("parts/bad.yaml", "settle: 3\nsteps:\n  - blurr\n");
	write_file("parts/list.yaml", "- invert\n- sharpn\n");
	assert_says("include: parts/bad.yaml\noutputs: [{steps: [{include: parts/list.yaml}, grayscal]}]\n",
		"x.yaml:2:48: unknown operation 'grayscal'; did you mean 'grayscale'?\n"
		"parts/bad.yaml:1:9: settle needs a unit; did you mean '3s'?\n"
		"parts/bad.yaml:3:5: unknown operation 'blurr'; did you mean 'blur'?\n"
		"parts/list.yaml:2:3: unknown operation 'sharpn'; did you mean 'sharpen'?\n");
	write_file("parts/broken.yaml", "steps: [\n");
	g_autofree char *broken = said("include: parts/broken.yaml\n", NULL);
	assert_true(g_str_has_prefix(broken, "parts/broken.yaml:"));
}

static void includes_that_cannot_be(void **state)
{
	write_file("parts/self.yaml", "include: self.yaml\n");
	write_file("parts/round.yaml", "- include: ../x.yaml\n");
	write_file("parts/list.yaml", "- invert\n");
	write_file("parts/keys.yaml", "steps: [invert]\ninbox: a\n");
	assert_says("include: parts/none.yaml\nsteps: [invert]\n",
		"x.yaml:1:10: include 'parts/none.yaml': cannot be read: No such file or directory\n");
	assert_says("include: {a: b}\nsteps: [invert]\n",
		"x.yaml:1:10: include takes the name of a file, or a list of them, such as parts/sharpen.yaml\n");
	assert_says("include: parts/self.yaml\nsteps: [invert]\n",
		"parts/self.yaml:1:10: include 'self.yaml': is being read already: a file cannot include itself, not even "
		"through others; take one include out\n");
	assert_says("steps: [{include: parts/round.yaml}]\n",
		"parts/round.yaml:1:12: include '../x.yaml': is being read already: a file cannot include itself, not even "
		"through others; take one include out\n");
	assert_says("include: parts/list.yaml\nsteps: [invert]\n",
		"parts/list.yaml:1:1: a file that a definition includes is a map such as 'vars: {width: 2000}'; a list of "
		"steps is included among steps: - include: FILE\n");
	assert_says("steps: [{include: parts/keys.yaml}]\n",
		"parts/keys.yaml:2:1: a file of steps has steps: (a list), vars: and description:, and not 'inbox'\n");
	assert_says(
		"steps: [include]\n", "x.yaml:1:9: 'include' is not an operation; it takes a value: include: FILE\n");
}

static void a_file_that_is_missing_is_known_too(void **state)
{
	g_autofree char *path = g_build_filename(folder, "x.yaml", NULL);
	g_autofree char *missing = g_build_filename(folder, "parts/none.yaml", NULL);
	auto_struct(diagnostics) errors = diagnostics_new(path);
	static const char text[] = "include: parts/none.yaml\n";
	assert_null(definition_parse(path, text, strlen(text), &rules, errors));
	assert_int_equal(diagnostics_files(errors)->len, 2);
	assert_string_equal(g_ptr_array_index(diagnostics_files(errors), 1), missing);
	assert_string_equal(diagnostics_get(errors, 0)->file, path);
}

static void conditions_go_with_their_steps(void **state)
{
	assert_steps("vars: {w: 4000}\n"
		     "steps:\n"
		     "  - resize: {width: 9}\n"
		     "    when: width > ${w}\n"
		     "  - when: has_alpha\n"
		     "    steps: [blur, {invert: , when: 'bands == 4'}]\n"
		     "  - grayscale\n",
		"[{\"op\":\"resize\",\"params\":{\"map\":{\"width\":9}},\"when\":[{\"id\":1,\"if\":\"width > 4000\"}]},"
		"{\"op\":\"blur\",\"params\":{},\"when\":[{\"id\":2,\"if\":\"has_alpha\"}]},"
		"{\"op\":\"invert\",\"params\":{},\"when\":[{\"id\":2,\"if\":\"has_alpha\"},{\"id\":3,\"if\":\"bands == 4\"}]},"
		"{\"op\":\"grayscale\",\"params\":{}}]");
}

static void an_output_has_a_condition(void **state)
{
	auto_struct(pipeline) pipeline =
		right("outputs:\n  - {name: a.jpg}\n  - {name: b.png, when: 'format in [\"png\"]'}\n");
	assert_null(((struct output *)pipeline->outputs->pdata[0])->when);
	assert_string_equal(((struct output *)pipeline->outputs->pdata[1])->when, "format in [\"png\"]");
	g_autoptr(JsonObject) json = pipeline_to_json(pipeline);
	auto_struct(pipeline) back = pipeline_from_json(json, NULL);
	assert_string_equal(((struct output *)back->outputs->pdata[1])->when, "format in [\"png\"]");
}

static void wrong_conditions(void **state)
{
	assert_says("steps:\n  - blur: 3\n    when: widht > 3\n",
		"x.yaml:3:11: when: unknown name 'widht'; did you mean 'width'?\n");
	assert_says("steps: [{blur: 3, when: \"true and widht > 3\"}]\n",
		"x.yaml:1:35: when: unknown name 'widht'; did you mean 'width'?\n");
	assert_says("steps: [{when: 'true'}]\n",
		"x.yaml:1:9: this condition has nothing to decide on; write an operation beside it, or steps: with a list of "
		"them\n");
	assert_says("steps: [{when: [a], blur: 3}]\n",
		"x.yaml:1:16: when must be a condition such as 'width > 4000', not a list\n");
	assert_says("outputs: [{name: a.jpg, when: width}]\n",
		"x.yaml:1:31: when: a condition is true or false, and this is a number; compare it with something\n");
}

static void what_is_allowed(void **state)
{
	auto_struct(pipeline) pipeline = right("steps: [invert]\nallow: [svg, pdf]\naccept: [svg, jpeg]\n");
	g_autoptr(JsonObject) json = pipeline_to_json(pipeline);
	auto_struct(pipeline) back = pipeline_from_json(json, NULL);
	g_autofree char *allow = g_strjoinv(" ", back->allow);
	g_autofree char *accept = g_strjoinv(" ", back->accept);
	assert_string_equal(allow, "svg pdf");
	assert_string_equal(accept, "svg jpeg");
	g_autoptr(JsonObject) job = json_object_new();
	pipeline_describe_job(back, job);
	assert_int_equal(json_array_get_length(json_object_get_array_member(job, "allow")), 2);
	auto_struct(pipeline) none = right("steps: [invert]\n");
	g_autoptr(JsonObject) other = json_object_new();
	pipeline_describe_job(none, other);
	assert_false(json_object_has_member(other, "allow"));

	assert_says(
		"steps: [invert]\nallow: [svgg]\n", "x.yaml:2:9: allow: unknown format 'svgg'; did you mean 'svg'?\n");
	assert_says("steps: [invert]\nallow: [quark]\n",
		"x.yaml:2:9: allow: unknown format 'quark'; choose of svg, pdf, jp2k, jxl, fits, exr, ppm, "
		"rad, vips, openslide\n");
	assert_says("steps: [invert]\nallow: [jpeg]\n",
		"x.yaml:2:9: allow: 'jpeg' is read without it; take it out (those that need it are svg, pdf, jp2k, "
		"jxl, fits, exr, ppm, rad, vips, openslide)\n");
	assert_says("steps: [invert]\nallow: [fits]\n",
		"x.yaml:2:9: allow: the libvips installed here cannot read fits; install one that can, or take it out\n");
	assert_says(
		"steps: [invert]\nallow: svg\n", "x.yaml:2:8: allow must be a list such as [svg, pdf], not 'svg'\n");
	assert_says("steps: [invert]\naccept: [pdf]\nallow: [svg]\n",
		"x.yaml:2:10: accept names pdf, which is read only where it is allowed; add allow: [pdf], or take it out\n");
	/* An output that keeps the format of a source that is only read is a PNG, and is named so. */
	assert_string_equal(pipeline_kept_ending("svg"), "png");
	assert_null(pipeline_kept_ending("jxl"));
	assert_null(pipeline_kept_ending(NULL));
}

static void what_is_taken(void **state)
{
	auto_struct(pipeline) pipeline =
		right("steps: [invert]\naccept: [jpg, png, '*.tif', 'a.b']\nreject: ['*-draft*']\n"
		      "limits: {bytes: 1.5MB}\non_failure: {attempts: 7}\n");
	g_autofree char *accept = g_strjoinv(" ", pipeline->accept);
	assert_string_equal(accept, "jpeg png *.tif a.b");
	assert_string_equal(pipeline->reject[0], "*-draft*");
	assert_int_equal(pipeline->limits.bytes, 1500000);
	assert_int_equal(pipeline->attempts, 7);
	g_autoptr(JsonObject) json = pipeline_to_json(pipeline);
	auto_struct(pipeline) back = pipeline_from_json(json, NULL);
	assert_string_equal(back->reject[0], "*-draft*");
	assert_int_equal(back->limits.bytes, 1500000);
	assert_int_equal(back->attempts, 7);
	assert_says("steps: [invert]\naccept: [jpgg]\n",
		"x.yaml:2:10: 'jpgg' is not a format that is read here; did you mean 'jpeg'?; for files' names write a pattern "
		"such as \"*.jpgg\"\n");
	assert_says("steps: [invert]\nlimits: {bytes: much}\n",
		"x.yaml:2:17: bytes must be a size in bytes, such as 5000000, 200MB or 1.5GiB, not 'much'\n");
	assert_says("steps: [invert]\non_failure: {attempts: 0}\n",
		"x.yaml:2:24: attempts must be a whole number from 1 to 100, not '0'\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables),
		cmocka_unit_test(wrong_variables),
		cmocka_unit_test(variables_do_not_grow_without_end),
		cmocka_unit_test(included_keys_lie_below_ours),
		cmocka_unit_test(included_steps_stand_where_they_are_named),
		cmocka_unit_test(errors_of_an_included_file_name_it),
		cmocka_unit_test(includes_that_cannot_be),
		cmocka_unit_test(a_file_that_is_missing_is_known_too),
		cmocka_unit_test(conditions_go_with_their_steps),
		cmocka_unit_test(an_output_has_a_condition),
		cmocka_unit_test(wrong_conditions),
		cmocka_unit_test(what_is_allowed),
		cmocka_unit_test(what_is_taken),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
