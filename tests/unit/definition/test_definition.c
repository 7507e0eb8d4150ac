/* SPDX-License-Identifier: GPL-2.0-or-later
 * Definitions that are right: what is read, and what holds where nothing is written. */
#include "../unit.h"

#include "definition/reader/definition.h"

#include <string.h>

#include <glib/gstdio.h>

#include "base/json.h"
#include "definition/pipeline_from_json.h"
#include "rules.h"

static struct pipeline *read_as(const char *path, const char *text)
{
	auto_struct(diagnostics) errors = diagnostics_new(path);
	struct pipeline *pipeline = definition_parse(path, text, strlen(text), &rules, errors);
	g_autofree char *said = diagnostics_text(errors);

	assert_string_equal(said, "");
	assert_non_null(pipeline);
	return pipeline;
}

static const struct output *output_at(const struct pipeline *pipeline, guint index)
{
	assert_true(index < pipeline->outputs->len);
	return g_ptr_array_index(pipeline->outputs, index);
}

static void assert_steps(const GPtrArray *steps, const char *expected)
{
	g_autoptr(JsonArray) array = steps_to_json(steps, NULL);
	g_autofree char *text = json_array_text(array);
	assert_string_equal(text, expected);
}

static void everything_written_is_read(void **state)
{
	auto_struct(pipeline) pipeline =
		read_as("pipelines/web.yaml", "description: web-ready JPEG and a square thumbnail\n"
					      "inbox: in/web\n"
					      "recursive: false\n"
					      "accept: [\"*.jpg\", \"*.tif\"]\n"
					      "steps:\n"
					      "  - auto_orient\n"
					      "  - resize: {width: 2000, without_enlargement: true}\n"
					      "  - blur: 0.5\n"
					      "outputs:\n"
					      "  - {name: \"{stem}.jpg\", quality: 82, strip: true}\n"
					      "  - name: \"{stem}-thumb.webp\"\n"
					      "    steps: [{vips: {operation: sharpen, sigma: 1.2}}]\n"
					      "originals: delete\n"
					      "on_conflict: skip\n"
					      "settle: 2s\n"
					      "wait_empty: 3m\n"
					      "limits: {megapixels: 12.5, frames: 2, seconds: 60}\n"
					      "priority: 7\n");

	assert_string_equal(pipeline->name, "web");
	assert_string_equal(pipeline->file, "pipelines/web.yaml");
	assert_string_equal(pipeline->description, "web-ready JPEG and a square thumbnail");
	assert_string_equal(pipeline->inbox, "in/web");
	assert_false(pipeline->recursive);
	assert_int_equal(g_strv_length(pipeline->accept), 2);
	assert_string_equal(pipeline->accept[1], "*.tif");
	assert_steps(pipeline->steps,
		"[{\"op\":\"auto_orient\",\"params\":{}},"
		"{\"op\":\"resize\",\"params\":{\"map\":{\"width\":2000,\"without_enlargement\":true}}},"
		"{\"op\":\"blur\",\"params\":{\"first\":0.5}}]");
	const struct step *blur = g_ptr_array_index(pipeline->steps, 2);
	assert_int_equal(blur->line, 8);
	assert_int_equal(blur->column, 5);

	assert_int_equal(pipeline->outputs->len, 2);
	const struct output *first = output_at(pipeline, 0), *second = output_at(pipeline, 1);
	assert_string_equal(first->name, "{stem}.jpg");
	assert_string_equal(first->format, "jpeg");
	g_autofree char *save = json_object_text(first->save);
	assert_string_equal(save, "{\"quality\":82,\"strip\":true}");
	assert_int_equal(first->steps->len, 0);
	assert_string_equal(second->format, "webp");
	assert_int_equal(second->line, 11);
	assert_int_equal(second->column, 5);
	assert_steps(
		second->steps, "[{\"op\":\"vips\",\"params\":{\"map\":{\"operation\":\"sharpen\",\"sigma\":1.2}}}]");

	assert_int_equal(pipeline->originals, ORIGINALS_DELETE);
	assert_int_equal(pipeline->on_conflict, CONFLICT_SKIP);
	assert_true(pipeline->settle_us == 2000000);
	assert_true(pipeline->wait_empty_us == 180000000);
	assert_true(pipeline->limits.megapixels == 12.5);
	assert_int_equal(pipeline->limits.frames, 2);
	assert_true(pipeline->limits.seconds == 60);
	assert_int_equal(pipeline->priority, 7);
}

