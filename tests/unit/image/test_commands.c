/* SPDX-License-Identifier: GPL-2.0-or-later
 * ops, check and definitions as a shell sees them: output and exit code. */
#include "support.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/json.h"
#include "definition/pipeline_from_json.h"
#include "image/describe/commands.h"

static char *folder;

static int make_folder(void **state)
{
	folder = scratch_folder();
	return start_vips(state);
}

static int drop_folder(void **state)
{
	remove_scratch(folder);
	g_free(folder);
	return 0;
}

/* Runs a command line with standard output and error into files; *out is the owned output. Returns the exit code. */
static int run(int (*command)(int, char **), const char *line, char **out)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	g_autofree char *path = g_build_filename(folder, "output", NULL);
	g_autofree char *errors = g_build_filename(folder, "errors", NULL);
	int kept_out = dup(STDOUT_FILENO), kept_error = dup(STDERR_FILENO);
	int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600),
	    error_file = open(errors, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	fflush(stdout);
	fflush(stderr);
	dup2(file, STDOUT_FILENO);
	dup2(error_file, STDERR_FILENO);
	int code = command((int)g_strv_length(words), words);
	fflush(stdout);
	fflush(stderr);
	dup2(kept_out, STDOUT_FILENO);
	dup2(kept_error, STDERR_FILENO);
	close(file);
	close(error_file);
	close(kept_out);
	close(kept_error);
	g_autofree char *complaint = NULL;
	assert_true(g_file_get_contents(path, out, NULL, NULL));
	assert_true(g_file_get_contents(errors, &complaint, NULL, NULL));
	/* Nothing at all is no answer, and a usage error says why. */
	assert_true(**out || *complaint);
	assert_true(code != 2 || *complaint);
	return code;
}

static char *definition(const char *name, const char *yaml)
{
	char *path = g_build_filename(folder, name, NULL);

	assert_true(g_file_set_contents(path, yaml, -1, NULL));
	return path;
}

static JsonArray *parse_array(const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) root = json_from_string(text, &error);

	assert_null(error);
	assert_true(JSON_NODE_HOLDS_ARRAY(root));
	return json_array_ref(json_node_get_array(root));
}

static void test_ops_json(void **state)
{
	g_autofree char *text = NULL;

	assert_int_equal(run(ops_command, "ops --json", &text), 0);
	g_autoptr(JsonArray) all = parse_array(text);
	guint count = json_array_get_length(all);
	assert_null(operation_at(count));
	assert_non_null(operation_at(count - 1));
	for (guint i = 0; i < count; i++) {
		JsonObject *o = json_object_at(all, i);
		assert_string_equal(json_string(o, "name", ""), operation_at(i)->name);
		assert_true(strlen(json_string(o, "summary", "")) > 10);
		assert_non_null(json_array(o, "aliases"));
		assert_non_null(json_array(o, "parameters"));
	}
}

static void test_ops_of_one(void **state)
{
	g_autofree char *by_alias = NULL, *markdown = NULL, *of_libvips = NULL, *unknown = NULL, *nothing = NULL;

	assert_int_equal(run(ops_command, "ops gaussblur --json", &by_alias), 0);
	g_autoptr(JsonArray) one = parse_array(by_alias);
	assert_int_equal(json_array_get_length(one), 1);
	JsonObject *sigma = json_object_at(json_array(json_object_at(one, 0), "parameters"), 0);
	assert_string_equal(json_string(sigma, "name", ""), "sigma");
	assert_string_equal(json_string(sigma, "unit", ""), "px");
	assert_true(json_double(sigma, "max", 0) == 500);
	assert_int_equal(run(ops_command, "ops resize --markdown", &markdown), 0);
	assert_non_null(strstr(markdown, "### resize\n"));
	assert_non_null(strstr(markdown, "| `fit` | inside \\| cover \\| contain \\| fill \\| outside | inside |"));
	assert_int_equal(run(ops_command, "ops canny", &of_libvips), 0);
	assert_non_null(strstr(of_libvips, "sigma"));
	assert_non_null(strstr(of_libvips, "integer | float | approximate"));
	assert_int_equal(run(ops_command, "ops nope", &unknown), 1);
	assert_string_equal(unknown, "");
	assert_int_equal(run(ops_command, "ops --nope", &nothing), 2);
}

static void test_check(void **state)
{
	g_autofree char *good =
		definition("web.yaml", "steps: [grayscale, blur, flip]\noutputs:\n  - name: a.jpg\n  - name: b.png\n");
	g_autofree char *bad = definition("bad.yaml", "steps:\n  - blurr\n  - blur: 900\n");
	g_autofree char *expected_good = g_strdup_printf("%s: ok (inbox web, 3 steps, 2 outputs)\n", good);
	g_autofree char *expected_bad = g_strdup_printf("%s:2:5: unknown operation 'blurr'; did you mean 'blur'?\n"
							"     2 |   - blurr\n"
							"       |     ^\n"
							"%s:3:11: blur: sigma must be 0.01 to 500 (px), not 900\n"
							"     3 |   - blur: 900\n"
							"       |           ^\n",
		bad, bad);
	g_autofree char *expected = g_strconcat(expected_bad, expected_good, NULL);
	g_autofree char *one = g_strconcat("check ", good, NULL);
	g_autofree char *all = g_strconcat("check --pipelines ", folder, NULL);
	g_autofree char *first = NULL, *second = NULL, *third = NULL;

	assert_int_equal(run(check_command, one, &first), 0);
	assert_string_equal(first, expected_good);
	assert_int_equal(run(check_command, all, &second), 1);
	assert_string_equal(second, expected);
	assert_int_equal(run(check_command, "check --pipelines /nonexistent", &third), 1);
}

