/* SPDX-License-Identifier: GPL-2.0-or-later
 * Definitions that are wrong: each error with its place and what to do about it, and all of them at once. */
#include "../unit.h"

#include "definition/reader/definition.h"

#include <string.h>

#include "rules.h"

static void assert_says_as(const char *path, const char *text, gsize length, const char *expected)
{
	auto_struct(diagnostics) errors = diagnostics_new(path);
	auto_struct(pipeline) pipeline = definition_parse(path, text, length, &rules, errors);
	g_autofree char *said = diagnostics_text(errors);

	assert_null(pipeline);
	assert_string_equal(said, expected);
}

static void assert_says(const char *text, const char *expected)
{
	assert_says_as("pipelines/x.yaml", text, strlen(text), expected);
}

/* One wrong line below a right one: expected is what follows "x:2:". */
static void assert_line_says(const char *line, const char *expected)
{
	g_autofree char *text = g_strdup_printf("steps: [invert]\n%s\n", line);
	g_autofree char *full = g_strdup_printf("x.yaml:2:%s\n", expected);
	assert_says_as("x.yaml", text, strlen(text), full);
}

static void an_unknown_operation(void **state)
{
	assert_says("description: x\n"
		    "\n"
		    "\n"
		    "steps:\n"
		    "  - grayscale\n"
		    "\n"
		    "  - blurr\n",
		"pipelines/x.yaml:7:5: unknown operation 'blurr'; did you mean 'blur'?\n");
}

static void all_errors_are_told_in_the_order_of_the_file(void **state)
{
	assert_says("descripton: x\n"
		    "inbox: ../other\n"
		    "recursive: yes\n"
		    "steps:\n"
		    "  - blurr\n"
		    "  - resize:\n"
		    "    width: 200\n"
		    "outputs:\n"
		    "  - {name: \"{stm}.jpg\"}\n"
		    "  - {format: jpgg, steps: [sharpn: 3]}\n"
		    "originals: archiv\n"
		    "on_conflict: renam\n"
		    "settle: 500\n"
		    "limits: {megapixel: 5, frames: 0}\n"
		    "priority: 10\n",
		"pipelines/x.yaml:1:1: unknown key 'descripton'; did you mean 'description'?\n"
		"pipelines/x.yaml:2:8: inbox '../other' contains '..'; name a folder below the watch folder, or write an "
		"absolute path\n"
		"pipelines/x.yaml:3:12: recursive must be true or false, not 'yes'\n"
		"pipelines/x.yaml:5:5: unknown operation 'blurr'; did you mean 'blur'?\n"
		"pipelines/x.yaml:7:5: a step has one operation, and 'width' stands beside 'resize'; indent it more if it "
		"belongs to 'resize', or begin a new step with '- '\n"
		"pipelines/x.yaml:9:13: unknown placeholder '{stm}'; did you mean '{stem}'?\n"
		"pipelines/x.yaml:10:14: unknown format 'jpgg'; did you mean 'jpeg'?\n"
		"pipelines/x.yaml:10:28: unknown operation 'sharpn'; did you mean 'sharpen'?\n"
		"pipelines/x.yaml:11:12: unknown originals 'archiv'; did you mean 'archive'?\n"
		"pipelines/x.yaml:12:14: unknown on_conflict 'renam'; did you mean 'rename'?\n"
		"pipelines/x.yaml:13:9: settle needs a unit; did you mean '500ms'?\n"
		"pipelines/x.yaml:14:10: unknown key 'megapixel'; did you mean 'megapixels'?\n"
		"pipelines/x.yaml:14:32: frames must be a whole number from 1 to 100000, not '0'\n"
		"pipelines/x.yaml:15:11: priority must be a whole number from 0 to 9, not '10'\n");
}

static void keys(void **state)
{
	assert_line_says("outputz: []", "1: unknown key 'outputz'; did you mean 'outputs'?");
	assert_line_says("Priority: 3", "1: unknown key 'Priority'; did you mean 'priority'?");
	assert_line_says("zzz: 3",
		"1: unknown key 'zzz'; there are name, description, inbox, recursive, accept, reject, allow, vars, "
		"include, "
		"steps, outputs, originals, on_conflict, settle, wait_empty, prune_folders, limits, priority, on_failure");
	assert_line_says("limits: {zzz: 3}", "10: unknown key 'zzz'; there are megapixels, frames, seconds, bytes");
	assert_line_says("\"a\\nb\": 3",
		"1: unknown key 'a\\x0ab'; there are name, description, inbox, recursive, accept, reject, allow, vars, "
		"include, "
		"steps, outputs, originals, on_conflict, settle, wait_empty, prune_folders, limits, priority, on_failure");
	assert_line_says("steps: [blur]", "1: duplicate key 'steps'; it is in line 1 already, keep one of them");
}

