/* SPDX-License-Identifier: GPL-2.0-or-later
 * The course of a job: each row of its table. */
#include "../unit.h"

#include "master/job/job_course.h"

#define NOW (100 * G_TIME_SPAN_SECOND)
#define S G_TIME_SPAN_SECOND
#define TICKET 7

/* Where it stands, what happens, where it stands then, and what is done. */
struct course_case {
	struct course before;
	struct job_event event;
	struct course after; /* the ticket is looked at apart */
	enum job_effect effects[EFFECTS_MOST];
};

#define AGAIN EFFECT_STOP_RUN, EFFECT_REMOVE_TEMPS, EFFECT_START_OTHERS

static const struct course_case cases[] = {
	{{.phase = PHASE_NEW}, {.kind = EVENT_ADDED}, {.phase = PHASE_QUEUED}, {EFFECT_START_OTHERS}},
	{{.phase = PHASE_WAITING, .not_before_us = NOW}, {.kind = EVENT_NAME_FREE}, {.phase = PHASE_QUEUED},
		{EFFECT_NONE}},
	{{.phase = PHASE_HELD_UP, .stuck = true, .not_before_us = NOW}, {.kind = EVENT_NAME_FREE},
		{.phase = PHASE_COMMITTING, .stuck = true, .not_before_us = NOW}, {EFFECT_ASK_COMMIT}},
	{{.phase = PHASE_QUEUED}, {.kind = EVENT_STARTED, .run = 5}, {.phase = PHASE_NAMING, .run = 5, .runs = 1},
		{EFFECT_BEGIN_RUN, EFFECT_ASK_NAMES}},
	{{.phase = PHASE_WAITING, .runs = 2, .waits = 3, .stuck = true, .not_before_us = 9},
		{.kind = EVENT_STARTED, .run = 6},
		{.phase = PHASE_NAMING, .run = 6, .runs = 3, .waits = 3, .stuck = true},
		{EFFECT_BEGIN_RUN, EFFECT_ASK_NAMES}},
	{{.phase = PHASE_QUEUED}, {.kind = EVENT_TOO_LARGE, .run = 5},
		{.phase = PHASE_COMMITTING, .run = 5, .runs = 1, .verdict = VERDICT_BAD},
		{EFFECT_BEGIN_RUN, EFFECT_STOP_RUN, EFFECT_SAY_BAD, EFFECT_ASK_COMMIT}},
	{{.phase = PHASE_NAMING}, {.kind = EVENT_NAMED_FOR_CODEC}, {.phase = PHASE_PLANNING}, {EFFECT_ASK_PLAN}},
	{{.phase = PHASE_NAMING}, {.kind = EVENT_NAMED_FOR_WORKER}, {.phase = PHASE_RUNNING}, {EFFECT_OFFER_WHOLE}},
	{{.phase = PHASE_NAMING, .waits = 2, .stuck = true}, {.kind = EVENT_NAMED_FOR_NOBODY},
		{.phase = PHASE_COMMITTING, .verdict = VERDICT_MADE},
		{EFFECT_SAY_WAITED, EFFECT_HAND_IN, EFFECT_ASK_COMMIT}},
	{{.phase = PHASE_NAMING, .runs = 1}, {.kind = EVENT_NAME_TAKEN},
		{.phase = PHASE_WAITING, .not_before_us = NOW + 2 * S}, {EFFECT_SAY_NAME_TAKEN, AGAIN}},
	{{.phase = PHASE_NAMING, .waits = 2}, {.kind = EVENT_NAMES_TROUBLE},
		{.phase = PHASE_WAITING, .waits = 3, .stuck = true, .not_before_us = NOW + 4 * S},
		{EFFECT_SAY_WAITING, AGAIN}},
	{{.phase = PHASE_NAMING}, {.kind = EVENT_NAMES_BAD}, {.phase = PHASE_COMMITTING, .verdict = VERDICT_BAD},
		{EFFECT_STOP_RUN, EFFECT_SAY_BAD, EFFECT_ASK_COMMIT}},
	{{.phase = PHASE_PLANNING}, {.kind = EVENT_PLANNED}, {.phase = PHASE_RUNNING}, {EFFECT_NONE}},
	{{.phase = PHASE_RUNNING, .run = 5}, {.kind = EVENT_RENEWED, .run = 8}, {.phase = PHASE_RUNNING, .run = 8},
		{EFFECT_RENEW}},
	{{.phase = PHASE_RUNNING, .waits = 4, .stuck = true}, {.kind = EVENT_MADE},
		{.phase = PHASE_COMMITTING, .verdict = VERDICT_MADE},
		{EFFECT_SAY_WAITED, EFFECT_HAND_IN, EFFECT_ASK_COMMIT}},
	{{.phase = PHASE_RUNNING, .runs = 1}, {.kind = EVENT_OTHER_LANE, .lane = LANE_TILED},
		{.phase = PHASE_QUEUED, .must = LANE_TILED}, {EFFECT_SAY_LANE, AGAIN}},
	{{.phase = PHASE_PLANNING, .runs = 1}, {.kind = EVENT_OTHER_LANE, .lane = LANE_WHOLE},
		{.phase = PHASE_QUEUED, .must = LANE_WHOLE}, {EFFECT_SAY_LANE, AGAIN}},
	{{.phase = PHASE_RUNNING, .runs = 1, .must = LANE_TILED}, {.kind = EVENT_OTHER_LANE, .lane = LANE_WHOLE},
		{.phase = PHASE_QUEUED, .must = LANE_WHOLE}, {EFFECT_SAY_LANE, AGAIN}},
	/* A worker that says again and again that a picture is huge is wrong. */
	{{.phase = PHASE_RUNNING, .runs = 1, .must = LANE_WHOLE, .attempts = 3},
		{.kind = EVENT_OTHER_LANE, .lane = LANE_TILED},
		{.phase = PHASE_QUEUED, .runs = 1, .must = LANE_WHOLE, .faults = 1}, {EFFECT_SAY_RESTART, AGAIN}},
	{{.phase = PHASE_RUNNING, .must = LANE_TILED, .attempts = 1}, {.kind = EVENT_OTHER_LANE, .lane = LANE_TILED},
		{.phase = PHASE_COMMITTING, .must = LANE_TILED, .faults = 1, .verdict = VERDICT_BAD},
		{EFFECT_STOP_RUN, EFFECT_SAY_GIVEN_UP, EFFECT_ASK_COMMIT}},
	{{.phase = PHASE_PLANNING, .attempts = 3, .faults = 1}, {.kind = EVENT_BROKEN},
		{.phase = PHASE_QUEUED, .faults = 2}, {EFFECT_SAY_RESTART, AGAIN}},
	{{.phase = PHASE_RUNNING, .attempts = 3, .faults = 2}, {.kind = EVENT_BROKEN},
		{.phase = PHASE_COMMITTING, .faults = 3, .verdict = VERDICT_BAD},
		{EFFECT_STOP_RUN, EFFECT_SAY_GIVEN_UP, EFFECT_ASK_COMMIT}},
	{{.phase = PHASE_RUNNING, .waits = 9}, {.kind = EVENT_TROUBLE},
		{.phase = PHASE_WAITING, .waits = 10, .stuck = true, .not_before_us = NOW + 32 * S},
		{EFFECT_SAY_WAITING, AGAIN}},
	{{.phase = PHASE_PLANNING}, {.kind = EVENT_BAD}, {.phase = PHASE_COMMITTING, .verdict = VERDICT_BAD},
		{EFFECT_STOP_RUN, EFFECT_SAY_BAD, EFFECT_ASK_COMMIT}},
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_MADE, .stuck = true}, {.kind = EVENT_COMMITTED},
		{.phase = PHASE_DONE, .verdict = VERDICT_MADE}, {EFFECT_FINISH, EFFECT_START_OTHERS}},
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_BAD}, {.kind = EVENT_COMMITTED},
		{.phase = PHASE_FAILED, .verdict = VERDICT_BAD}, {EFFECT_FINISH, EFFECT_START_OTHERS}},
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_MADE}, {.kind = EVENT_COMMIT_REFUSED},
		{.phase = PHASE_COMMITTING, .verdict = VERDICT_BAD},
		{EFFECT_STOP_RUN, EFFECT_SAY_BAD, EFFECT_ASK_COMMIT}},
	/* A failure has no outputs to lose: it is written again, and its picture is not milled again. */
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_BAD}, {.kind = EVENT_COMMIT_REFUSED},
		{.phase = PHASE_HELD_UP,
			.verdict = VERDICT_BAD,
			.commit_tries = 1,
			.stuck = true,
			.not_before_us = NOW + S},
		{EFFECT_SAY_WAITING, EFFECT_SET_TIMER, EFFECT_START_OTHERS}},
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_BAD}, {.kind = EVENT_COMMIT_LOST},
		{.phase = PHASE_HELD_UP,
			.verdict = VERDICT_BAD,
			.commit_tries = 1,
			.stuck = true,
			.not_before_us = NOW + S},
		{EFFECT_SAY_WAITING, EFFECT_SET_TIMER, EFFECT_START_OTHERS}},
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_BAD}, {.kind = EVENT_COMMIT_SPOILT},
		{.phase = PHASE_HELD_UP,
			.verdict = VERDICT_BAD,
			.commit_tries = 1,
			.stuck = true,
			.not_before_us = NOW + S},
		{EFFECT_SAY_WAITING, EFFECT_SET_TIMER, EFFECT_START_OTHERS}},
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_MADE, .stuck = true}, {.kind = EVENT_COMMIT_CHANGED},
		{.phase = PHASE_RETURNED, .verdict = VERDICT_MADE}, {EFFECT_GIVE_BACK, EFFECT_START_OTHERS}},
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_MADE, .attempts = 2, .commit_tries = 3},
		{.kind = EVENT_COMMIT_LOST}, {.phase = PHASE_QUEUED, .attempts = 2, .faults = 1},
		{EFFECT_SAY_RESTART, AGAIN}},
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_MADE, .attempts = 1}, {.kind = EVENT_COMMIT_LOST},
		{.phase = PHASE_COMMITTING, .faults = 1, .verdict = VERDICT_BAD},
		{EFFECT_STOP_RUN, EFFECT_SAY_GIVEN_UP, EFFECT_ASK_COMMIT}},
	/* Longer each time, although a run in between went well. */
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_MADE, .lost = 2, .commit_tries = 1},
		{.kind = EVENT_COMMIT_SPOILT},
		{.phase = PHASE_WAITING, .lost = 3, .waits = 3, .stuck = true, .not_before_us = NOW + 4 * S},
		{EFFECT_SAY_WAITING, AGAIN}},
	{{.phase = PHASE_COMMITTING, .verdict = VERDICT_MADE, .commit_tries = 2}, {.kind = EVENT_COMMIT_TROUBLE},
		{.phase = PHASE_HELD_UP,
			.verdict = VERDICT_MADE,
			.commit_tries = 3,
			.stuck = true,
			.not_before_us = NOW + 4 * S},
		{EFFECT_SAY_WAITING, EFFECT_SET_TIMER, EFFECT_START_OTHERS}},
	{{.phase = PHASE_HELD_UP, .verdict = VERDICT_MADE}, {.kind = EVENT_COMMIT_TIMER},
		{.phase = PHASE_COMMITTING, .verdict = VERDICT_MADE}, {EFFECT_ASK_COMMIT}},
};

