/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a job spent: sums that cannot run over, and the way from a codec to the master and the API. */

#include "../unit.h"

#include "base/job_timings.h"
#include "base/json.h"

static void sums_stay_in_range(void **state)
{
	struct spent spent = {0};

	spent_add(&spent, SPENT_TASKS, 2);
	spent_add(&spent, SPENT_TASKS, -1);
	assert_int_equal(spent.of[SPENT_TASKS], 2);
	spent_add(&spent, SPENT_TASKS, G_MAXINT64);
	spent_add(&spent, SPENT_TASKS, G_MAXINT64);
	assert_true(spent.of[SPENT_TASKS] == G_MAXINT64);
}

static void a_codecs_part_reaches_the_master(void **state)
{
	struct spent codec = {0}, master = {0};

	spent_add(&codec, SPENT_DECODE_US, 7);
	spent_add(&codec, SPENT_RESULTS, 9); /* not the codec's to say */
	g_autoptr(JsonObject) part = spent_part(&codec, "codec");
	json_object_set_string_member(part, "plan_us", "much");
	json_object_set_int_member(part, "encode_us", -5);
	spent_add_part(&master, "codec", part);
	spent_add_part(&master, "codec", NULL);
	g_autoptr(JsonObject) all = spent_object(&master);
	assert_int_equal(json_int(json_object(all, "codec"), "decode_us", -1), 7);
	assert_int_equal(json_int(json_object(all, "codec"), "plan_us", -1), 0);
	assert_int_equal(json_int(json_object(all, "codec"), "encode_us", -1), 0);
	assert_int_equal(json_int(json_object(all, "master"), "results", -1), 0);
	assert_non_null(json_object(all, "workers"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_stay_in_range),
		cmocka_unit_test(a_codecs_part_reaches_the_master),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