static void names_and_inboxes(void **state)
{
	static const char name_rule[] =
		"cannot be a name; write a-z, 0-9, _ and -, a letter or digit first, 64 at most";
	static const char kept[] = "contains a folder that dropmill keeps for itself; name another";
	static const struct {
		const char *line, *start, *words;
	} cases[] = {
		{"name: Web", "7: 'Web' ", name_rule},
		{"name: a/b", "7: 'a/b' ", name_rule},
		{"name: ''", "7: '' ", name_rule},
		{"name: [a]", "7: name must be text, not a list", ""},
		{"name:", "6: name has no value; it must be text, or take the key out", ""},
		{"description: {a: b}", "14: description must be text, not a map", ""},
		{"inbox: ''", "9: inbox '' ",
			"is empty; name a folder below the watch folder, or write an absolute path"},
		{"inbox: a/../b", "10: inbox 'a/../b' ",
			"contains '..'; name a folder below the watch folder, or write an absolute path"},
		{"inbox: ~/in", "8: inbox '~/in' ",
			"begins with '~', which only a shell knows; write the absolute path"},
		{"inbox: \"a/_done\"", "11: inbox 'a/_done' ", kept},
		{"inbox: _failed/x", "8: inbox '_failed/x' ", kept},
		{"inbox: /x/.dropmill", "11: inbox '/x/.dropmill' ", kept},
		{"inbox: s3://bucket/in", "8: inbox 's3://bucket/in' ",
			"is an address, and dropmill watches folders of this machine; mount or sync it to a folder, and name that"},
		{"inbox: .", "8: inbox '.' ", "is not a folder of its own; name one below the watch folder"},
		{"inbox: /", "8: inbox '/' ", "is not a folder of its own; name one below the watch folder"},
		{"inbox: \"a\\tb\"", "8: inbox 'a\\x09b' ", "contains a control character; take it out"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *expected = g_strconcat(cases[i].start, cases[i].words, NULL);
		assert_line_says(cases[i].line, expected);
	}
	static const char text[] = "steps: [invert]\n";
	assert_says_as("My Web.yaml", text, strlen(text),
		"My Web.yaml:1:1: the file's name makes 'My Web' the pipeline's, which takes a-z, 0-9, _ and - only; "
		"rename the file, or add a name:\n");
	static const char named[] = "name: x\nsteps: [invert]\n";
	assert_says_as("_done.yaml", named, strlen(named),
		"_done.yaml:1:1: the file's name makes '_done' the inbox, which contains a folder that dropmill keeps for "
		"itself; name another\n");
}

static void plain_values(void **state)
{
	static const char settle[] = "settle must be a duration from 0ms to 60m, such as 500ms, 2s or 1m, not ";
	static const struct {
		const char *line, *column, *what, *value;
	} cases[] = {
		{"recursive: 'true'", "12: ", "recursive must be true or false, not ", "'true'"},
		{"accept: \"*.jpg\"", "9: ", "accept must be a list such as [jpeg, \"*.tif\"], not ", "'*.jpg'"},
		{"accept: []", "9: ",
			"accept is empty, so that no file would be taken; list patterns, or take the key out to take every "
			"image",
			""},
		{"accept: ['a/*.jpg']",
			"10: ", "'a/*.jpg' matches no file's name; write a pattern without '/' such as ", "\"*.jpg\""},
		{"accept: [[x]]", "10: ", "a pattern of accept must be text, not ", "a list"},
		{"accept: [*.jpg]", "10: ", "text that begins with '*' or '&' must be in quotes, as in ", "\"*.jpg\""},
		{"originals: burn", "12: ", "originals must be one of archive, delete, keep, not ", "'burn'"},
		{"originals: Keep", "12: ", "unknown originals 'Keep'; did you mean ", "'keep'?"},
		{"originals: []", "12: ", "originals must be one of archive, delete, keep, not ", "a list"},
		{"settle: 2", "9: ", "settle needs a unit; did you mean ", "'2s'?"},
		{"settle: 5 s", "9: ", settle, "'5 s'"},
		{"settle: 2h", "9: ", settle, "'2h'"},
		{"settle: 61m", "9: ", settle, "'61m'"},
		{"settle: -1s", "9: ", settle, "'-1s'"},
		{"settle: 1.2.3s", "9: ", settle, "'1.2.3s'"},
		{"settle: .s", "9: ", settle, "'.s'"},
		{"settle: soon", "9: ", settle, "'soon'"},
		{"settle: {s: 1}", "9: ", settle, "a map"},
		{"limits: 5", "9: ", "limits must be a map such as {megapixels: 100, seconds: 60}, not ", "'5'"},
		{"limits: {megapixels: -1}", "22: ", "megapixels must be a number from 0.001 to 1000000, not ", "'-1'"},
		{"limits: {megapixels: .inf}", "22: ", "megapixels must be a number from 0.001 to 1000000, not ",
			"'.inf'"},
		{"limits: {seconds: 10m}", "19: ", "seconds must be a number from 1 to 86400, not ", "'10m'"},
		{"limits: {frames: 1.5}", "18: ", "frames must be a whole number from 1 to 100000, not ", "'1.5'"},
		{"priority: -1", "11: ", "priority must be a whole number from 0 to 9, not ", "'-1'"},
		{"priority: high", "11: ", "priority must be a whole number from 0 to 9, not ", "'high'"},
		{"priority: ~", "11: ",
			"priority has no value; it must be a whole number from 0 to 9, or take the key out", ""},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *expected = g_strconcat(cases[i].column, cases[i].what, cases[i].value, NULL);
		assert_line_says(cases[i].line, expected);
	}
}

static void steps(void **state)
{
	assert_says("steps: grayscale\n", "pipelines/x.yaml:1:8: steps must be a list such as [auto_orient, {blur: "
					  "{sigma: 2}}], not 'grayscale'\n");
	assert_says("steps:\n  blur: {sigma: 2}\n", "pipelines/x.yaml:2:3: steps must be a list such as [auto_orient, "
						    "{blur: {sigma: 2}}], not a map\n");
	assert_says("steps: [invert, [blur], {}, ~]\n",
		"pipelines/x.yaml:1:17: a step is the name of an operation, or one operation with its parameters such as "
		"'blur: {sigma: 2}'; this is a list\n"
		"pipelines/x.yaml:1:25: a step is the name of an operation, or one operation with its parameters such as "
		"'blur: {sigma: 2}'; this is an empty map\n"
		"pipelines/x.yaml:1:29: a step is missing here; name an operation, or take the '-' out\n");
}

static void a_shared_step_is_told_once(void **state)
{
	assert_says("outputs:\n"
		    "  - {name: a.jpg, steps: &s [blurr]}\n"
		    "  - {name: b.jpg, steps: *s}\n",
		"pipelines/x.yaml:2:30: unknown operation 'blurr'; did you mean 'blur'?\n");
}

static void nothing_to_do(void **state)
{
	assert_says("", "pipelines/x.yaml:1:1: the file is empty; give the definition steps:, outputs: or both\n");
	assert_says("# only a comment\n",
		"pipelines/x.yaml:1:1: the file is empty; give the definition steps:, outputs: or both\n");
	assert_says("\ndescription: x\n",
		"pipelines/x.yaml:2:1: there is nothing to do; give the definition steps:, outputs: or both\n");
	assert_says("steps: []\n",
		"pipelines/x.yaml:1:8: steps is empty and there are no outputs, so there is nothing to "
		"do; list a step, or an output\n");
	assert_says("- grayscale\n",
		"pipelines/x.yaml:1:1: a definition must be a map such as 'steps: [grayscale]', not a list\n");
	assert_says("grayscale\n",
		"pipelines/x.yaml:1:1: a definition must be a map such as 'steps: [grayscale]', not 'grayscale'\n");
}

static void outputs(void **state)
{
	static const struct {
		const char *list, *expected;
	} cases[] = {
		{"{name: a.jpg}", "10: outputs must be a list such as [{name: \"{stem}.jpg\"}], not a map"},
		{"[]", "10: outputs is empty; list one such as {name: \"{stem}.jpg\"}, or take the key out for the default"},
		{"['{stem}.jpg']", "11: an output must be a map such as {name: \"{stem}.jpg\"}, not '{stem}.jpg'"},
		{"[{name: 'a/{stem}x{foo}.jpg'}]",
			"28: unknown placeholder '{foo}'; there are {stem}, {ext}, {pipeline}, {date}, {width}, {height}, {n} and {hash}"},
		{"[{name: ../a.jpg}]", "18: '..' leads out of the output folder; name a folder below it"},
		{"[{name: /a.jpg}]", "18: the name is an absolute path; write it relative to the output folder"},
		{"[{name: ''}]", "19: the name is empty; write for example \"{stem}.jpg\""},
		{"[{name: []}]", "18: name must be text, not a list"},
		{"[{name: '{stem}.jpgg'}]", "26: unknown ending 'jpgg'; did you mean 'jpg'?"},
		{"[{name: '{stem}.docx'}]",
			"26: the ending 'docx' names no image format; write one such as .jpg, or give the output a format:"},
		{"[{format: bmp}]",
			"20: unknown format 'bmp'; choose of jpeg, png, webp, tiff, gif, heif, avif, jp2k, jxl, dz"},
		{"[{format: pngg}]", "20: unknown format 'pngg'; did you mean 'png'?"},
		{"[{format: [png]}]", "20: format must be text, not a list"},
		{"[{name: a.jpg, format: png}]",
			"33: format is 'png', but the name 'a.jpg' ends as jpeg does; change one of them"},
		{"[{name: '{stem}.{ext}', format: webp}]",
			"42: format is 'webp', but the name '{stem}.{ext}' ends as the source does; write .webp in place of "
			"{ext}"},
		{"[{name: a.jpg, qualty: 3}]", "25: unknown option 'qualty' of jpeg"},
		{"[{qualty: 3}]", "12: unknown option 'qualty' of the source's format"},
		{"[{name: a.jpg, steps: blur}]",
			"32: steps must be a list such as [auto_orient, {blur: {sigma: 2}}], not 'blur'"},
		{"[{name: a.jpg}, {name: b.jpg}, {name: a.jpg}]",
			"48: the output in line 2 is named 'a.jpg' too; give one of them another name"},
		{"[{}, {strip: true}]",
			"15: the output in line 2 is named '{stem}.{ext}' too; give one of them another name"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *line = g_strconcat("outputs: ", cases[i].list, NULL);
		assert_line_says(line, cases[i].expected);
	}
}

static void the_end_of_a_file_without_line_break_is_a_place_in_it(void **state)
{
	assert_says("steps: [invert]\n? priority",
		"pipelines/x.yaml:2:11: priority has no value; it must be a whole number from 0 to 9, or take the key out\n");
	assert_says(
		"steps: [invert", "pipelines/x.yaml:1:15: a ',' or the closing ']' of a list is missing before this\n");
}

static void huge_files_and_messages(void **state)
{
	g_autofree char *spaces = g_strnfill(1024 * 1024 + 1, ' ');
	g_autofree char *letters = g_strnfill(900 * 1024, 'k');
	g_autofree char *key = g_strconcat("steps: [invert]\n\"", letters, "\": 1\n", NULL);

	assert_says_as(
		"x", spaces, 1024 * 1024 + 1, "x:1:1: a definition has at most one megabyte; take the file out\n");
	auto_struct(diagnostics) errors = diagnostics_new("x.yaml");
	auto_struct(pipeline) pipeline = definition_parse("x.yaml", key, strlen(key), &rules, errors);
	assert_null(pipeline);
	assert_true(diagnostics_count(errors) > 0);
	assert_true(strlen(diagnostics_get(errors, 0)->message) < 510);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_operation),
		cmocka_unit_test(all_errors_are_told_in_the_order_of_the_file),
		cmocka_unit_test(keys),
		cmocka_unit_test(names_and_inboxes),
		cmocka_unit_test(plain_values),
		cmocka_unit_test(steps),
		cmocka_unit_test(a_shared_step_is_told_once),
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(outputs),
		cmocka_unit_test(the_end_of_a_file_without_line_break_is_a_place_in_it),
		cmocka_unit_test(huge_files_and_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
