/* SPDX-License-Identifier: GPL-2.0-or-later
 * Visitors that dawdle, hundreds at once, and others that want an answer. What comes out of step is answered or closed. */

#include "../unit.h"

#include "served.h"

#define SLOW 500

static int slow[SLOW];

/* A byte to each, again and again: none of them is ever silent for long. */
static gpointer drip(gpointer data)
{
	gint *stop = data;

	while (!g_atomic_int_get(stop)) {
		for (int i = 0; i < SLOW; i++)
			(void)!send(slow[i], "a", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		g_usleep(300000);
	}
	return NULL;
}

/* http_connect() waits 20 s at most for an answer: with 16 threads and 10 s for each head it took minutes. */
static void test_five_hundred_that_dawdle(void **state)
{
	static const char head[] = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
	gint stop = 0;

	for (int i = 0; i < SLOW; i++) {
		slow[i] = http_connect(web_port(served));
		assert_int_equal(send(slow[i], head, strlen(head), MSG_NOSIGNAL), strlen(head));
	}
	GThread *dripping = g_thread_new("drip", drip, &stop);
	auto_reply other = http_get(web_port(served), "/");
	assert_int_equal(other.status, 200);
	g_atomic_int_set(&stop, 1);
	g_thread_join(dripping);
	for (int i = 0; i < SLOW; i++)
		close(slow[i]);
	auto_reply after = http_get(web_port(served), "/api/status");
	assert_int_equal(after.status, 200);
}

/* Streams that nobody reads, more than are served, and halves of requests. A probe waits for none of them to time out, which takes 3 s: with 64
 * threads for all that is no stream it took 18. */
static void test_probes_beside_stalled_streams_and_half_requests(void **state)
{
	static const char stream[] = "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
	static const char half[] = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
	static const char *const probes[] = {"/healthz", "/readyz", "/metrics"};
	int streams[300];

	for (gsize i = 0; i < G_N_ELEMENTS(streams); i++) {
		streams[i] = http_connect(web_port(served));
		assert_int_equal(send(streams[i], stream, strlen(stream), MSG_NOSIGNAL), strlen(stream));
	}
	for (int i = 0; i < 400; i++) {
		slow[i] = http_connect(web_port(served));
		assert_int_equal(send(slow[i], half, strlen(half), MSG_NOSIGNAL), strlen(half));
	}
	gint64 begun = g_get_monotonic_time();
	for (gsize i = 0; i < G_N_ELEMENTS(probes); i++) {
		auto_reply got = http_get(web_port(served), probes[i]);
		assert_int_not_equal(got.status, 0);
	}
	gint64 took = g_get_monotonic_time() - begun;
	for (int i = 0; i < 400; i++)
		close(slow[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(streams); i++)
		close(streams[i]);
	assert_true(took < 5 * G_USEC_PER_SEC / 2);
}

/* Idle from the start: they hold a thread, too, until the time is over. */
static void test_five_hundred_that_say_nothing(void **state)
{
	for (int i = 0; i < SLOW; i++)
		slow[i] = http_connect(web_port(served));
	auto_reply other = http_get(web_port(served), "/");
	assert_int_equal(other.status, 200);
	for (int i = 0; i < SLOW; i++)
		close(slow[i]);
}

/* A reader that never reads an output of some size: the sender gives up, and the others do not notice. */
static void test_readers_that_do_not_read(void **state)
{
	g_autofree char *text =
		g_strdup_printf("GET /jobs/j-done/output/0 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", web_port(served));
	int readers[150], small = 4096;

	for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
		readers[i] = http_connect(web_port(served));
		setsockopt(readers[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
		send(readers[i], text, strlen(text), MSG_NOSIGNAL);
	}
	auto_reply other = http_get(web_port(served), "/");
	assert_int_equal(other.status, 200);
	for (gsize i = 0; i < G_N_ELEMENTS(readers); i++)
		close(readers[i]);
}

/* Several at once in one packet are answered in their order. */
static void test_pipelining(void **state)
{
	g_autofree char *one = g_strdup_printf("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", web_port(served));
	g_autofree char *last = g_strdup_printf(
		"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n", web_port(served));
	g_autofree char *all = g_strconcat(one, one, one, last, NULL);
	auto_reply got = http_bytes(web_port(served), all, strlen(all));
	guint answers = 1;

	assert_int_equal(got.status, 200);
	for (const char *at = got.body; (at = strstr(at, "HTTP/1.1 ")); at++)
		answers++;
	assert_int_equal(answers, 4);
	assert_non_null(strstr(got.body, "HTTP/1.1 404"));
}

/* Where the request names a host itself, it must be ours, and the header must not say another. */
static void test_absolute_addresses(void **state)
{
	static const char *const strangers[] = {"http://evil.test/api/status", "http://evil.test:80/",
		"https://evil.test/healthz", "http://127.0.0.1.evil.test/api/status", "http:///api/status", "ftp://x/"};

	for (gsize i = 0; i < G_N_ELEMENTS(strangers); i++) {
		auto_reply got = http_get(web_port(served), strangers[i]);
		if (got.status == 200)
			fail_msg("%s: %d", strangers[i], got.status);
		g_autofree char *text = g_strdup_printf(
			"GET %s HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n", strangers[i]);
		auto_reply both = http_bytes(web_port(served), text, strlen(text));
		if (both.status == 200)
			fail_msg("%s, with its Host: %d", strangers[i], both.status);
	}
}

static void test_hosts(void **state)
{
	static const char *const headers[] = {"", "Host:\r\n", "Host: \r\n", "Host: evil.test\r\n",
		"Host: 127.0.0.1@evil.test\r\n", "Host: localhost.evil.test\r\n",
		"Host: evil.test\r\nHost: localhost\r\n", "Host: [::1\r\n", "Host: localhost:port\r\n",
		"Host: local host\r\n", "Host: localhost/..\r\n"};

	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
		g_autofree char *text =
			g_strconcat("GET /api/status HTTP/1.1\r\n", headers[i], "Connection: close\r\n\r\n", NULL);
		auto_reply got = http_bytes(web_port(served), text, strlen(text));
		if (got.status == 200)
			fail_msg("%s: %d", headers[i], got.status);
	}
}

/* More than the library holds: cut off, whatever the headers are. */
static void test_floods_of_headers(void **state)
{
	for (int kind = 0; kind < 3; kind++) {
		GString *text = g_string_new("GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
		while (text->len < (4 << 20))
			g_string_append(text, kind == 0   ? "A: b\r\n"
					      : kind == 1 ? "Cookie: aaaaaaaaaaaaaaaa\r\n"
							  : "x");
		g_string_append(text, "\r\n\r\n");
		auto_reply got = http_bytes(web_port(served), text->str, text->len);
		g_string_free(text, TRUE);
		if (got.status == 200)
			fail_msg("flood %d was answered", kind);
	}
	auto_reply other = http_get(web_port(served), "/");
	assert_int_equal(other.status, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_absolute_addresses),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_floods_of_headers),
		cmocka_unit_test(test_readers_that_do_not_read),
		cmocka_unit_test(test_probes_beside_stalled_streams_and_half_requests),
		cmocka_unit_test(test_five_hundred_that_dawdle),
		cmocka_unit_test(test_five_hundred_that_say_nothing),
	};
	return cmocka_run_group_tests(tests, served_start, served_stop);
}
