/* SPDX-License-Identifier: GPL-2.0-or-later
 * Requests that no polite client sends. The server answers or hangs up, and goes on serving the others.
 * Long addresses: CVE-2025-55763, a heap overflow in the library's redirect of folders, which is never to be reached. */

#include "../unit.h"

#include "served.h"

static void still_serves(void)
{
	auto_reply health = http_get(web_port(served), "/healthz");
	assert_int_equal(health.status, 200);
}

/* path of `length` bytes made of the repeated unit, after a slash */
static char *long_path(const char *unit, gsize length)
{
	GString *path = g_string_new("/");
	while (path->len < length)
		g_string_append(path, unit);
	g_string_truncate(path, length);
	return g_string_free(path, FALSE);
}

static void test_long_addresses(void **state)
{
	static const char *const units[] = {"a", "a/", "../", "%2e%2e/", "/", "%", "./", "\\", "%61"};
	static const gsize lengths[] = {
		200, 1023, 1024, 4095, 4096, 4097, 8000, 12000, 16000, 16300, 16384, 20000, 200000};

	for (size_t u = 0; u < G_N_ELEMENTS(units); u++)
		for (size_t l = 0; l < G_N_ELEMENTS(lengths); l++)
			for (int query = 0; query < 2; query++) {
				g_autofree char *path = long_path(units[u], lengths[l]);
				g_autofree char *whole = g_strconcat(query ? "/none?" : "", path, NULL);
				auto_reply got = http_get(web_port(served), whole);
				/* 0: the connection was reset while still sending. */
				if (got.status != 0 && got.status != 400 && got.status != 404 && got.status != 413)
					fail_msg("%zu bytes of '%s': %d", (size_t)lengths[l], units[u], got.status);
				if (lengths[l] < 16000 && got.status == 0)
					fail_msg("%zu bytes of '%s': no answer", (size_t)lengths[l], units[u]);
			}
	still_serves();
}

static void test_tricks_with_paths(void **state)
{
	static const char *const paths[] = {"/jobs/../../etc/passwd", "/jobs/j-done/output/../../../etc/passwd",
		"/jobs/j-done/output/0/../../../../../../etc/passwd", "/../../../../etc/passwd",
		"/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "//etc/passwd", "/etc/passwd",
		"/\\..\\..\\etc\\passwd", "/jobs/%00/output/0", "/jobs/j-done%00/output/0", "/jobs/j-done%2foutput/0",
		"/assets/base.css%00.html", "/assets/..%2findex.html", "/%", "/%zz", "/%u0041", "/a%",
		"/api/../assets/base.css", "/./assets/base.css", "/assets/base.css/.", "/assets/base.css/..",
		"/.htpasswd", "/index.cgi", "/x.shtml"};

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		auto_reply got = http_get(web_port(served), paths[i]);
		if (got.status != 404 && got.status != 400)
			fail_msg("%s: %d", paths[i], got.status);
		assert_null(strstr(got.body, "root:"));
	}
	auto_reply decoded = http_get(web_port(served), "/assets/%62ase.css");
	assert_int_equal(decoded.status, 200);
	still_serves();
}

static void test_broken_requests(void **state)
{
	static const char *const requests[] = {"", "\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n",
		"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "GET / FTP/1.1\r\nHost: localhost\r\n\r\n",
		"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
		"GET / HTTP/1.1\r\n: x\r\n\r\n", "GET noslash HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET \x01 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};

	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
		/* The sender is done: no time-out has to pass until half a request is given up. */
		int stream = http_connect(web_port(served));
		char block[4096] = "";
		send(stream, requests[i], strlen(requests[i]), MSG_NOSIGNAL);
		shutdown(stream, SHUT_WR);
		ssize_t got = recv(stream, block, sizeof block - 1, 0);
		if (got > 0 && (g_str_has_prefix(block, "HTTP/1.1 2") || g_str_has_prefix(block, "HTTP/1.1 3")))
			fail_msg("request %zu: %.40s", i, block);
		if (got > 0 && !strstr(block, "Content-Security-Policy: default-src 'none'"))
			fail_msg("request %zu: bare headers: %.200s", i, block);
		close(stream);
	}
	still_serves();
}