static struct course before(const struct course_case *given)
{
	struct course course = given->before;

	course.ticket = TICKET;
	return course;
}

static struct job_event event_of(const struct course_case *given)
{
	struct job_event event = given->event;

	event.now_us = NOW;
	event.ticket = TICKET;
	event.of_run = given->before.run;
	return event;
}

static void each_row_does_what_it_says(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct course course = before(&cases[i]), wanted = cases[i].after;
		struct job_event event = event_of(&cases[i]);
		struct job_step step = job_step(&course, &event);
		assert_true(step.taken);
		wanted.attempts = course.attempts;
		wanted.ticket = TICKET + 1;
		const struct course *got = &step.course;
		if (got->phase != wanted.phase)
			fail_msg("case %u: %s, not %s", i, phase_facts(got->phase)->name,
				phase_facts(wanted.phase)->name);
		assert_int_equal(got->ticket, wanted.ticket);
		assert_int_equal(got->verdict, wanted.verdict);
		assert_int_equal(got->must, wanted.must);
		assert_int_equal(got->run, wanted.run);
		assert_int_equal(got->runs, wanted.runs);
		assert_int_equal(got->faults, wanted.faults);
		assert_int_equal(got->waits, wanted.waits);
		assert_int_equal(got->lost, wanted.lost);
		assert_int_equal(got->commit_tries, wanted.commit_tries);
		assert_int_equal(got->not_before_us, wanted.not_before_us);
		assert_int_equal(got->stuck, wanted.stuck);
		assert_memory_equal(step.effects, cases[i].effects, sizeof step.effects);
	}
}