static void what_is_not_written_has_a_default(void **state)
{
	auto_struct(pipeline) pipeline = read_as("some/folder/mono.yaml", "steps: [grayscale]\n");

	assert_string_equal(pipeline->name, "mono");
	assert_string_equal(pipeline->inbox, "mono");
	assert_string_equal(pipeline->description, "");
	assert_true(pipeline->recursive);
	assert_null(pipeline->accept);
	assert_int_equal(pipeline->outputs->len, 1);
	assert_string_equal(output_at(pipeline, 0)->name, "{stem}.{ext}");
	assert_null(output_at(pipeline, 0)->format);
	assert_int_equal(pipeline->originals, ORIGINALS_ARCHIVE);
	assert_int_equal(pipeline->on_conflict, CONFLICT_RENAME);
	assert_true(pipeline->settle_us == 500000);
	assert_true(pipeline->wait_empty_us == 600000000);
	assert_true(pipeline->limits.megapixels == 1000);
	assert_int_equal(pipeline->limits.frames, 64);
	assert_true(pipeline->limits.seconds == 600);
	assert_int_equal(pipeline->priority, 5);
	assert_string_equal(pipeline->hash, "3180d6db78804e9b252016431224685ed4b4187e84dcd9548f62b1ad048747a4");
}

static void a_limit_alone_leaves_the_others(void **state)
{
	auto_struct(pipeline) pipeline = read_as("x.yaml", "steps: [invert]\nlimits: {seconds: 5}\n");

	assert_true(pipeline->limits.seconds == 5);
	assert_int_equal(pipeline->limits.frames, 64);
	assert_true(pipeline->limits.megapixels == 1000);
}

static void a_name_overrides_the_files_but_not_as_inbox(void **state)
{
	auto_struct(pipeline) pipeline = read_as("/x/Holiday 2026.yml", "name: holiday\nsteps: [invert]\n");

	assert_string_equal(pipeline->name, "holiday");
	assert_string_equal(pipeline->inbox, "Holiday 2026");
}

static void outputs_alone_convert(void **state)
{
	auto_struct(pipeline) pipeline = read_as("x.yaml", "outputs: [{name: \"{stem}.tif\"}, {format: jpg}]\n");

	assert_int_equal(pipeline->steps->len, 0);
	assert_string_equal(output_at(pipeline, 0)->format, "tiff");
	assert_string_equal(output_at(pipeline, 1)->name, "{stem}.jpg");
	assert_string_equal(output_at(pipeline, 1)->format, "jpeg");
}

