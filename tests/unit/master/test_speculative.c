/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who gets the last tiles, which tile is late, and who gets it as well: by measured times, never without somebody idle. */
#include "base/clock.h"
#include "bus/protocol/heartbeat.h"
#include "master/fleet/failure_votes.h"
#include "master/fleet/lease.h"
#include "master/fleet/speculative.h"
#include "master/fleet/worker_select.h"
#include "master/fleet/worker_slot.h"
#include "master/fleet/worker_timing.h"
#include "workers_support.h"

#include "../unit.h"

#define MS 1000
#define TILES 100
#define WINDOW 8

/* A tiled job and three workers. */
struct mill {
	struct workers *workers;
	struct worker *a, *b, *c;
	struct tile tiles[TILES];
	struct job job;
	gint64 now; /* of all that is given out and looked at */
};

static int set_up(void **state)
{
	struct mill *mill = g_new0(struct mill, 1);
	const struct ring_place ring = {0};

	mill->now = clock_now_us();
	mill->workers = workers_unheard();
	workers_heard(mill->workers, beat_from("another", "a", "busy", "h"));
	workers_heard(mill->workers, beat_from("another", "b", "busy", "h"));
	workers_heard(mill->workers, beat_from("another", "c", "busy", "h"));
	mill->a = workers_find(mill->workers, "a");
	mill->b = workers_find(mill->workers, "b");
	mill->c = workers_find(mill->workers, "c");
	mill->job.id = g_ref_string_new("j");
	mill->job.plan.lane = LANE_TILED;
	mill->job.work.tiles = mill->tiles;
	mill->job.work.tile_count = TILES;
	mill->job.plan.rings = g_array_new(FALSE, TRUE, sizeof(struct ring_place));
	g_array_append_val(mill->job.plan.rings, ring);
	g_array_append_val(mill->job.plan.rings, ring);
	*state = mill;
	return 0;
}

static int tear_down(void **state)
{
	struct mill *mill = *state;

	for (guint i = 0; i < TILES; i++)
		while (mill->tiles[i].lease)
			lease_end(mill->tiles[i].lease);
	failure_votes_drop(&mill->job);
	workers_free(mill->workers);
	g_array_unref(mill->job.plan.rings);
	g_ref_string_release(mill->job.id);
	g_free(mill->job.work.timings);
	g_free(mill);
	return 0;
}

/* So many tiles of the job came back, each after so long, from nobody in particular. */
static void measured(struct mill *mill, int count, gint64 us)
{
	for (int i = 0; i < count; i++)
		worker_timing_answered(&mill->job, 0, NULL, 0, us);
	mill->job.work.done += (guint)count;
}

static struct lease *give_to(struct mill *mill, struct worker *worker, guint tile)
{
	bool idle = worker->weight == 0;

	mill->tiles[tile].attempt++;
	struct lease *lease = lease_begin(worker, &mill->job, tile, 1, PLANE_INLINE, 0);
	lease->sent_us = mill->now;
	worker->answered_us = idle ? mill->now : worker->answered_us;
	return lease;
}

/* This worker has not answered for so long. */
static void silent(const struct mill *mill, struct worker *worker, gint64 us)
{
	worker->answered_us = mill->now - us;
	for (GList *link = worker->leases.head; link; link = link->next)
		((struct lease *)link->data)->sent_us = worker->answered_us;
}

static struct speculative_task look(struct mill *mill, const struct worker *helper)
{
	return speculative_find(mill->workers, helper, mill->now);
}

static void late_is_measured(void **state)
{
	struct mill *mill = *state;
	struct lease *lease = give_to(mill, mill->a, 7);

	silent(mill, mill->a, 3600 * (gint64)G_USEC_PER_SEC);
	/* An hour tells nothing as long as nobody knows how long such a tile takes. */
	assert_null(look(mill, mill->b).lease);
	measured(mill, 20, 100 * MS);
	assert_ptr_equal(look(mill, mill->b).lease, lease);
	assert_int_equal(look(mill, mill->b).facts.usual_us, 100 * MS);
	/* Of tiles that take ten seconds each, five are nothing; the same five are much of tiles that take a tenth. */
	silent(mill, mill->a, 5 * G_USEC_PER_SEC);
	assert_ptr_equal(look(mill, mill->b).lease, lease);
	measured(mill, TILE_TIMING_KEPT, 10 * (gint64)G_USEC_PER_SEC);
	assert_null(look(mill, mill->b).lease);
	/* And it is said when to look again. */
	gint64 due = look(mill, mill->b).choice.due_us;
	assert_in_range(due, 24 * (gint64)G_USEC_PER_SEC, 26 * (gint64)G_USEC_PER_SEC);
}