static void no_row_is_without_a_case(void **state)
{
	g_autofree bool *seen = g_new0(bool, course_rows());

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct course course = before(&cases[i]);
		struct job_event event = event_of(&cases[i]);
		seen[course_row(&course, &event)] = true;
	}
	for (int i = 0; i < course_rows(); i++)
		if (!seen[i])
			fail_msg("row %d of the table has no case", i);
}

static void what_is_of_an_older_request_or_run_changes_nothing(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct course course = before(&cases[i]);
		struct job_event event = event_of(&cases[i]);
		event.ticket--;
		assert_int_equal(job_step(&course, &event).taken, event_bond(event.kind) != BOND_TICKET);
		event = event_of(&cases[i]);
		event.of_run--;
		assert_int_equal(job_step(&course, &event).taken, event_bond(event.kind) != BOND_RUN);
	}
}

static void nothing_follows_an_end(void **state)
{
	for (enum job_phase phase = PHASE_DONE; phase < PHASE_COUNT; phase++)
		for (enum job_event_kind kind = 0; kind < EVENT_COUNT; kind++) {
			struct course course = {.phase = phase};
			assert_false(job_step(&course, &(struct job_event){.kind = kind}).taken);
		}
}

/* Each phase is left by something that the one who must act says. */
static void whoever_must_act_can_end_the_phase(void **state)
{
	static const enum job_event_kind ends[ACTOR_COUNT][3] = {
		[ACTOR_LOOP] = {EVENT_ADDED, EVENT_STARTED, EVENT_STARTED},
		[ACTOR_TIMER] = {EVENT_STARTED, EVENT_COMMIT_TIMER, EVENT_COMMIT_TIMER},
		[ACTOR_THREAD] = {EVENT_NAMED_FOR_WORKER, EVENT_COMMITTED, EVENT_COMMITTED},
		[ACTOR_PROCESS] = {EVENT_PLANNED, EVENT_BROKEN, EVENT_BAD},
		[ACTOR_LEASES] = {EVENT_MADE, EVENT_BROKEN, EVENT_BAD},
	};

	for (enum job_phase phase = 0; phase < PHASE_COUNT; phase++) {
		const struct phase_facts *facts = phase_facts(phase);
		struct course course = {.phase = phase};
		bool ended = phase_ended(phase);
		for (guint i = 0; !ended && i < G_N_ELEMENTS(ends[0]); i++)
			ended = job_step(&course, &(struct job_event){.kind = ends[facts->actor][i]}).taken;
		assert_true(ended);
		assert_int_equal(phase_ended(phase), facts->reason[0] == '\0');
		assert_int_equal(phase_ended(phase), facts->until == UNTIL_NEVER);
		assert_int_equal(facts->list == LIST_QUEUE, facts->state == JOB_QUEUED);
		assert_int_equal(facts->list == LIST_RUNNING, facts->state == JOB_RUNNING);
	}
}

