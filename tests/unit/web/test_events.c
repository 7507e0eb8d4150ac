/* SPDX-License-Identifier: GPL-2.0-or-later
 * The stream of events: the first one is whole, the others tell what changed, a reconnect misses nothing, and 256 is the end. */

#include "../unit.h"

#include <stdio.h>

#include "base/json.h"
#include "served.h"
#include "web/api/events.h"
#include "web/api/streams.h"

struct listener {
	int socket;
	GString *heard;
	char *id; /* of the last event */
};

static void listener_open(struct listener *listener, const char *query, const char *extra)
{
	g_autofree char *text =
		g_strdup_printf("GET /api/events%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", query, extra ? extra : "");

	listener->socket = http_connect(web_port(served));
	listener->heard = g_string_new(NULL);
	listener->id = NULL;
	assert_int_equal(send(listener->socket, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void listener_close(struct listener *listener)
{
	close(listener->socket);
	g_string_free(listener->heard, TRUE);
	g_free(listener->id);
}

/* Reads until a blank line is there and takes what stands before it. NULL: the stream ended. */
static char *next_block(struct listener *listener, const char *end)
{
	char block[65536];
	char *split;

	while (!(split = strstr(listener->heard->str, end))) {
		ssize_t got = recv(listener->socket, block, sizeof block, 0);
		if (got <= 0)
			return NULL;
		g_string_append_len(listener->heard, block, got);
	}
	char *text = g_strndup(listener->heard->str, (gsize)(split - listener->heard->str));
	g_string_erase(listener->heard, 0, (gssize)(strlen(text) + strlen(end)));
	return text;
}

static void expect_stream(struct listener *listener)
{
	g_autofree char *head = next_block(listener, "\r\n\r\n");
	g_autofree char *hello = next_block(listener, "\n\n");

	assert_non_null(head);
	assert_true(g_str_has_prefix(head, "HTTP/1.1 200"));
	assert_non_null(strstr(head, "Content-Type: text/event-stream"));
	assert_null(strstr(head, "Content-Length"));
	assert_non_null(strstr(head, "Content-Security-Policy"));
	assert_string_equal(hello, "retry: 2000");
}

static JsonObject *next_event(struct listener *listener)
{
	g_autofree char *text = next_block(listener, "\n\n");
	assert_non_null(text);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	assert_int_equal(g_strv_length(lines), 3);
	assert_true(g_str_has_prefix(lines[0], "id: "));
	assert_string_equal(lines[1], "event: snapshot");
	assert_true(g_str_has_prefix(lines[2], "data: {"));
	g_free(listener->id);
	listener->id = g_strdup(lines[0] + strlen("id: "));
	JsonObject *event = json_parse_object(lines[2] + strlen("data: "), -1, NULL);
	assert_non_null(event);
	return event;
}

static guint length_of(JsonObject *event, const char *name)
{
	JsonArray *list = json_array(event, name);
	assert_non_null(list);
	return json_array_get_length(list);
}

/* As the fake one, but only "j-running" and worker "w1" changed in it. */
static void publish_next(guint64 sequence)
{
	struct snapshot *snapshot = fake_snapshot(served_file);

	snapshot->sequence = sequence;
	snapshot->boot = 0xabc;
	for (guint i = 0; i < snapshot->jobs->len; i++) {
		struct job_view *job = snapshot->jobs->pdata[i];
		bool changed = strcmp(job->id, "j-running") == 0;
		job->changed = changed ? sequence : 1;
		if (changed)
			fake_tiles(job, 600, sequence);
	}
	for (guint i = 0; i < snapshot->workers->len; i++)
		((struct worker_view *)snapshot->workers->pdata[i])->changed = i == 0 ? sequence : 1;
	snapshot_publish(snapshot);
}

static void test_first_whole_then_what_changed(void **state)
{
	struct listener listener;
	publish_next(1000);
	listener_open(&listener, "", NULL);
	expect_stream(&listener);

	g_autoptr(JsonObject) first = next_event(&listener);
	assert_true(json_bool(first, "full", false));
	assert_int_equal(json_int(first, "sequence", 0), 1000);
	assert_string_equal(listener.id, "00000abc.1000");
	assert_int_equal(length_of(first, "jobs"), 4);
	assert_int_equal(length_of(first, "workers"), 3);
	assert_int_equal(json_int(json_object(json_object(first, "status"), "jobs"), "running", -1), 1);
	assert_false(json_object_has_member(first, "job"));

	publish_next(1001);
	g_autoptr(JsonObject) second = next_event(&listener);
	assert_false(json_bool(second, "full", true));
	assert_int_equal(json_int(second, "sequence", 0), 1001);
	assert_int_equal(length_of(second, "jobs"), 1);
	assert_string_equal(json_string(json_object_at(json_array(second, "jobs"), 0), "id", ""), "j-running");
	assert_int_equal(length_of(second, "workers"), 1);
	listener_close(&listener);
}

static void test_a_reconnect_misses_nothing(void **state)
{
	static const struct {
		const char *seen;
		bool full;
	} cases[] = {
		{"00000abc.2000", false},                  /* two snapshots were missed */
		{"00000def.2000", true},                   /* of another master */
		{"00000abc.9999", true},                   /* of no time that was */
		{"nonsense", true}, {"00000abc.10", true}, /* too long ago for a delta */
	};
	for (guint64 i = 2000; i <= 2002; i++)
		publish_next(i);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *extra = g_strdup_printf("Last-Event-ID: %s\r\n", cases[i].seen);
		struct listener listener;
		listener_open(&listener, "", extra);
		expect_stream(&listener);
		g_autoptr(JsonObject) event = next_event(&listener);
		assert_int_equal(json_bool(event, "full", !cases[i].full), cases[i].full);
		assert_int_equal(json_int(event, "sequence", 0), 2002);
		assert_int_equal(length_of(event, "jobs"), cases[i].full ? 4 : 1);
		listener_close(&listener);
	}
}

static void test_a_job_with_its_tiles(void **state)
{
	struct listener listener;
	publish_next(3000);
	listener_open(&listener, "?job=j-running", NULL);
	expect_stream(&listener);

	g_autoptr(JsonObject) first = next_event(&listener);
	assert_string_equal(json_string(json_object(first, "job"), "id", ""), "j-running");
	assert_int_equal(length_of(first, "tiles"), 600);
	assert_int_equal(json_int(first, "run", 0), 77);
	publish_next(3001); /* fake_tiles() changes the last one */
	g_autoptr(JsonObject) second = next_event(&listener);
	assert_int_equal(length_of(second, "tiles"), 1);
	assert_int_equal(json_int(json_object_at(json_array(second, "tiles"), 0), "n", 0), 599);
	listener_close(&listener);

	listener_open(&listener, "?job=none", NULL);
	expect_stream(&listener);
	g_autoptr(JsonObject) none = next_event(&listener);
	assert_true(json_object_get_null_member(none, "job"));
	listener_close(&listener);
}

static bool all_closed(void)
{
	for (int i = 0; i < 500 && streams_open() > 0; i++) {
		publish_next(5000 + (guint64)i); /* one that writes notices who went */
		g_usleep(20000);
	}
	return streams_open() == 0;
}

static void test_as_many_as_there_may_be(void **state)
{
	static struct listener listeners[STREAMS_MOST];
	publish_next(4000);
	assert_true(all_closed());
	for (int i = 0; i < STREAMS_MOST; i++) {
		listener_open(&listeners[i], "", NULL);
		expect_stream(&listeners[i]);
	}
	assert_int_equal(streams_open(), STREAMS_MOST);
	auto_reply refused = http_get(web_port(served), "/api/events");
	assert_int_equal(refused.status, 503);
	g_autofree char *later = reply_header(&refused, "Retry-After");
	assert_string_equal(later, "5");
	auto_reply other = http_get(web_port(served), "/api/status");
	assert_int_equal(other.status, 200);
	for (int i = 0; i < STREAMS_MOST; i++) {
		g_autoptr(JsonObject) event = next_event(&listeners[i]);
		assert_true(json_bool(event, "full", false));
		listener_close(&listeners[i]);
	}
	assert_true(all_closed());
}

/* Together they are told 400 times a second: of 200 each hears of the end, but not of all before it. */
static void test_many_are_told_less_often(void **state)
{
	static struct listener listeners[200];
	const guint64 first = 8000, last = 8040;
	guint events = 0;

	publish_next(first);
	for (guint i = 0; i < G_N_ELEMENTS(listeners); i++) {
		listener_open(&listeners[i], "", NULL);
		expect_stream(&listeners[i]);
		json_object_unref(next_event(&listeners[i]));
	}
	gint64 began = g_get_monotonic_time();
	for (guint64 sequence = first + 1; sequence <= last; sequence++) {
		publish_next(sequence);
		g_usleep(G_USEC_PER_SEC / 40);
	}
	for (gint64 told = 0; told != (gint64)last; events++) {
		g_autoptr(JsonObject) event = next_event(&listeners[0]);
		told = json_int(event, "sequence", 0);
		assert_false(json_bool(event, "full", true));
	}
	assert_in_range(events, 1, (guint)((g_get_monotonic_time() - began) / (G_USEC_PER_SEC / 2)) + 2);
	/* Whoever holds still is not waited for at the end. */
	publish_next(last + 1);
	events_stop();
	for (guint i = 0; i < G_N_ELEMENTS(listeners); i++)
		for (char *more = next_block(&listeners[i], "\n\n"); more; more = next_block(&listeners[i], "\n\n"))
			g_free(more);
	events_allow();
	for (guint i = 0; i < G_N_ELEMENTS(listeners); i++)
		listener_close(&listeners[i]);
	assert_true(all_closed());
}

static void test_the_end_ends_them(void **state)
{
	struct listener listener;
	publish_next(9000);
	listener_open(&listener, "", NULL);
	expect_stream(&listener);
	json_object_unref(next_event(&listener));
	events_stop();
	g_autofree char *more = next_block(&listener, "\n\n");
	assert_null(more);
	events_allow();
	listener_close(&listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_whole_then_what_changed),
		cmocka_unit_test(test_a_reconnect_misses_nothing),
		cmocka_unit_test(test_a_job_with_its_tiles),
		cmocka_unit_test(test_as_many_as_there_may_be),
		cmocka_unit_test(test_many_are_told_less_often),
		cmocka_unit_test(test_the_end_ends_them),
	};
	return cmocka_run_group_tests(tests, served_start, served_stop);
}
