/* SPDX-License-Identifier: GPL-2.0-or-later
 * A circuit breaker: each event in each state. */
#include "master/policy/breaker.h"

#include "../unit.h"

#define NOW (100 * G_USEC_PER_SEC)
#define S G_USEC_PER_SEC
#define CLOSED BREAKER_CLOSED
#define OPEN BREAKER_OPEN
#define HALF BREAKER_HALF_OPEN

/* A breaker: state; strikes, openings, well; on suspicion; until when. */
static const struct {
	const char *why;
	struct breaker before;
	enum breaker_event event;
	bool told;
	struct breaker after;
} rows[] = {
	{"a strike", {CLOSED, 0, 0, 7, false, 0}, BREAKER_STRIKE, false, {CLOSED, 1, 0, 0, false, 0}},
	{"the third in a row", {CLOSED, 2, 0, 0, false, 0}, BREAKER_STRIKE, true, {OPEN, 3, 1, 0, false, NOW + 5 * S}},
	{"the second time", {CLOSED, 2, 1, 0, false, 0}, BREAKER_STRIKE, true, {OPEN, 3, 2, 0, false, NOW + 10 * S}},
	{"the sixth", {CLOSED, 2, 5, 0, false, 0}, BREAKER_STRIKE, true, {OPEN, 3, 6, 0, false, NOW + 160 * S}},
	{"the seventh: no longer than that", {CLOSED, 2, 6, 0, false, 0}, BREAKER_STRIKE, true,
		{OPEN, 3, 7, 0, false, NOW + 300 * S}},
	{"for ever", {CLOSED, 2, 4000000000, 0, false, 0}, BREAKER_STRIKE, true,
		{OPEN, 3, 4000000001, 0, false, NOW + 300 * S}},
	{"a strike while it is out is no suspicion", {OPEN, 3, 1, 0, true, 9}, BREAKER_STRIKE, false,
		{OPEN, 4, 1, 0, false, 9}},
	{"a strike in a trial", {HALF, 3, 1, 0, false, 9}, BREAKER_STRIKE, false, {HALF, 4, 1, 0, false, 9}},
	{"a failure alone", {CLOSED, 2, 0, 5, false, 0}, BREAKER_FAILED, false, {CLOSED, 2, 0, 5, false, 0}},
	{"a failure while it is out", {OPEN, 3, 1, 0, false, 9}, BREAKER_FAILED, false, {OPEN, 3, 1, 0, false, 9}},
	{"a failure in a trial", {HALF, 3, 1, 0, false, 9}, BREAKER_FAILED, true, {OPEN, 3, 2, 0, true, NOW + 10 * S}},
	{"the picture's fault", {OPEN, 3, 2, 0, true, 9}, BREAKER_ABSOLVED, false, {HALF, 3, 1, 0, false, 9}},
	{"the picture's, but it was struck", {OPEN, 3, 2, 0, false, 9}, BREAKER_ABSOLVED, false,
		{OPEN, 3, 2, 0, false, 9}},
	{"the picture's, and it was trusted", {CLOSED, 1, 0, 0, true, 0}, BREAKER_ABSOLVED, false,
		{CLOSED, 1, 0, 0, true, 0}},
	{"a success", {CLOSED, 2, 1, 3, false, 0}, BREAKER_SUCCEEDED, false, {CLOSED, 0, 1, 4, false, 0}},
	{"many in a row", {CLOSED, 0, 1, 19, false, 0}, BREAKER_SUCCEEDED, false, {CLOSED, 0, 0, 20, false, 0}},
	{"nearly as many", {CLOSED, 0, 1, 18, false, 0}, BREAKER_SUCCEEDED, false, {CLOSED, 0, 1, 19, false, 0}},
	{"a success in a trial", {HALF, 3, 1, 0, false, 9}, BREAKER_SUCCEEDED, true, {CLOSED, 0, 1, 1, false, 9}},
	{"a late success", {OPEN, 3, 1, 0, false, 9}, BREAKER_SUCCEEDED, true, {CLOSED, 0, 1, 1, false, 9}},
	{"the clock: not yet", {OPEN, 3, 1, 0, false, NOW + 1}, BREAKER_TICKED, false, {OPEN, 3, 1, 0, false, NOW + 1}},
	{"the clock: a trial", {OPEN, 3, 1, 0, true, NOW}, BREAKER_TICKED, false, {HALF, 3, 1, 0, true, NOW}},
	{"the clock: nothing", {CLOSED, 1, 1, 0, false, 9}, BREAKER_TICKED, false, {CLOSED, 1, 1, 0, false, 9}},
};

static void test_rows(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct breaker breaker = rows[i].before;
		const struct breaker *after = &rows[i].after;
		bool told = breaker_happens(&breaker, rows[i].event, NOW);
		if (told != rows[i].told || breaker.state != after->state || breaker.strikes != after->strikes ||
			breaker.openings != after->openings || breaker.well != after->well ||
			breaker.on_suspicion != after->on_suspicion || breaker.until_us != after->until_us)
			fail_msg("%s", rows[i].why);
	}
}

static void test_names(void **state)
{
	assert_string_equal(breaker_state_name(BREAKER_CLOSED), "closed");
	assert_string_equal(breaker_state_name(BREAKER_OPEN), "open");
	assert_string_equal(breaker_state_name(BREAKER_HALF_OPEN), "half-open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