static void a_tile_in_time_is_left_alone(void **state)
{
	struct mill *mill = *state;

	measured(mill, 20, 100 * MS);
	give_to(mill, mill->a, 7);
	give_to(mill, mill->a, 8);
	assert_null(look(mill, mill->b).lease);
	silent(mill, mill->a, 90 * MS);
	assert_null(look(mill, mill->b).lease);
}

/* With what its worker has before it. */
static void the_queue_counts(void **state)
{
	struct mill *mill = *state;
	struct lease *last = NULL;

	measured(mill, 20, 100 * MS);
	for (guint i = 0; i < 6; i++)
		last = give_to(mill, mill->a, i);
	struct speculative_task late = look(mill, mill->b);
	assert_ptr_equal(late.lease, last);
	assert_int_equal(late.facts.until_us, 600 * MS);
	/* Of one that takes ten times as long, the second is late already, and the first will be. */
	lease_end(mill->tiles[5].lease);
	lease_end(mill->tiles[4].lease);
	lease_end(mill->tiles[3].lease);
	lease_end(mill->tiles[2].lease);
	assert_null(look(mill, mill->b).lease);
	mill->a->slowness = 10;
	assert_ptr_equal(look(mill, mill->b).lease, mill->tiles[1].lease);
	/* But not to one that would take as long itself. */
	mill->b->slowness = 12;
	assert_null(look(mill, mill->b).lease);
	assert_ptr_equal(look(mill, mill->c).lease, mill->tiles[1].lease);
}

static void only_to_the_idle_and_to_nobody_twice(void **state)
{
	struct mill *mill = *state;
	g_autoptr(GPtrArray) tried = g_ptr_array_new();

	measured(mill, 20, 100 * MS);
	struct lease *lease = give_to(mill, mill->a, 7);
	silent(mill, mill->a, G_USEC_PER_SEC);
	/* The faster one of those who have nothing to do. */
	mill->b->slowness = 2;
	assert_ptr_equal(speculative_helper(mill->workers, tried), mill->c);
	struct lease *busy = give_to(mill, mill->c, 9);
	assert_ptr_equal(speculative_helper(mill->workers, tried), mill->b);
	assert_null(look(mill, mill->c).lease);
	assert_ptr_equal(look(mill, mill->b).lease, lease);
	/* One extra attempt at a time, and none to who has it. */
	struct lease *extra = give_to(mill, mill->b, 7);
	assert_int_equal(extra->attempt, 2);
	assert_ptr_equal(mill->tiles[7].extra, extra);
	assert_null(speculative_helper(mill->workers, tried));
	lease_end(busy);
	assert_ptr_equal(speculative_helper(mill->workers, tried), mill->c);
	silent(mill, mill->b, G_USEC_PER_SEC);
	assert_null(look(mill, mill->c).lease);
	assert_null(look(mill, mill->a).lease);
	/* The first one is dead: who has it alone may be late in turn. */
	assert_false(lease_end(lease));
	assert_ptr_equal(mill->tiles[7].lease, extra);
	assert_int_equal(mill->job.work.leased, 1);
	assert_ptr_equal(look(mill, mill->c).lease, extra);
	/* Those who are on trial, out, stuck or failed it before do not help. */
	failure_votes_add(&mill->job, 7, mill->c, FAILURE_TROUBLE, "disk full");
	assert_null(look(mill, mill->c).lease);
	failure_votes_drop(&mill->job);
	mill->c->slot->breaker.state = BREAKER_HALF_OPEN;
	assert_null(look(mill, mill->c).lease);
	mill->c->slot->breaker.state = BREAKER_CLOSED;
	assert_non_null(look(mill, mill->c).lease);
	mill->job.plan.lane = LANE_WHOLE;
	assert_null(look(mill, mill->c).lease);
}