static void test_many_headers(void **state)
{
	GString *headers = g_string_new(NULL);
	for (int i = 0; i < 500; i++)
		g_string_append_printf(headers, "X-%d: y\r\n", i);
	auto_reply many = http_ask(web_port(served), "GET", "/healthz", headers->str);
	g_string_free(headers, TRUE);
	assert_in_range(many.status, 200, 499);
	g_autofree char *value = g_strnfill(15000, 'v');
	g_autofree char *header = g_strdup_printf("X: %s\r\nIf-None-Match: \"a\"\r\n", value);
	auto_reply wide = http_ask(web_port(served), "GET", "/healthz", header);
	assert_in_range(wide.status, 200, 499);
	still_serves();
}

/* A body nobody asked for neither delays the answer nor is taken for the next request. */
static void test_bodies(void **state)
{
	g_autofree char *liar = g_strdup_printf(
		"POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 1000000000\r\n\r\n", web_port(served));
	gint64 started_us = clock_now_us();
	auto_reply refused = http_bytes(web_port(served), liar, strlen(liar));
	assert_int_equal(refused.status, 405);
	assert_true(clock_now_us() - started_us < 5 * G_USEC_PER_SEC);

	g_autofree char *chunked =
		g_strdup_printf("POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nTransfer-Encoding: chunked\r\n\r\n"
				"24\r\nGET /assets/base.css HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\n\r\n",
			web_port(served));
	auto_reply once = http_bytes(web_port(served), chunked, strlen(chunked));
	assert_int_equal(once.status, 405);
	assert_null(strstr(once.body, "HTTP/1.1"));

	g_autofree char *counted =
		g_strdup_printf("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nGET /"
				"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	auto_reply next = http_bytes(web_port(served), counted, strlen(counted));
	assert_int_equal(next.status, 405);
	assert_true(g_str_has_suffix(next.body, "ok\n"));
	still_serves();
}

static void test_websocket_upgrade(void **state)
{
	g_autofree char *text =
		g_strdup_printf("GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\n"
				"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
			web_port(served));
	auto_reply got = http_bytes(web_port(served), text, strlen(text));
	assert_int_equal(got.status, 200);
	g_autofree char *type = reply_header(&got, "Content-Type");
	assert_string_equal(type, "application/json");
}

static gpointer ask(gpointer data)
{
	static const char *const paths[] = {
		"/", "/api/status", "/api/jobs", "/jobs/j-done/output/0", "/assets/main.js"};
	auto_reply got = http_get(web_port(served), paths[GPOINTER_TO_UINT(data) % G_N_ELEMENTS(paths)]);
	return GINT_TO_POINTER(got.status);
}

static void test_fifty_at_once(void **state)
{
	GThread *threads[50];

	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("ask", ask, GUINT_TO_POINTER(i));
	for (int i = 0; i < 50; i++)
		served_publish();
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		assert_int_equal(GPOINTER_TO_INT(g_thread_join(threads[i])), 200);
}

static void test_clients_that_leave(void **state)
{
	struct linger reset = {.l_onoff = 1, .l_linger = 0};
	g_autofree char *text =
		g_strdup_printf("GET /jobs/j-done/output/0 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", web_port(served));

	for (int i = 0; i < 50; i++) {
		int stream = http_connect(web_port(served));
		send(stream, text, i == 0 ? 5 : strlen(text), MSG_NOSIGNAL);
		setsockopt(stream, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(stream);
	}
	still_serves();
}

static void test_stops_with_clients_connected(void **state)
{
	struct web *other = web_new("127.0.0.1:0", NULL, NULL);
	int idle = http_connect(web_port(other));
	gint64 started_us = clock_now_us();

	web_free(other);
	/* The library looks at an idle connection every two seconds. */
	assert_true(clock_now_us() - started_us < 8 * G_USEC_PER_SEC);
	close(idle);
	still_serves();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_addresses),
		cmocka_unit_test(test_tricks_with_paths),
		cmocka_unit_test(test_broken_requests),
		cmocka_unit_test(test_many_headers),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_websocket_upgrade),
		cmocka_unit_test(test_fifty_at_once),
		cmocka_unit_test(test_clients_that_leave),
		cmocka_unit_test(test_stops_with_clients_connected),
	};
	return cmocka_run_group_tests(tests, served_start, served_stop);
}
