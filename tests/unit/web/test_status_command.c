/* SPDX-License-Identifier: GPL-2.0-or-later
 * `dropmill status`: what it prints, where it complains, and its exit codes. */

#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/json.h"
#include "served.h"
#include "web/command/status_command.h"

struct said {
	int code;
	char *out, *err;
};

static void said_clear(struct said *said)
{
	g_free(said->out);
	g_free(said->err);
}
#define auto_said __attribute__((cleanup(said_clear))) struct said

static const char *of_folder; /* the address of this folder's mill */

static char *find(const char *config, GError **error)
{
	(void)config;
	if (!of_folder)
		g_set_error_literal(error, G_OPTION_ERROR, 0, "dropmill.yaml: a mistake");
	return g_strdup(of_folder);
}

static int redirect(FILE *stream, int number, const char *path)
{
	fflush(stream);
	int kept = fcntl(number, F_DUPFD_CLOEXEC, 10);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	g_assert_cmpint(kept, >=, 0);
	g_assert_cmpint(dup2(file, number), ==, number);
	close(file);
	return kept;
}

static char *restore(FILE *stream, int number, int kept, const char *path)
{
	char *text = NULL;
	fflush(stream);
	g_assert_cmpint(dup2(kept, number), ==, number);
	close(kept);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_unlink(path);
	return text;
}

/* arguments: separated by blanks; "@" stands for the served page's address. */
static struct said status(const char *arguments)
{
	g_autofree char *address = g_strdup_printf("127.0.0.1:%d", web_port(served));
	g_auto(GStrv) words = g_strsplit(arguments, " ", -1);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *out = g_build_filename(served_folder, "out.txt", NULL);
	g_autofree char *err = g_build_filename(served_folder, "err.txt", NULL);
	struct said said;

	g_ptr_array_add(argv, (char *)"status");
	for (char **word = words; *word; word++)
		if (**word)
			g_ptr_array_add(argv, strcmp(*word, "@") == 0 ? address : *word);
	g_ptr_array_add(argv, NULL);
	int kept_out = redirect(stdout, STDOUT_FILENO, out), kept_err = redirect(stderr, STDERR_FILENO, err);
	said.code = status_command((int)argv->len - 1, (char **)argv->pdata, find);
	said.err = restore(stderr, STDERR_FILENO, kept_err, err);
	said.out = restore(stdout, STDOUT_FILENO, kept_out, out);
	return said;
}

static void contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is missing in:\n%s", part, text);
}

static void test_text(void **state)
{
	auto_said said = status("--http @");
	assert_int_equal(said.code, 0);
	assert_string_equal(said.err, "");
	contains(said.out, "embedded, up");
	contains(said.out, "1 live, 1 late, 1 gone");
	contains(said.out, "1 queued, 1 running, 1 done, 1 failed");
	contains(said.out, "79 queued, 4 running, 48210 done, 3 retried, 1 duplicate");
	contains(said.out, "waits 12 s");
	contains(said.out, "j-running tile 12");
	contains(said.out,
		"orthophotos/north sheet 12.tif: 37 of 120 tiles (tiled)\n"
		"         waits: cannot make the folder out: No space left on device (tried again in 8.0 s)\n");
}

static void test_json(void **state)
{
	auto_said said = status("--json --http @");
	assert_int_equal(said.code, 0);
	g_autoptr(JsonObject) object = json_parse_object(said.out, -1, NULL);
	assert_non_null(object);
	assert_int_equal(json_int(json_object(object, "tiles"), "done", -1), 48210);
	assert_true(g_str_has_suffix(said.out, "}\n"));
}

static void test_address_of_the_mill_of_this_folder(void **state)
{
	g_autofree char *address = g_strdup_printf("localhost:%d", web_port(served));
	of_folder = address;
	auto_said said = status("");
	of_folder = NULL;
	assert_int_equal(said.code, 0);
	contains(said.out, address);
	auto_said mistake = status("");
	assert_int_equal(mistake.code, 2);
	contains(mistake.err, "dropmill.yaml: a mistake");
}

static void test_a_name_cannot_drive_the_terminal(void **state)
{
	struct snapshot *snapshot = snapshot_new();
	fake_job(snapshot, "j",
		"\x1b]0;owned\x07\xc2\x9b"
		"2J\xe2\x80\xae.jpg",
		JOB_RUNNING);
	snapshot_publish(snapshot);
	auto_said said = status("--http @");
	served_publish();
	assert_int_equal(said.code, 0);
	contains(said.out, "\\x1b]0;owned\\x07\\xc2\\x9b2J\\xe2\\x80\\xae.jpg");
	assert_null(strchr(said.out, '\x1b'));
}

static void test_nobody_there(void **state)
{
	/* Bound but not listening: nobody answers, and nobody else can take the port meanwhile. */
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(silent, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(getsockname(silent, (struct sockaddr *)&address, &length), 0);
	g_autofree char *arguments = g_strdup_printf("--http 127.0.0.1:%d", ntohs(address.sin_port));
	auto_said said = status(arguments);
	close(silent);
	assert_int_equal(said.code, 1);
	assert_string_equal(said.out, "");
	contains(said.err, strchr(arguments, '1'));
	contains(said.err, "start one with `dropmill run`");
	assert_ptr_equal(strchr(said.err, '\n') + 1, said.err + strlen(said.err));
}

static void test_a_mill_that_is_starting(void **state)
{
	snapshot_publish(NULL);
	auto_said said = status("--http @");
	served_publish();
	assert_int_equal(said.code, 1);
	contains(said.err, "503: the mill is starting");
}

static void test_usage(void **state)
{
	static const char *const wrong[] = {"--bogus", "extra", "--http", "--http 8080", "--http 127.0.0.1:x",
		"--http 127.0.0.1:0", "--http [::1]:8080"};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		auto_said said = status(wrong[i]);
		if (said.code != 2)
			fail_msg("%s: exit %d: %s", wrong[i], said.code, said.err);
		assert_string_equal(said.out, "");
		contains(said.err, "dropmill status: ");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_address_of_the_mill_of_this_folder),
		cmocka_unit_test(test_a_name_cannot_drive_the_terminal),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_a_mill_that_is_starting),
		cmocka_unit_test(test_usage),
	};
	return cmocka_run_group_tests(tests, served_start, served_stop);
}
