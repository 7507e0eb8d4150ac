/* SPDX-License-Identifier: GPL-2.0-or-later
 * The course of a job: see job_course.h. */
#include "master/job/job_course.h"

/* After 1, 2, 4, ... up to 32 seconds. */
#define AGAIN_DOUBLINGS 5
/* A name that another picture in work has: its end wakes who waits. This is in case that was missed. */
#define NAME_AGAIN_US (2 * G_TIME_SPAN_SECOND)

/* No wait without an end, and no silence: a phase that nobody ends, or that says nothing, does not compile. */
#define X(phase, name, state, list, actor, until, reason)                                                              \
	_Static_assert(((phase) >= PHASE_DONE) == ((actor) == ACTOR_NOBODY) &&                                         \
			       ((phase) >= PHASE_DONE) == ((until) == UNTIL_NEVER) &&                                  \
			       ((phase) >= PHASE_DONE) == (sizeof(reason) == 1),                                       \
		"who must act in " #phase ", until when, and why");
JOB_PHASES(X)
#undef X

_Static_assert(PHASE_COUNT <= 32 && EVENT_COUNT <= 32, "sets of them are words");

static const struct phase_facts phases[PHASE_COUNT] = {
#define X(phase, name, state, list, actor, until, reason) [phase] = {name, state, list, actor, until, reason},
	JOB_PHASES(X)
#undef X
};

static const enum job_bond bonds[EVENT_COUNT] = {
#define X(event, bond) [event] = bond,
	JOB_EVENTS(X)
#undef X
};

const struct phase_facts *phase_facts(enum job_phase phase)
{
	g_assert((unsigned)phase < PHASE_COUNT);
	return &phases[phase];
}

bool phase_ended(enum job_phase phase)
{
	return phase >= PHASE_DONE;
}

bool phase_commits(enum job_phase phase)
{
	return phase == PHASE_COMMITTING || phase == PHASE_HELD_UP;
}

enum job_bond event_bond(enum job_event_kind kind)
{
	return bonds[kind];
}

static bool is_late(const struct course *course, const struct job_event *event)
{
	switch (bonds[event->kind]) {
	case BOND_TICKET:
		return event->ticket != course->ticket;
	case BOND_RUN:
		return event->of_run != course->run;
	default:
		return false;
	}
}

guint course_pause_s(guint tries)
{
	return 1u << MIN(tries, AGAIN_DOUBLINGS);
}

/* Guards. */

static bool is_last_try(const struct course *course, const struct job_event *event)
{
	(void)event;
	return course->faults + 1 >= course->attempts;
}

/* Once to the tiled lane, and once to the whole one, which is the last. Whoever asks for more is wrong, and that counts. */
static bool may_change_lane(const struct course *course, const struct job_event *event)
{
	return course->must == LANE_UNDECIDED || (course->must == LANE_TILED && event->lane == LANE_WHOLE);
}

static bool is_made_in_vain(const struct course *course, const struct job_event *event)
{
	return course->verdict == VERDICT_MADE && is_last_try(course, event);
}

static bool is_made(const struct course *course, const struct job_event *event)
{
	(void)event;
	return course->verdict == VERDICT_MADE;
}

/* Facts. */

static void go_on(struct course *course, const struct job_event *event)
{
	(void)event;
	course->not_before_us = 0;
}

static void start(struct course *course, const struct job_event *event)
{
	course->run = event->run;
	course->runs++;
	course->verdict = VERDICT_NONE;
	course->not_before_us = 0;
}

static void start_bad(struct course *course, const struct job_event *event)
{
	start(course, event);
	course->verdict = VERDICT_BAD;
}

static void renew(struct course *course, const struct job_event *event)
{
	course->run = event->run;
}

/* Nothing was tried in vain. */
static void change_lane(struct course *course, const struct job_event *event)
{
	course->runs--;
	course->must = event->lane;
}

static void make(struct course *course, const struct job_event *event)
{
	(void)event;
	course->verdict = VERDICT_MADE;
	course->waits = 0;
	course->stuck = false;
}

static void spoil(struct course *course, const struct job_event *event)
{
	(void)event;
	course->verdict = VERDICT_BAD;
}

static void lose(struct course *course, const struct job_event *event)
{
	(void)event;
	course->faults++;
	course->commit_tries = 0;
	course->verdict = VERDICT_NONE;
}

static void give_up(struct course *course, const struct job_event *event)
{
	lose(course, event);
	course->verdict = VERDICT_BAD;
}

static void stand(struct course *course, const struct job_event *event, guint tries)
{
	course->not_before_us = event->now_us + course_pause_s(tries) * (gint64)G_USEC_PER_SEC;
	course->stuck = true;
}

static void wait_awhile(struct course *course, const struct job_event *event)
{
	stand(course, event, course->waits++);
}

/* It never began. */
static void wait_for_name(struct course *course, const struct job_event *event)
{
	course->runs--;
	course->not_before_us = event->now_us + NAME_AGAIN_US;
}

static void hold_up(struct course *course, const struct job_event *event)
{
	stand(course, event, course->commit_tries++);
}

/* The tries are counted: a disk's trouble may last, so each wait is longer than the one before. */
static void wait_for_disk(struct course *course, const struct job_event *event)
{
	course->commit_tries = 0;
	course->verdict = VERDICT_NONE;
	course->waits = course->lost++;
	wait_awhile(course, event);
}

static void end(struct course *course, const struct job_event *event)
{
	(void)event;
	course->stuck = false;
}

#define IN(phase) (1u << (phase))
#define ON(event) (1u << (event))
#define IN_QUEUE (IN(PHASE_QUEUED) | IN(PHASE_WAITING))
#define IN_WORK (IN(PHASE_PLANNING) | IN(PHASE_RUNNING))

struct row {
	guint in;                                                                  /* phases */
	guint on;                                                                  /* events */
	bool (*guard)(const struct course *course, const struct job_event *event); /* NULL: always */
	enum job_phase next;
	void (*facts)(struct course *course, const struct job_event *event); /* NULL: none change */
	enum job_effect effects[EFFECTS_MOST];
};

#define TRY_AGAIN EFFECT_STOP_RUN, EFFECT_REMOVE_TEMPS, EFFECT_START_OTHERS

/* The first row whose guard holds. An event without a row changes nothing. */
static const struct row rows[] = {
	{IN(PHASE_NEW), ON(EVENT_ADDED), NULL, PHASE_QUEUED, NULL, {EFFECT_START_OTHERS}},

	{IN(PHASE_WAITING), ON(EVENT_NAME_FREE), NULL, PHASE_QUEUED, go_on, {EFFECT_NONE}},
	{IN_QUEUE, ON(EVENT_STARTED), NULL, PHASE_NAMING, start, {EFFECT_BEGIN_RUN, EFFECT_ASK_NAMES}},
	{IN_QUEUE, ON(EVENT_TOO_LARGE), NULL, PHASE_COMMITTING, start_bad,
		{EFFECT_BEGIN_RUN, EFFECT_STOP_RUN, EFFECT_SAY_BAD, EFFECT_ASK_COMMIT}},

	{IN(PHASE_NAMING), ON(EVENT_NAMED_FOR_CODEC), NULL, PHASE_PLANNING, NULL, {EFFECT_ASK_PLAN}},
	{IN(PHASE_NAMING), ON(EVENT_NAMED_FOR_WORKER), NULL, PHASE_RUNNING, NULL, {EFFECT_OFFER_WHOLE}},
	{IN(PHASE_NAMING), ON(EVENT_NAMED_FOR_NOBODY), NULL, PHASE_COMMITTING, make,
		{EFFECT_SAY_WAITED, EFFECT_HAND_IN, EFFECT_ASK_COMMIT}},
	{IN(PHASE_NAMING), ON(EVENT_NAME_TAKEN), NULL, PHASE_WAITING, wait_for_name,
		{EFFECT_SAY_NAME_TAKEN, TRY_AGAIN}},
	{IN(PHASE_NAMING), ON(EVENT_NAMES_TROUBLE), NULL, PHASE_WAITING, wait_awhile, {EFFECT_SAY_WAITING, TRY_AGAIN}},
	{IN(PHASE_NAMING), ON(EVENT_NAMES_BAD), NULL, PHASE_COMMITTING, spoil,
		{EFFECT_STOP_RUN, EFFECT_SAY_BAD, EFFECT_ASK_COMMIT}},

	{IN(PHASE_PLANNING), ON(EVENT_PLANNED), NULL, PHASE_RUNNING, NULL, {EFFECT_NONE}},
	{IN(PHASE_RUNNING), ON(EVENT_RENEWED), NULL, PHASE_RUNNING, renew, {EFFECT_RENEW}},
	{IN(PHASE_RUNNING), ON(EVENT_MADE), NULL, PHASE_COMMITTING, make,
		{EFFECT_SAY_WAITED, EFFECT_HAND_IN, EFFECT_ASK_COMMIT}},

	{IN_WORK, ON(EVENT_OTHER_LANE), may_change_lane, PHASE_QUEUED, change_lane, {EFFECT_SAY_LANE, TRY_AGAIN}},
	{IN_WORK, ON(EVENT_OTHER_LANE), is_last_try, PHASE_COMMITTING, give_up,
		{EFFECT_STOP_RUN, EFFECT_SAY_GIVEN_UP, EFFECT_ASK_COMMIT}},
	{IN_WORK, ON(EVENT_OTHER_LANE), NULL, PHASE_QUEUED, lose, {EFFECT_SAY_RESTART, TRY_AGAIN}},

	{IN_WORK, ON(EVENT_BROKEN), is_last_try, PHASE_COMMITTING, give_up,
		{EFFECT_STOP_RUN, EFFECT_SAY_GIVEN_UP, EFFECT_ASK_COMMIT}},
	{IN_WORK, ON(EVENT_BROKEN), NULL, PHASE_QUEUED, lose, {EFFECT_SAY_RESTART, TRY_AGAIN}},
	{IN_WORK, ON(EVENT_TROUBLE), NULL, PHASE_WAITING, wait_awhile, {EFFECT_SAY_WAITING, TRY_AGAIN}},
	{IN_WORK, ON(EVENT_BAD), NULL, PHASE_COMMITTING, spoil, {EFFECT_STOP_RUN, EFFECT_SAY_BAD, EFFECT_ASK_COMMIT}},

	{IN(PHASE_COMMITTING), ON(EVENT_COMMITTED), is_made, PHASE_DONE, end, {EFFECT_FINISH, EFFECT_START_OTHERS}},
	{IN(PHASE_COMMITTING), ON(EVENT_COMMITTED), NULL, PHASE_FAILED, end, {EFFECT_FINISH, EFFECT_START_OTHERS}},
	{IN(PHASE_COMMITTING), ON(EVENT_COMMIT_REFUSED), is_made, PHASE_COMMITTING, spoil,
		{EFFECT_STOP_RUN, EFFECT_SAY_BAD, EFFECT_ASK_COMMIT}},
	{IN(PHASE_COMMITTING), ON(EVENT_COMMIT_CHANGED), NULL, PHASE_RETURNED, end,
		{EFFECT_GIVE_BACK, EFFECT_START_OTHERS}},
	{IN(PHASE_COMMITTING), ON(EVENT_COMMIT_LOST), is_made_in_vain, PHASE_COMMITTING, give_up,
		{EFFECT_STOP_RUN, EFFECT_SAY_GIVEN_UP, EFFECT_ASK_COMMIT}},
	{IN(PHASE_COMMITTING), ON(EVENT_COMMIT_LOST), is_made, PHASE_QUEUED, lose, {EFFECT_SAY_RESTART, TRY_AGAIN}},
	{IN(PHASE_COMMITTING), ON(EVENT_COMMIT_SPOILT), is_made, PHASE_WAITING, wait_for_disk,
		{EFFECT_SAY_WAITING, TRY_AGAIN}},
	/* A failure has no outputs: whatever kept it from disk is tried again. */
	{IN(PHASE_COMMITTING),
		ON(EVENT_COMMIT_TROUBLE) | ON(EVENT_COMMIT_REFUSED) | ON(EVENT_COMMIT_LOST) | ON(EVENT_COMMIT_SPOILT),
		NULL, PHASE_HELD_UP, hold_up, {EFFECT_SAY_WAITING, EFFECT_SET_TIMER, EFFECT_START_OTHERS}},
	{IN(PHASE_HELD_UP), ON(EVENT_COMMIT_TIMER) | ON(EVENT_NAME_FREE), NULL, PHASE_COMMITTING, NULL,
		{EFFECT_ASK_COMMIT}},
};

int course_rows(void)
{
	return G_N_ELEMENTS(rows);
}

int course_row(const struct course *course, const struct job_event *event)
{
	if (is_late(course, event))
		return -1;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
		if ((rows[i].on & ON(event->kind)) && (rows[i].in & IN(course->phase)) &&
			(!rows[i].guard || rows[i].guard(course, event)))
			return (int)i;
	return -1;
}

struct job_step job_step(const struct course *course, const struct job_event *event)
{
	struct job_step step = {false, *course, {EFFECT_NONE}};
	int number = course_row(course, event);

	if (number < 0)
		return step;
	const struct row *row = &rows[number];
	step.taken = true;
	for (guint i = 0; i < EFFECTS_MOST; i++)
		step.effects[i] = row->effects[i];
	if (row->facts)
		row->facts(&step.course, event);
	step.course.phase = row->next;
	step.course.ticket++;
	return step;
}
