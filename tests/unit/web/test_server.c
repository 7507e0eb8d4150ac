/* SPDX-License-Identifier: GPL-2.0-or-later
 * What each route answers, with which headers. */

#include "../unit.h"

#include <signal.h>

#include "served.h"

static const char *const routes[] = {"/", "/assets/base.css", "/assets/main.js", "/assets/chart.js", "/icon.svg",
	"/api/status", "/api/jobs", "/api/jobs/j-done", "/api/workers", "/api/pipelines", "/jobs/j-done/output/0",
	"/healthz", "/readyz"};

static void header_is(const struct reply *reply, const char *name, const char *wanted)
{
	g_autofree char *value = reply_header(reply, name);
	if (g_strcmp0(value, wanted) != 0)
		fail_msg("%s is '%s', not '%s'", name, value ? value : "(missing)", wanted);
}

static void secured(const struct reply *reply)
{
	header_is(reply, "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
		"form-action 'none'; frame-ancestors 'none'");
	header_is(reply, "X-Content-Type-Options", "nosniff");
	header_is(reply, "Referrer-Policy", "no-referrer");
	header_is(reply, "Access-Control-Allow-Origin", NULL);
}

static void test_url(void **state)
{
	g_autofree char *wanted = g_strdup_printf("http://127.0.0.1:%d/", web_port(served));
	assert_in_range(web_port(served), 1, 65535);
	assert_string_equal(web_url(served), wanted);
}

static void test_every_route(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
		auto_reply got = http_get(web_port(served), routes[i]);
		auto_reply head = http_ask(web_port(served), "HEAD", routes[i], "");
		if (got.status != 200 || head.status != 200 || got.length == 0 || head.length != 0)
			fail_msg("%s: GET %d with %zu bytes, HEAD %d with %zu", routes[i], got.status,
				(size_t)got.length, head.status, (size_t)head.length);
		secured(&got);
		secured(&head);
		g_autofree char *length = reply_header(&got, "Content-Length");
		assert_int_equal(g_ascii_strtoull(length, NULL, 10), got.length);
		g_autofree char *promised = reply_header(&head, "Content-Length");
		assert_true(g_ascii_strtoull(promised, NULL, 10) > 0);
	}
}

static void test_types(void **state)
{
	static const struct {
		const char *path, *type;
	} cases[] = {
		{"/", "text/html; charset=utf-8"},
		{"/assets/base.css", "text/css; charset=utf-8"},
		{"/assets/main.js", "text/javascript; charset=utf-8"},
		{"/icon.svg", "image/svg+xml"},
		{"/api/status", "application/json"},
		{"/api/none", "application/json"},
		{"/none", "text/plain; charset=utf-8"},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		auto_reply got = http_get(web_port(served), cases[i].path);
		header_is(&got, "Content-Type", cases[i].type);
	}
}

static void test_what_is_not_there(void **state)
{
	static const char *const paths[] = {"/none", "/api", "/api/", "/api/jobs/", "/api/jobs/none", "/api/status/x",
		"/jobs/j-done", "/jobs/j-done/output", "/jobs/j-done/output/2", "/jobs/j-done/output/",
		"/jobs/j-done/output/x", "/jobs/j-done/output/-1", "/jobs/j-done/output/4294967296",
		"/jobs/j-failed/output/0", "/jobs/none/output/0", "/index.html", "//", "/assets/", "/assets/none",
		"/assets/base.css/", "/style.css", "/favicon.ico"};

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		auto_reply got = http_get(web_port(served), paths[i]);
		if (got.status != 404)
			fail_msg("%s: %d", paths[i], got.status);
		secured(&got);
	}
	/* The file itself is gone. */
	auto_reply lost = http_get(web_port(served), "/jobs/j-done/output/1");
	assert_int_equal(lost.status, 404);
	assert_non_null(strstr(lost.body, "beach-thumb.webp is no longer in the out folder"));
}

static void test_read_only(void **state)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "PROPFIND"};

	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
		auto_reply got = http_ask(web_port(served), methods[i], "/api/status",
			"Origin: http://evil.example\r\nAccess-Control-Request-Method: PUT\r\n");
		if (got.status != 405)
			fail_msg("%s: %d", methods[i], got.status);
		header_is(&got, "Allow", "GET, HEAD");
		secured(&got);
	}
}

static void test_foreign_host(void **state)
{
	static const char foreign[] = "GET /api/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
	static const char missing[] = "GET /api/status HTTP/1.1\r\nConnection: close\r\n\r\n";
	auto_reply refused = http_bytes(web_port(served), foreign, strlen(foreign));
	auto_reply unnamed = http_bytes(web_port(served), missing, strlen(missing));

	assert_int_equal(refused.status, 421);
	assert_null(strstr(refused.body, "uptime"));
	secured(&refused);
	assert_int_equal(unnamed.status, 400);
}

static void test_etag(void **state)
{
	static const char *const stable[] = {
		"/", "/assets/main.js", "/api/jobs", "/api/pipelines", "/jobs/j-done/output/0"};

	for (size_t i = 0; i < G_N_ELEMENTS(stable); i++) {
		auto_reply first = http_get(web_port(served), stable[i]);
		g_autofree char *etag = reply_header(&first, "ETag");
		assert_non_null(etag);
		g_autofree char *condition = g_strdup_printf("If-None-Match: \"other\", W/%s\r\n", etag);
		auto_reply second = http_ask(web_port(served), "GET", stable[i], condition);
		if (second.status != 304 || second.length != 0)
			fail_msg("%s: %d with %zu bytes", stable[i], second.status, (size_t)second.length);
		header_is(&second, "ETag", etag);
		auto_reply other = http_ask(web_port(served), "GET", stable[i], "If-None-Match: \"other\"\r\n");
		assert_int_equal(other.status, 200);
	}
}

