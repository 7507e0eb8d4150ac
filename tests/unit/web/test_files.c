/* SPDX-License-Identifier: GPL-2.0-or-later
 * Downloads: the very bytes, whole or in part, under a name that cannot break out of its header. */

#include "../unit.h"

#include <sys/stat.h>

#include "served.h"
#include "web/http/files.h"

#define OUTPUT "/jobs/j-done/output/0"

static void header_is(const struct reply *reply, const char *name, const char *wanted)
{
	g_autofree char *value = reply_header(reply, name);
	if (g_strcmp0(value, wanted) != 0)
		fail_msg("%s is '%s', not '%s'", name, value ? value : "(missing)", wanted ? wanted : "(missing)");
}

static void body_is(const struct reply *reply, gsize first, gsize length)
{
	g_autofree char *bytes = NULL;
	gsize size = 0;

	assert_true(g_file_get_contents(served_file, &bytes, &size, NULL));
	assert_int_equal(reply->length, length);
	assert_true(first + length <= size);
	assert_memory_equal(reply->body, bytes + first, length);
}

static void test_whole(void **state)
{
	auto_reply got = http_get(web_port(served), OUTPUT);
	assert_int_equal(got.status, 200);
	body_is(&got, 0, SERVED_BYTES);
	header_is(&got, "Content-Type", "image/jpeg");
	header_is(&got, "Content-Length", "300007");
	header_is(&got, "Accept-Ranges", "bytes");
	header_is(&got, "Content-Disposition",
		"attachment; filename=\"bach _1_.jpg\"; filename*=UTF-8''b%C3%A4ch%20%221%22.jpg");
}