static void an_output_gets_its_format_from_its_name_or_its_key(void **state)
{
	static const struct {
		const char *output, *name, *format;
	} cases[] = {
		{"{name: \"a/{stem}.PNG\"}", "a/{stem}.PNG", "png"},
		{"{name: \"{stem}.{ext}\"}", "{stem}.{ext}", NULL},
		{"{name: \"{stem}\"}", "{stem}", NULL},
		{"{name: \"{stem}.dat\", format: webp}", "{stem}.dat", "webp"},
		{"{name: \"{stem}.jpg\", format: jpeg}", "{stem}.jpg", "jpeg"},
		{"{format: webp}", "{stem}.webp", "webp"},
		{"{strip: true}", "{stem}.{ext}", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("outputs: [%s]\n", cases[i].output);
		auto_struct(pipeline) pipeline = read_as("x.yaml", text);
		assert_string_equal(output_at(pipeline, 0)->name, cases[i].name);
		assert_int_equal(g_strcmp0(output_at(pipeline, 0)->format, cases[i].format), 0);
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		gint64 us;
	} cases[] = {{"500ms", 500000}, {"2s", 2000000}, {"1m", 60000000}, {"1.5s", 1500000}, {"0ms", 0},
		{"0.25ms", 250}, {"60m", 3600000000}, {"'3s'", 3000000}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("steps: [invert]\nsettle: %s\n", cases[i].text);
		auto_struct(pipeline) pipeline = read_as("x.yaml", text);
		assert_true(pipeline->settle_us == cases[i].us);
	}
}

static void shared_steps_by_anchor(void **state)
{
	auto_struct(pipeline) pipeline =
		read_as("x.yaml", "outputs:\n"
				  "  - {name: \"{stem}.jpg\", steps: &small [{resize: {width: 100}}]}\n"
				  "  - {name: \"{stem}.png\", steps: *small}\n");

	assert_steps(output_at(pipeline, 1)->steps, "[{\"op\":\"resize\",\"params\":{\"map\":{\"width\":100}}}]");
}

static void a_definition_survives_its_json(void **state)
{
	auto_struct(pipeline) pipeline =
		read_as("x.yaml", "steps: [blur: 3]\naccept: ['*.jpg']\noutputs: [{format: png, compression: 9}]\n");
	g_autoptr(JsonObject) object = pipeline_to_json(pipeline);
	auto_struct(pipeline) again = pipeline_from_json(object, NULL);
	g_autoptr(JsonObject) object_again = pipeline_to_json(again);
	g_autofree char *first = json_object_text(object);
	g_autofree char *second = json_object_text(object_again);

	assert_string_equal(first, second);
}

static void folders_are_listed_in_order(void **state)
{
	static const char *const names[] = {
		"web.yaml", "mono.yml", "a.yaml", ".hidden.yaml", "notes.txt", "yaml", "x.yaml~"};
	g_autofree char *folder = g_dir_make_tmp("dropmill-definition-XXXXXX", NULL);
	g_autofree char *sub = g_build_filename(folder, "folder.yaml", NULL);
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);
		assert_true(g_file_set_contents(path, "steps: [invert]\n", -1, NULL));
	}
	assert_int_equal(g_mkdir(sub, 0700), 0);
	g_autoptr(GPtrArray) paths = definition_list(folder, &error);
	assert_null(error);
	assert_int_equal(paths->len, 3);
	static const char *const listed[] = {"a.yaml", "mono.yml", "web.yaml"};
	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *expected = g_build_filename(folder, listed[i], NULL);
		assert_string_equal(g_ptr_array_index(paths, i), expected);
	}

	auto_struct(diagnostics) errors = diagnostics_new(g_ptr_array_index(paths, 1));
	auto_struct(pipeline) pipeline = definition_read(g_ptr_array_index(paths, 1), &rules, errors);
	assert_string_equal(pipeline->name, "mono");
	auto_struct(diagnostics) of_folder = diagnostics_new(sub);
	assert_null(definition_read(sub, &rules, of_folder));
	assert_non_null(strstr(diagnostics_get(of_folder, 0)->message, "is not a file"));

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);
		g_unlink(path);
	}
	g_rmdir(sub);
	g_rmdir(folder);
	assert_null(definition_list(folder, &error));
	assert_non_null(strstr(error->message, folder));
	auto_struct(diagnostics) missing = diagnostics_new("gone.yaml");
	assert_null(definition_read(sub, &rules, missing));
	assert_non_null(strstr(diagnostics_get(missing, 0)->message, "cannot be read: No such file"));
}

static void shipped_definitions_are_right(void **state)
{
	static const char *const shipped[] = {"archive", "contact", "mono", "print", "web"};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) paths = definition_list("pipelines", &error); /* tests run at the top of the source */

	assert_null(error);
	assert_true(paths->len >= G_N_ELEMENTS(shipped));
	for (size_t i = 0; i < G_N_ELEMENTS(shipped); i++) {
		g_autofree char *path = g_strdup_printf("pipelines/%s.yaml", shipped[i]);
		auto_struct(diagnostics) errors = diagnostics_new(path);
		auto_struct(pipeline) pipeline = definition_read(path, &rules, errors);
		g_autofree char *said = diagnostics_text(errors);
		assert_string_equal(said, "");
		assert_string_equal(pipeline->name, shipped[i]);
		assert_string_equal(pipeline->inbox, shipped[i]);
		assert_string_not_equal(pipeline->description, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_written_is_read),
		cmocka_unit_test(what_is_not_written_has_a_default),
		cmocka_unit_test(a_limit_alone_leaves_the_others),
		cmocka_unit_test(a_name_overrides_the_files_but_not_as_inbox),
		cmocka_unit_test(outputs_alone_convert),
		cmocka_unit_test(an_output_gets_its_format_from_its_name_or_its_key),
		cmocka_unit_test(durations),
		cmocka_unit_test(shared_steps_by_anchor),
		cmocka_unit_test(a_definition_survives_its_json),
		cmocka_unit_test(folders_are_listed_in_order),
		cmocka_unit_test(shipped_definitions_are_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