/* Each row that leads to a phase asks whoever must act in it: no phase begins that nobody ends. */
static void each_row_asks_whoever_must_act(void **state)
{
	static const guint asks[ACTOR_COUNT] = {
		[ACTOR_THREAD] = 1u << EFFECT_ASK_NAMES | 1u << EFFECT_ASK_COMMIT,
		[ACTOR_PROCESS] = 1u << EFFECT_ASK_PLAN,
		[ACTOR_LEASES] = 1u << EFFECT_OFFER_WHOLE | 1u << EFFECT_RENEW,
		[ACTOR_TIMER] = 1u << EFFECT_SET_TIMER,
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct phase_facts *next = phase_facts(cases[i].after.phase);
		guint effects = 0;
		for (guint e = 0; e < EFFECTS_MOST; e++)
			effects |= 1u << cases[i].effects[e];
		/* The clock looks at the queue each second; the codec that planned brings the tiles. */
		bool asked = next->list != LIST_RUNNING || cases[i].event.kind == EVENT_PLANNED;
		if (!asked && !(effects & asks[next->actor]))
			fail_msg("case %u leads to %s, and nobody is asked", i, next->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_does_what_it_says),
		cmocka_unit_test(no_row_is_without_a_case),
		cmocka_unit_test(what_is_of_an_older_request_or_run_changes_nothing),
		cmocka_unit_test(nothing_follows_an_end),
		cmocka_unit_test(whoever_must_act_can_end_the_phase),
		cmocka_unit_test(each_row_asks_whoever_must_act),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