static void test_check_for_editors(void **state)
{
	g_autofree char *bad = definition("j.yaml", "steps:\n  - blurr\n");
	g_autofree char *odd = definition("k.yaml", "steps:\n  - sharpen\n  - resize: 200\n");
	g_autofree char *line = g_strdup_printf("check --json %s %s", bad, odd);
	g_autofree char *only_odd = g_strdup_printf("check %s", odd);
	g_autofree char *text = NULL, *plain = NULL;

	assert_int_equal(run(check_command, line, &text), 1);
	g_autoptr(JsonArray) all = parse_array(text);
	assert_int_equal(json_array_get_length(all), 2);
	JsonObject *error = json_object_at(all, 0), *warning = json_object_at(all, 1);
	assert_string_equal(json_string(error, "file", ""), bad);
	assert_int_equal(json_int(error, "line", 0), 2);
	assert_int_equal(json_int(error, "column", 0), 5);
	assert_string_equal(json_string(error, "severity", ""), "error");
	assert_string_equal(json_string(error, "message", ""), "unknown operation 'blurr'; did you mean 'blur'?");
	assert_string_equal(json_string(warning, "severity", ""), "warning");
	/* A warning is no error. */
	assert_int_equal(run(check_command, only_odd, &plain), 0);
	g_autofree char *expected =
		g_strdup_printf("%s: ok (inbox k, 2 steps, 1 output)\n"
				"%s:2:5: warning: resize in line 3 softens what is sharpened here; sharpen after it\n"
				"     2 |   - sharpen\n"
				"       |     ^\n",
			odd, odd);
	assert_string_equal(plain, expected);
	unlink(bad);
	unlink(odd);
}

static void test_two_of_one_name(void **state)
{
	g_autofree char *first = definition("m.yaml", "name: same\ninbox: a\nsteps: [flip]\n");
	g_autofree char *second = definition("n.yaml", "steps: [flip]\nname: same\ninbox: b\n");
	g_autofree char *line = g_strdup_printf("check %s %s", first, second);
	g_autofree char *master_line = g_strdup_printf("definitions --json %s %s", first, second);
	g_autofree char *told = g_strdup_printf("%s:2:7: the pipeline in %s is named 'same' too; rename this file, or "
						"give it a name: of its own\n",
		second, first);
	g_autofree char *text = NULL, *json = NULL;

	assert_int_equal(run(check_command, line, &text), 1);
	assert_non_null(strstr(text, told));
	assert_int_equal(run(definitions_command, master_line, &json), 0);
	g_autoptr(JsonObject) answer = json_parse_object(json, -1, NULL);
	JsonArray *definitions = json_array(answer, "definitions");
	assert_non_null(json_object(json_object_at(definitions, 0), "pipeline"));
	assert_null(json_object(json_object_at(definitions, 1), "pipeline"));
	assert_string_equal(json_string(json_object_at(definitions, 1), "errors", ""), told);
	unlink(first);
	unlink(second);
}

static void test_definitions(void **state)
{
	g_autofree char *good = definition("web.yaml", "steps: [{blur: 2}]\n");
	g_autofree char *bad = definition("bad.yaml", "steps: [blurr]\n");
	g_autofree char *line = g_strconcat("definitions --json ", folder, NULL);
	g_autofree char *text = NULL, *usage = NULL;

	assert_int_equal(run(definitions_command, line, &text), 0);
	g_autoptr(JsonObject) answer = json_parse_object(text, -1, NULL);
	JsonArray *definitions = json_array(answer, "definitions");
	assert_int_equal(json_array_get_length(definitions), 2);
	JsonObject *broken = json_object_at(definitions, 0), *right = json_object_at(definitions, 1);
	g_autofree char *expected = g_strconcat(bad, ":1:9: unknown operation 'blurr'; did you mean 'blur'?", NULL);
	assert_string_equal(json_string(broken, "file", ""), bad);
	assert_string_equal(json_string(broken, "name", ""), "bad");
	assert_null(json_object(broken, "pipeline"));
	assert_true(g_str_has_prefix(json_string(broken, "errors", ""), expected));
	assert_string_equal(json_string(right, "file", ""), good);
	assert_string_equal(json_string(right, "errors", "?"), "");
	auto_struct(pipeline) pipeline = pipeline_from_json(json_object(right, "pipeline"), NULL);
	assert_non_null(pipeline);
	assert_string_equal(pipeline->name, "web");
	const struct step *step = pipeline->steps->pdata[0];
	assert_string_equal(step->operation, "blur");
	assert_int_equal(run(definitions_command, "definitions --json", &usage), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ops_json),
		cmocka_unit_test(test_ops_of_one),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_for_editors),
		cmocka_unit_test(test_two_of_one_name),
		cmocka_unit_test(test_definitions),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