static void test_etag_follows_the_content(void **state)
{
	auto_reply before = http_get(web_port(served), "/api/jobs");
	g_autofree char *etag = reply_header(&before, "ETag");
	g_autofree char *condition = g_strdup_printf("If-None-Match: %s\r\n", etag);
	struct snapshot *changed = fake_snapshot(served_file);
	((struct job_view *)g_ptr_array_index(changed->jobs, 0))->counts.done++;
	snapshot_publish(changed);
	auto_reply after = http_ask(web_port(served), "GET", "/api/jobs", condition);

	assert_int_equal(after.status, 200);
	assert_non_null(strstr(after.body, "\"done\":38"));
	served_publish();
}

static void test_bad_query(void **state)
{
	auto_reply got = http_get(web_port(served), "/api/jobs?state=lost");
	assert_int_equal(got.status, 400);
	assert_string_equal(got.body, "{\"error\":\"state is one of queued, running, done, failed; not 'lost'\"}");
	auto_reply escape = http_get(web_port(served), "/api/jobs?q=%zz");
	assert_int_equal(escape.status, 400);
	auto_reply page = http_get(web_port(served), "/?state=failed");
	assert_int_equal(page.status, 200);
}

static void test_health(void **state)
{
	struct snapshot *stuck = fake_snapshot(NULL);
	stuck->taken_us = clock_now_us() - 11 * G_USEC_PER_SEC;
	snapshot_publish(stuck);
	auto_reply unhealthy = http_get(web_port(served), "/healthz");
	assert_int_equal(unhealthy.status, 503);

	struct snapshot *slow = fake_snapshot(NULL);
	slow->taken_us = clock_now_us() - 4 * G_USEC_PER_SEC;
	slow->broker.up = false;
	slow->broker.note = g_strdup("a:9092: connection refused");
	snapshot_publish(slow);
	auto_reply healthy = http_get(web_port(served), "/healthz");
	assert_int_equal(healthy.status, 200);
	auto_reply down = http_get(web_port(served), "/readyz");
	assert_int_equal(down.status, 503);
	assert_non_null(strstr(down.body, "a:9092: connection refused"));

	struct snapshot *young = fake_snapshot(NULL);
	young->ready = false;
	snapshot_publish(young);
	auto_reply early = http_get(web_port(served), "/readyz");
	assert_int_equal(early.status, 503);
	served_publish();
}

static void test_before_the_first_snapshot(void **state)
{
	snapshot_publish(NULL);
	auto_reply page = http_get(web_port(served), "/");
	auto_reply status = http_get(web_port(served), "/api/status");
	auto_reply health = http_get(web_port(served), "/healthz");
	served_publish();

	assert_int_equal(page.status, 200);
	assert_int_equal(status.status, 503);
	header_is(&status, "Retry-After", "1");
	assert_int_equal(health.status, 503);
}

/* Names of files reach the browser only as JSON, which the page writes as text (test_static_file.c). */
static void test_markup_in_names(void **state)
{
	auto_reply jobs = http_get(web_port(served), "/api/jobs?q=%3Cimg");
	header_is(&jobs, "Content-Type", "application/json");
	assert_non_null(strstr(jobs.body, "<img src=x onerror=alert(1)>\\\".jpg"));
}

static void test_keep_alive(void **state)
{
	g_autofree char *two = g_strdup_printf("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"
					       "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		web_port(served));
	auto_reply got = http_bytes(web_port(served), two, strlen(two));
	assert_int_equal(got.status, 200);
	header_is(&got, "Connection", "keep-alive");
	assert_true(g_str_has_prefix(got.body, "ok\nHTTP/1.1 200 OK\r\n"));
	assert_true(g_str_has_suffix(got.body, "ready\n"));
	assert_non_null(strstr(got.body, "Connection: close\r\n"));
}

static void test_signals_are_left_alone(void **state)
{
	g_autoptr(GDir) threads = g_dir_open("/proc/self/task", 0, NULL);
	const char *thread;
	int blocked = 0, open = 0;

	/* All but this thread (and a sanitizer's own) must have SIGTERM blocked: the main loop is to get it. */
	while ((thread = g_dir_read_name(threads))) {
		g_autofree char *path = g_strdup_printf("/proc/self/task/%s/status", thread);
		g_autofree char *text = NULL;
		if (!g_file_get_contents(path, &text, NULL, NULL))
			continue;
		guint64 mask = g_ascii_strtoull(strstr(text, "SigBlk:") + strlen("SigBlk:"), NULL, 16);
		if (mask >> (SIGTERM - 1) & 1)
			blocked++;
		else
			open++;
	}
	assert_true(blocked >= 16);
	assert_in_range(open, 1, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_every_route),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_what_is_not_there),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_foreign_host),
		cmocka_unit_test(test_etag),
		cmocka_unit_test(test_etag_follows_the_content),
		cmocka_unit_test(test_bad_query),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_before_the_first_snapshot),
		cmocka_unit_test(test_markup_in_names),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_signals_are_left_alone),
	};
	return cmocka_run_group_tests(tests, served_start, served_stop);
}