static void test_parts(void **state)
{
	static const struct {
		const char *range;
		gsize first, length;
		const char *content_range;
	} cases[] = {
		{"bytes=0-0", 0, 1, "bytes 0-0/300007"},
		{"bytes=100000-", 100000, 200007, "bytes 100000-300006/300007"},
		{"bytes=131071-131072", 131071, 2, "bytes 131071-131072/300007"},
		{"bytes=-7", 300000, 7, "bytes 300000-300006/300007"},
		{"bytes=300006-999999999", 300006, 1, "bytes 300006-300006/300007"},
		{"bytes=-999999999", 0, 300007, "bytes 0-300006/300007"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *header = g_strdup_printf("Range: %s\r\n", cases[i].range);
		auto_reply got = http_ask(web_port(served), "GET", OUTPUT, header);
		auto_reply head = http_ask(web_port(served), "HEAD", OUTPUT, header);
		if (got.status != 206)
			fail_msg("%s: %d", cases[i].range, got.status);
		header_is(&got, "Content-Range", cases[i].content_range);
		body_is(&got, cases[i].first, cases[i].length);
		assert_int_equal(head.length, 0);
	}
}

static void test_ranges(void **state)
{
	static const struct {
		const char *text;
		enum range kind;
	} cases[] = {
		{NULL, RANGE_NONE},
		{"", RANGE_NONE},
		{"bytes=", RANGE_NONE},
		{"bytes=-", RANGE_NONE},
		{"bytes=5", RANGE_NONE},
		{"bytes=a-b", RANGE_NONE},
		{"bytes=5-4", RANGE_NONE},
		{"bytes=0-1,3-4", RANGE_NONE},
		{"bytes=+1-2", RANGE_NONE},
		{"bytes= 1-2", RANGE_NONE},
		{"bytes=1--2", RANGE_NONE},
		{"rows=0-1", RANGE_NONE},
		{"bytes=99999999999999999999-", RANGE_NONE},
		{"bytes=9-", RANGE_PART},
		{"bytes=10-", RANGE_UNSATISFIABLE},
		{"bytes=10-12", RANGE_UNSATISFIABLE},
		{"bytes=-0", RANGE_UNSATISFIABLE},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		gint64 first = -1, last = -1;
		if (files_range(cases[i].text, 10, &first, &last) != cases[i].kind)
			fail_msg("'%s'", cases[i].text);
		if (cases[i].kind == RANGE_PART)
			assert_true(first == 9 && last == 9);
	}
	gint64 first, last;
	assert_int_equal(files_range("bytes=0-", 0, &first, &last), RANGE_UNSATISFIABLE);
	assert_int_equal(files_range("bytes=-5", 0, &first, &last), RANGE_UNSATISFIABLE);
}

static void test_unsatisfiable(void **state)
{
	auto_reply got = http_ask(web_port(served), "GET", OUTPUT, "Range: bytes=300007-\r\n");
	assert_int_equal(got.status, 416);
	header_is(&got, "Content-Range", "bytes */300007");
	assert_int_equal(got.length, 0);
}

/* A download goes on only if the file is still the same. */
static void test_if_range(void **state)
{
	auto_reply whole = http_get(web_port(served), OUTPUT);
	g_autofree char *etag = reply_header(&whole, "ETag");
	g_autofree char *same = g_strdup_printf("Range: bytes=0-9\r\nIf-Range: %s\r\n", etag);
	auto_reply part = http_ask(web_port(served), "GET", OUTPUT, same);
	assert_int_equal(part.status, 206);
	auto_reply other = http_ask(web_port(served), "GET", OUTPUT, "Range: bytes=0-9\r\nIf-Range: \"old\"\r\n");
	assert_int_equal(other.status, 200);
	body_is(&other, 0, SERVED_BYTES);
}

static int status_of(const char *path, const char *name, const char *type, char **disposition, char **sent_type)
{
	struct snapshot *snapshot = snapshot_new();
	struct job_view *job = fake_job(snapshot, "j", "a.jpg", JOB_DONE);
	fake_output(job, path, name, 1);
	struct output_view *output = g_ptr_array_index(job->outputs, 0);
	g_free(output->type);
	output->type = g_strdup(type);
	snapshot_publish(snapshot);
	auto_reply got = http_get(web_port(served), "/jobs/j/output/0");
	*disposition = reply_header(&got, "Content-Disposition");
	*sent_type = reply_header(&got, "Content-Type");
	served_publish();
	return got.status;
}

static void test_only_regular_files(void **state)
{
	g_autofree char *link = g_build_filename(served_folder, "link", NULL);
	g_autofree char *pipe_name = g_build_filename(served_folder, "pipe", NULL);
	const char *paths[] = {link, pipe_name, served_folder, "/dev/zero", "/nonexistent", NULL};

	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(mkfifo(pipe_name, 0600), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *disposition = NULL, *type = NULL;
		int status = status_of(paths[i], "a.jpg", "image/jpeg", &disposition, &type);
		if (status != 404)
			fail_msg("%s: %d", paths[i] ? paths[i] : "(null)", status);
	}
	g_unlink(link);
	g_unlink(pipe_name);
}

static void test_hostile_names_and_types(void **state)
{
	static const char *const names[] = {"a\r\nSet-Cookie: x=1\r\n\r\n<script>", "a\"; filename=\"b.exe", "\xff\xfe",
		"", "/", "..", "a/b\\c", "\xe2\x80\xae gpj.exe", NULL};
	static const char *const types[] = {
		"text/html\r\nX: y", "image", "/", "image/", "a/b/c", "image/jpeg; charset=x", "", NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *disposition = NULL, *type = NULL;
		assert_int_equal(status_of(served_file, names[i], "image/png", &disposition, &type), 200);
		assert_true(g_str_has_prefix(disposition, "attachment; filename=\""));
		assert_string_equal(type, "image/png");
		/* Two quotes, both ours; printable ASCII only. */
		int quotes = 0;
		for (const char *c = disposition; *c; c++) {
			quotes += *c == '"';
			assert_true(g_ascii_isprint(*c));
		}
		assert_int_equal(quotes, 2);
		assert_null(strpbrk(strchr(disposition, '"'), "/\\<"));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *disposition = NULL, *type = NULL;
		assert_int_equal(status_of(served_file, "a.jpg", types[i], &disposition, &type), 200);
		assert_string_equal(type, "application/octet-stream");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_unsatisfiable),
		cmocka_unit_test(test_if_range),
		cmocka_unit_test(test_only_regular_files),
		cmocka_unit_test(test_hostile_names_and_types),
	};
	return cmocka_run_group_tests(tests, served_start, served_stop);
}
