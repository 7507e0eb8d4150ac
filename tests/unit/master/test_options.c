/* SPDX-License-Identifier: GPL-2.0-or-later
 * Options: the command line goes before the environment, that before dropmill.yaml, and that before the default. */
#include "../unit.h"

#include <stdlib.h>

#include "base/cores.h"
#include "base/disk/files.h"
#include "master/config/options.h"

static char *folder, *file;

static struct options *read_with(const char *argument, GError **error)
{
	char *arguments[] = {"run", "--config", file, (char *)argument, NULL};

	return options_read(argument ? 4 : 3, arguments, "", error);
}

static void written(const char *text)
{
	assert_true(g_file_set_contents(file, text, -1, NULL));
}

static void who_goes_first(void **state)
{
	written("log-format: json\ndrain-seconds: 7\nspool: 2G\nwatch: /w\nallow: [/a, /b]\n");
	assert_int_equal(setenv("DROPMILL_DRAIN_SECONDS", "8", 1), 0);
	auto_struct(options) options = read_with("--drain-seconds=9", NULL);
	assert_int_equal(options->drain_seconds, 9);
	auto_struct(options) without = read_with(NULL, NULL);
	assert_int_equal(without->drain_seconds, 8);
	assert_int_equal(unsetenv("DROPMILL_DRAIN_SECONDS"), 0);
	auto_struct(options) of_file = read_with(NULL, NULL);
	assert_int_equal(of_file->drain_seconds, 7);
	assert_string_equal(of_file->log_format, "json");
	assert_string_equal(of_file->watch, "/w");
	assert_true(of_file->spool == G_GINT64_CONSTANT(2) << 30);
	assert_string_equal(of_file->allow[1], "/b");
	written("brokers:\nlog-format: null\nmemory: ~\n");
	auto_struct(options) empty = read_with(NULL, NULL);
	assert_null(empty->brokers);
	assert_string_equal(empty->log_format, "text");
	assert_true(empty->memory == 256 << 20);
	written("");
	auto_struct(options) none = read_with(NULL, NULL);
	assert_int_equal(none->drain_seconds, 120);
	assert_string_equal(none->topic_prefix, "");
	assert_null(none->brokers);
	assert_true(none->memory == 256 << 20);
	assert_int_equal(none->workers, cores_allowed());
}

static void what_is_wrong(void **state)
{
	static const struct {
		const char *file, *argument, *message;
	} cases[] = {
		{"", "--workers=0", "command line: workers must be a whole number from 1 to 1024, not '0'"},
		{"", "--payload=post", "command line: payload must be one of auto, inline, shm, not 'post'"},
		{"log-format: xml\n", NULL, "dropmill.yaml: log-format must be one of text, json, not 'xml'"},
		{"memory: much\n", NULL,
			"dropmill.yaml: memory must be a size such as 500M or 1.5G, at least 16M, or 0 for none, not "
			"'much'"},
		{"queue: [3]\n", NULL, "dropmill.yaml: queue must have a plain value"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		written(cases[i].file);
		assert_null(read_with(cases[i].argument, &error));
		assert_string_equal(error->message, cases[i].message);
	}
	g_autoptr(GError) error = NULL;
	written("worker: 3\n");
	assert_null(read_with(NULL, &error));
	assert_true(g_str_has_suffix(error->message, ":1:1: unknown key 'worker'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_goes_first),
		cmocka_unit_test(what_is_wrong),
	};

	folder = g_dir_make_tmp("dropmill-XXXXXX", NULL);
	file = g_build_filename(folder, "dropmill.yaml", NULL);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	files_remove_tree(folder);
	return failed;
}
