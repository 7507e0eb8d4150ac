/* SPDX-License-Identifier: GPL-2.0-or-later
 * The course of a job under a million events: late ones, doubled ones, lost ones, in any order, and out of the blue. The world around it is a
 * list of requests that are not answered yet. */
#include "../unit.h"

#include "master/job/job_course.h"

#include <stdlib.h>

#define EVENTS 1000000
#define SEED 20261129
#define REQUESTS 64
/* From any phase: a pause, a start, names, a plan, the work, the commit, and a commit again. */
#define CALM_STEPS 10

struct request {
	enum job_actor actor;
	guint32 ticket;
	bool answered;
};

struct world {
	GRand *random;
	struct course course;
	gint64 now_us;
	guint32 run;
	struct request requests[REQUESTS]; /* a ring: the oldest are forgotten, as if nobody answered */
	guint asked;
	guint outcomes; /* of this job */
	guint64 ended, events;
};

static void request(struct world *world, enum job_actor actor)
{
	world->requests[world->asked++ % REQUESTS] = (struct request){actor, world->course.ticket, false};
}

/* Is there a request of the one who must act, in the phase that is now? */
static bool somebody_acts(const struct world *world)
{
	const struct phase_facts *facts = phase_facts(world->course.phase);

	/* The loop looks each second at what is in the queue. */
	if (facts->list != LIST_RUNNING)
		return true;
	for (guint i = 0; i < MIN(world->asked, REQUESTS); i++)
		if (world->requests[i].actor == facts->actor && world->requests[i].ticket == world->course.ticket)
			return true;
	return false;
}

/* An answer that is taken is the first one to a request that was made. */
static void mark_answered(struct world *world, guint32 ticket)
{
	bool found = false;

	for (guint i = 0; i < MIN(world->asked, REQUESTS); i++)
		if (world->requests[i].ticket == ticket && !world->requests[i].answered)
			found = world->requests[i].answered = true;
	assert_true(found);
}

/* The codec that planned brings the tiles. */
static void bring_tiles(struct world *world, enum job_phase was)
{
	if (world->course.phase == PHASE_RUNNING && was == PHASE_PLANNING)
		request(world, ACTOR_LEASES);
}

static void run_effect(struct world *world, enum job_effect effect)
{
	switch (effect) {
	case EFFECT_ASK_NAMES:
	case EFFECT_ASK_COMMIT:
		request(world, ACTOR_THREAD);
		break;
	case EFFECT_ASK_PLAN:
		request(world, ACTOR_PROCESS);
		break;
	case EFFECT_OFFER_WHOLE:
	case EFFECT_RENEW:
		request(world, ACTOR_LEASES);
		break;
	case EFFECT_SET_TIMER:
		request(world, ACTOR_TIMER);
		break;
	case EFFECT_FINISH:
	case EFFECT_GIVE_BACK:
		world->outcomes++;
		break;
	default:
		break;
	}
}

static bool happens(struct world *world, struct job_event event)
{
	enum job_phase was = world->course.phase;
	struct job_step step;

	event.now_us = world->now_us;
	step = job_step(&world->course, &event);
	world->events++;
	if (!step.taken)
		return false;
	assert_false(phase_ended(was));
	if (event_bond(event.kind) == BOND_TICKET)
		mark_answered(world, event.ticket);
	if (event_bond(event.kind) == BOND_RUN)
		assert_int_equal(event.of_run, world->course.run);
	/* A run of this number was never before. */
	assert_true(event.kind != EVENT_STARTED || step.course.run > world->course.run);
	world->course = step.course;
	for (guint i = 0; i < EFFECTS_MOST; i++)
		run_effect(world, step.effects[i]);
	bring_tiles(world, was);
	assert_int_equal(world->outcomes, phase_ended(world->course.phase));
	assert_true(somebody_acts(world));
	assert_true(world->course.faults <= world->course.attempts);
	if (world->course.phase == PHASE_DONE)
		assert_int_equal(world->course.verdict, VERDICT_MADE);
	if (world->course.phase == PHASE_FAILED)
		assert_int_equal(world->course.verdict, VERDICT_BAD);
	return true;
}

static void drop_one(struct world *world)
{
	guint attempts = (guint)g_rand_int_range(world->random, 1, 5);

	/* Answers to the job before this one are still on their way. */
	world->course = (struct course){.attempts = attempts, .ticket = world->course.ticket, .run = world->course.run};
	world->outcomes = 0;
	happens(world, (struct job_event){.kind = EVENT_ADDED});
}