static void who_loses_owes_an_answer_and_no_more(void **state)
{
	struct mill *mill = *state;
	struct late late;

	measured(mill, 20, 100 * MS);
	struct lease *lease = lease_begin(mill->a, &mill->job, 7, 1, PLANE_INLINE, 500);
	give_to(mill, mill->b, 7);
	assert_false(lease_end(lease_of(mill->b, &mill->job, 7)));
	assert_true(lease_lose(lease, true));
	assert_null(mill->tiles[7].lease);
	assert_int_equal(mill->job.work.leased, 0);
	assert_true(g_queue_is_empty(&mill->a->leases));
	/* It has it to do all the same: it is not idle, and what is on its way to it fills its window. */
	assert_int_equal(mill->a->weight, 1);
	assert_int_equal(mill->a->bytes, 500);
	assert_false(worker_may_help(mill->a, &mill->job, 8));
	/* An idle heartbeat says that nothing will come of it, some in a row that it is true. */
	struct heartbeat *idle = beat_from("another", "a", "busy", "h");
	g_free(idle->state);
	idle->state = g_strdup("idle");
	workers_heard(mill->workers, idle);
	assert_int_equal(mill->a->idle.beats, 1);
	assert_false(worker_forget_late(mill->a, "j", 1, 7, 0, &late));
	assert_true(worker_forget_late(mill->a, "j", 0, 7, 0, &late));
	assert_true(late.writes);
	assert_int_equal(mill->a->weight, 0);
	assert_int_equal(mill->a->bytes, 0);
	assert_false(worker_forget_late(mill->a, "j", 0, 7, 0, &late));
	assert_int_equal(mill->a->slot->breaker.strikes, 0);
}

static struct worker *selected(struct mill *mill)
{
	return worker_select(mill->workers, &mill->job, 50, 1, 0, WINDOW, 0);
}

static void the_last_tiles_go_where_they_are_ready_first(void **state)
{
	struct mill *mill = *state;

	/* Long times, so that the machine's mood has no say. */
	mill->c->state = WORKER_GONE;
	mill->a->slowness = 5;
	/* Many are left: whoever has least to do gets the next, however slow. */
	give_to(mill, mill->b, 0);
	assert_false(workers_end_job(mill->workers, &mill->job, 1, WINDOW));
	assert_ptr_equal(selected(mill), mill->a);
	/* Few are: one that is ready at the fast one's before. */
	measured(mill, 90, 1000 * (gint64)G_USEC_PER_SEC);
	assert_true(workers_end_job(mill->workers, &mill->job, 1, WINDOW));
	for (guint i = 1; i < 5; i++) {
		assert_ptr_equal(selected(mill), mill->b);
		give_to(mill, mill->b, i);
	}
	assert_ptr_equal(selected(mill), mill->a);
	/* So slow that the fast one should have it, when it has room again. */
	mill->a->slowness = 12;
	for (guint i = 5; i < WINDOW; i++)
		give_to(mill, mill->b, i);
	assert_null(selected(mill));
	/* Unless the fast one does not go on. */
	silent(mill, mill->b, 10000 * (gint64)G_USEC_PER_SEC);
	assert_ptr_equal(selected(mill), mill->a);
}

static void answers_make_slow_or_fast(void **state)
{
	struct mill *mill = *state;

	measured(mill, 20, 100 * MS);
	for (int i = 0; i < 20; i++)
		worker_timing_answered(&mill->job, 0, mill->a, G_MAXINT64, 400 * MS);
	assert_in_range((int)(mill->a->slowness * 100), 380, 420);
	worker_timing_answered(&mill->job, 0, mill->a, G_MAXINT64, 100 * MS);
	assert_in_range((int)(mill->a->slowness * 100), 300, 340);
	/* The transport counts, too: from the answer before, or the sending. */
	mill->c->answered_us = clock_now_us() - 800 * MS;
	worker_timing_answered(&mill->job, 0, mill->c, clock_now_us() - 2000 * MS, 100 * MS);
	assert_in_range((int)(mill->c->slowness * 100), 270, 474);
	/* Tiles of another output are not like these. */
	mill->tiles[1].output = 1;
	assert_int_equal(worker_timing_of(&mill->job, 1)->usual_us, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(late_is_measured),
		T(a_tile_in_time_is_left_alone),
		T(the_queue_counts),
		T(only_to_the_idle_and_to_nobody_twice),
		T(who_loses_owes_an_answer_and_no_more),
		T(the_last_tiles_go_where_they_are_ready_first),
		T(answers_make_slow_or_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
