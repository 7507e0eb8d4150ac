/* SPDX-License-Identifier: GPL-2.0-or-later
 * Results on their way back, and what is said in their place when they cannot go. */
#include <glib/gstdio.h>
#include <unistd.h>

#include "base/error.h" /* before cmocka's macro fail */

#include "../bus/support.h"

#include "bus/protocol/heartbeat.h"
#include "bus/reader.h"
#include "worker/answers.h"

struct stage {
	struct embedded *embedded;
	struct bus *bus;
	struct bus_reader *reader;
	struct pulse *pulse;
	struct answers *answers;
	struct inbox results;
};

static void begin(struct stage *stage)
{
	const struct heartbeat about = {.id = (char *)"w", .vips = (char *)"8", .test_hash = (char *)""};

	stage->embedded = broker(1);
	stage->bus = bus_on(stage->embedded);
	inbox_init(&stage->results);
	stage->reader = reader_on(stage->bus, TOPIC_RESULTS, NULL, NULL, 0, true, &stage->results);
	stage->pulse = pulse_new(stage->bus, &about);
	stage->answers = answers_new(stage->bus, stage->pulse, 0);
}

static void finish(struct stage *stage)
{
	assert_null(answers_leave(stage->answers, clock_now_us() + WAIT_US));
	pulse_free(stage->pulse);
	bus_reader_free(stage->reader);
	bus_free(stage->bus);
	answers_free(stage->answers);
	embedded_free(stage->embedded);
	inbox_clear(&stage->results);
}

static struct result of_a_lease(struct body *payload)
{
	return (struct result){.job = (char *)"j",
		.serial = 7,
		.tile = 0,
		.attempt = 3,
		.worker = (char *)"w",
		.message = (char *)"",
		.report = (char *)"{}",
		.payload = payload};
}

/* The last of what came. */
static struct result *last(struct stage *stage)
{
	g_autoptr(GError) error = NULL;
	struct result *result =
		result_from_record(stage->results.records->pdata[stage->results.records->len - 1], &error);

	if (!result)
		fail_msg("%s", error->message);
	return result;
}

/* A part that was not sent was taken for delivered, and the master waited for a result that would never be whole. */
static void what_cannot_be_delivered_is_said(void **state)
{
	char path[] = "/tmp/dropmill-answers-XXXXXX";
	struct stage stage;
	int fd = g_mkstemp(path);
	begin(&stage);
	assert_int_equal(ftruncate(fd, 1000), 0);
	auto_struct(body) body = body_new();
	body_add_file(body, "file", fd, 0, 3 << 20);
	const struct result result = of_a_lease(body);
	answers_send(stage.answers, &result, -1, -1);
	wait_records(&stage.results, 1);
	auto_struct(result) said = last(&stage);
	assert_int_equal(said->status, RESULT_RETRY);
	assert_non_null(strstr(said->message, "MB was not delivered"));
	assert_non_null(strstr(said->message, "cut short"));
	assert_int_equal(said->attempt, 3);
	assert_int_equal(said->serial, 7);
	g_unlink(path);
	finish(&stage);
}

/* It will be too large at the next try as well, which the master has to count. */
static void what_the_topic_refuses_is_a_lost_try(void **state)
{
	struct stage stage;
	begin(&stage);
	g_autofree char *long_text = g_strnfill(8 << 20, 'x');
	g_autofree char *report = g_strdup_printf("{\"a\": \"%s\"}", long_text);
	auto_struct(body) nothing = body_new();
	struct result result = of_a_lease(nothing);
	result.report = report;
	answers_send(stage.answers, &result, -1, -1);
	wait_records(&stage.results, 1);
	auto_struct(result) said = last(&stage);
	assert_int_equal(said->status, RESULT_STALE);
	if (!strstr(said->message, "its result was not delivered: topic t.results takes records of"))
		fail_msg("%s", said->message);
	finish(&stage);
}

static void a_task_that_cannot_be_done_is_answered_when_it_is_ours(void **state)
{
	static const char *const names[] = {"job", "serial", "tile", "attempt", "worker"};
	static const char *const values[] = {"j", "7", "0", "3", "w"};
	struct stage stage;
	g_autoptr(GError) why = NULL;
	fail_limit(&why, "too large");
	begin(&stage);
	for (gsize without = 0; without <= G_N_ELEMENTS(names); without++) {
		auto_struct(record) record = record_new(TOPIC_TASKS, 0, NULL);
		for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
			if (i != without)
				record_add(record, names[i], values[i]);
		answers_refuse(stage.answers, record, "w", RESULT_FAILED, why);
	}
	auto_struct(record) others = record_new(TOPIC_TASKS, 0, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		record_add(others, names[i], i == 4 ? "somebody" : values[i]);
	answers_refuse(stage.answers, others, "w", RESULT_FAILED, why);
	wait_records(&stage.results, 1);
	auto_struct(result) said = last(&stage);
	assert_int_equal(said->status, RESULT_FAILED);
	assert_string_equal(said->message, "worker w cannot take the task: too large");
	assert_true(said->limit);
	finish(&stage);
}

static void wait_at_least(struct inbox *inbox, guint count)
{
	gint64 end_us = clock_now_us() + WAIT_US;

	g_mutex_lock(&inbox->lock);
	while (inbox->records->len < count && g_cond_wait_until(&inbox->changed, &inbox->lock, end_us)) {
	}
	g_mutex_unlock(&inbox->lock);
	assert_true(inbox->records->len >= count);
}

/* Whoever owes answers and says "idle" is taken for one that lost its tasks, and computes them in vain. */
static void an_answer_on_its_way_is_work(void **state)
{
	struct stage stage;
	struct inbox beats;
	g_autoptr(GHashTable) slow = g_hash_table_new(g_str_hash, g_str_equal);
	auto_struct(body) nothing = body_new();
	begin(&stage);
	inbox_init(&beats);
	struct bus_reader *reader = reader_on(stage.bus, TOPIC_HEARTBEATS, NULL, NULL, 0, true, &beats);
	wait_any(&beats);
	g_hash_table_insert(slow, (char *)"linger.ms", (char *)"2500");
	const struct bus_options options = {.brokers = (char *)embedded_brokers(stage.embedded),
		.prefix = (char *)"t.",
		.role = (char *)"test",
		.properties = slow,
		.embedded = true};
	struct bus *late = bus_new(&options, NULL, NULL, NULL);
	struct answers *answers = answers_new(late, stage.pulse, 0);
	const struct result result = of_a_lease(nothing);
	answers_send(answers, &result, -1, -1);
	guint before = beats.records->len;
	wait_at_least(&beats, before + 2);
	auto_struct(heartbeat) busy = heartbeat_from_record(beats.records->pdata[before], NULL);
	assert_string_equal(busy->state, "busy");
	wait_records(&stage.results, 1);
	answers_leave(answers, clock_now_us() + WAIT_US);
	before = beats.records->len;
	wait_at_least(&beats, before + 2);
	auto_struct(heartbeat) idle = heartbeat_from_record(beats.records->pdata[before + 1], NULL);
	assert_string_equal(idle->state, "idle");
	bus_free(late);
	answers_free(answers);
	bus_reader_free(reader);
	inbox_clear(&beats);
	finish(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_delivered_is_said),
		cmocka_unit_test(what_the_topic_refuses_is_a_lost_try),
		cmocka_unit_test(a_task_that_cannot_be_done_is_answered_when_it_is_ours),
		cmocka_unit_test(an_answer_on_its_way_is_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