/* As the loop does it, when there is room and its pause is over. */
static struct job_event start(struct world *world)
{
	world->now_us = MAX(world->now_us, world->course.not_before_us);
	return (struct job_event){.kind = EVENT_STARTED, .run = ++world->run};
}

/* Anything at all; of a request that was, or of one that never was. */
static struct job_event any(struct world *world)
{
	struct job_event event = {.kind = (enum job_event_kind)g_rand_int_range(world->random, 0, EVENT_COUNT)};

	event.lane = g_rand_boolean(world->random) ? LANE_WHOLE : LANE_TILED;
	event.run = ++world->run;
	/* Of the run that is, or of one before. */
	event.of_run = world->course.run - (g_rand_int_range(world->random, 0, 4) == 0);
	event.ticket = world->requests[(guint)g_rand_int(world->random) % REQUESTS].ticket;
	if (g_rand_int_range(world->random, 0, 4) == 0)
		event.ticket = g_rand_int(world->random);
	/* What ends it is rarer, or no job would live long. */
	if (event.kind == EVENT_BAD && g_rand_int_range(world->random, 0, 8))
		event.kind = EVENT_TROUBLE;
	return event;
}

/* What the one who must act says when all is well. */
static struct job_event calm(struct world *world)
{
	static const enum job_event_kind well[PHASE_COUNT] = {
		[PHASE_NEW] = EVENT_ADDED,
		[PHASE_NAMING] = EVENT_NAMED_FOR_CODEC,
		[PHASE_PLANNING] = EVENT_PLANNED,
		[PHASE_RUNNING] = EVENT_MADE,
		[PHASE_COMMITTING] = EVENT_COMMITTED,
		[PHASE_HELD_UP] = EVENT_COMMIT_TIMER,
	};
	enum job_phase phase = world->course.phase;

	if (phase == PHASE_QUEUED || phase == PHASE_WAITING)
		return start(world);
	if (phase == PHASE_HELD_UP)
		world->now_us = MAX(world->now_us, world->course.not_before_us);
	return (struct job_event){.kind = well[phase], .ticket = world->course.ticket, .of_run = world->course.run};
}

/* No more faults: it ends. */
static void calms_down(struct world *world)
{
	for (guint i = 0; i < CALM_STEPS && !phase_ended(world->course.phase); i++)
		assert_true(happens(world, calm(world)));
	assert_true(phase_ended(world->course.phase));
}

static void leaves_the_ended_alone(struct world *world)
{
	for (guint i = 0; i < 4; i++)
		assert_false(happens(world, any(world)));
	world->ended++;
}

static void every_picture_ends_once(void **state)
{
	struct world world = {.random = g_rand_new_with_seed(SEED)};

	while (world.events < EVENTS) {
		drop_one(&world);
		for (guint faults = (guint)g_rand_int_range(world.random, 0, 200);
			faults > 0 && !phase_ended(world.course.phase); faults--) {
			world.now_us += g_rand_int_range(world.random, 0, 100000);
			happens(&world, g_rand_boolean(world.random) ? any(&world) : calm(&world));
		}
		calms_down(&world);
		leaves_the_ended_alone(&world);
	}
	assert_true(world.ended > 10000);
	g_rand_free(world.random);
}

/* Nothing but lies about lanes, and nothing but deaths: both are bounded. */
static void what_only_breaks_is_given_up(void **state)
{
	static const enum job_event_kind kinds[] = {EVENT_OTHER_LANE, EVENT_BROKEN};

	for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
		struct world world = {.random = g_rand_new_with_seed(SEED)};
		drop_one(&world);
		while (world.events < 1000 && !phase_commits(world.course.phase)) {
			struct job_event event = calm(&world);
			if (event.kind == EVENT_MADE)
				event = (struct job_event){kinds[k], .of_run = event.of_run,
					.lane = world.events % 2 ? LANE_WHOLE : LANE_TILED};
			happens(&world, event);
		}
		assert_int_equal(world.course.verdict, VERDICT_BAD);
		assert_int_equal(world.course.faults, world.course.attempts);
		g_rand_free(world.random);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_picture_ends_once),
		cmocka_unit_test(what_only_breaks_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
