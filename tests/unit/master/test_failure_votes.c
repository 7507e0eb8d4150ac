/* SPDX-License-Identifier: GPL-2.0-or-later
 * Workers that fail what others manage are taken out and tried again; a picture that fails everywhere costs nobody anything. */
#include "master/fleet/failure_votes.h"
#include "master/fleet/lease.h"
#include "master/fleet/worker_select.h"
#include "master/fleet/worker_slot.h"
#include "workers_support.h"

#include "../unit.h"

/* Two workers of one machine and one of another, as heartbeats make them. */
static struct workers *registry(void)
{
	struct workers *workers = workers_unheard();

	workers_heard(workers, beat_from("one", "a", "idle", "h"));
	workers_heard(workers, beat_from("one", "b", "idle", "h"));
	workers_heard(workers, beat_from("two", "c", "idle", "h"));
	return workers;
}

static struct worker *select_for(struct workers *workers, const struct job *job)
{
	return worker_select(workers, job, 0, 1, 0, 8, 1000);
}

static void what_one_failed_another_tries(void **state)
{
	auto_struct(workers) workers = registry();
	struct tile tile = {0};
	struct job job = {.work = {.tiles = &tile, .tile_count = 1}},
		   other = {.work = {.tiles = &tile, .tile_count = 1}};
	struct worker *a = workers_find(workers, "a"), *b = workers_find(workers, "b"), *c = workers_find(workers, "c");

	assert_ptr_equal(select_for(workers, &job), a);
	failure_votes_add(&job, 0, a, FAILURE_TROUBLE, "disk full");
	assert_ptr_equal(select_for(workers, &job), b);
	assert_ptr_equal(select_for(workers, &other), a);
	failure_votes_add(&job, 0, b, FAILURE_TROUBLE, "disk full");
	/* It waits for who has not failed it, however busy. */
	lease_begin(c, &other, 0, 8, PLANE_INLINE, 0);
	assert_null(select_for(workers, &job));
	assert_true(workers_elsewhere(workers, &job, 0));
	failure_votes_add(&job, 0, c, FAILURE_TROUBLE, "disk full");
	assert_false(workers_elsewhere(workers, &job, 0));
	assert_ptr_equal(select_for(workers, &job), a);
	failure_votes_drop(&job);
	assert_int_equal(a->slot->breaker.strikes, 0);
}

static void a_death_keeps_from_its_machine_while_there_is_another(void **state)
{
	auto_struct(workers) workers = registry();
	struct tile tile = {0};
	struct job job = {.work = {.tiles = &tile, .tile_count = 1}};
	struct worker *a = workers_find(workers, "a"), *c = workers_find(workers, "c");

	failure_votes_add(&job, 0, a, FAILURE_DEATH, "killed by SIGSEGV");
	assert_ptr_equal(select_for(workers, &job), c);
	c->state = WORKER_GONE;
	assert_string_equal(select_for(workers, &job)->id, "b");
	failure_votes_drop(&job);
}

/* Its --spool is full, or smaller than that of others. */
static void nobody_is_struck_for_a_limit(void **state)
{
	auto_struct(workers) workers = registry();
	struct tile tile = {0};
	struct job job = {.work = {.tiles = &tile, .tile_count = 1}};
	struct worker *a = workers_find(workers, "a"), *b = workers_find(workers, "b");

	for (int i = 0; i < 2 * BREAKER_STRIKES; i++) {
		failure_votes_add(&job, 0, a, i % 2 ? FAILURE_FULL : FAILURE_LIMIT, "it has 12 MB");
		assert_int_equal(votes_verdicts(job.work.failure_votes, 0), i % 2 ? 0 : 1);
		assert_ptr_equal(select_for(workers, &job), b);
		failure_votes_managed(&job, 0, b);
	}
	assert_int_equal(a->slot->breaker.strikes, 0);
	assert_int_equal(a->slot->breaker.state, BREAKER_CLOSED);
}

static void strikes_are_for_what_others_managed(void **state)
{
	auto_struct(workers) workers = registry();
	struct tile tile = {0};
	struct job job = {.work = {.tiles = &tile, .tile_count = 1}};
	struct worker *a = workers_find(workers, "a"), *b = workers_find(workers, "b");

	for (int i = 0; i < 5; i++) {
		failure_votes_add(&job, 0, a, FAILURE_VERDICT, "no such loader");
		failure_votes_add(&job, 0, b, FAILURE_VERDICT, "no such loader");
		assert_int_equal(votes_verdicts(job.work.failure_votes, 0), 2);
		failure_votes_drop(&job);
	}
	assert_int_equal(a->slot->breaker.state, BREAKER_CLOSED);
	for (int i = 0; i < BREAKER_STRIKES; i++) {
		failure_votes_add(&job, 0, a, FAILURE_VERDICT, "no such loader");
		failure_votes_managed(&job, 0, b);
	}
	assert_int_equal(a->slot->breaker.state, BREAKER_OPEN);
	assert_int_equal(b->slot->breaker.strikes, 0);
	assert_string_equal(select_for(workers, NULL)->id, "b");
	/* On trial: one task, and a picture at fault does not count against it. */
	breaker_happens(&a->slot->breaker, BREAKER_TICKED, a->slot->breaker.until_us);
	assert_ptr_equal(select_for(workers, NULL), a);
	lease_begin(a, &job, 0, 1, PLANE_INLINE, 0);
	lease_begin(b, &job, 0, 1, PLANE_INLINE, 0);
	assert_ptr_not_equal(select_for(workers, NULL), a);
	assert_false(lease_end(lease_of(a, &job, 0)));
	failure_votes_add(&job, 0, a, FAILURE_VERDICT, "truncated");
	assert_int_equal(a->slot->breaker.state, BREAKER_OPEN);
	assert_int_equal(votes_verdicts(job.work.failure_votes, 0), 0);
	failure_votes_drop(&job);
	assert_int_equal(a->slot->breaker.state, BREAKER_HALF_OPEN);
	failure_votes_managed(&job, 0, a);
	assert_int_equal(a->slot->breaker.state, BREAKER_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_failed_another_tries),
		cmocka_unit_test(a_death_keeps_from_its_machine_while_there_is_another),
		cmocka_unit_test(nobody_is_struck_for_a_limit),
		cmocka_unit_test(strikes_are_for_what_others_managed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
