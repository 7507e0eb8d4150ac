/* SPDX-License-Identifier: GPL-2.0-or-later
 * The lease clock: late after 3 s of silence, gone after 10 s, and never because the broker was down. */
#include "../unit.h"

#include "base/clock.h"
#include "base/process.h"
#include "bus/protocol/heartbeat.h"
#include "master/fleet/lease.h"
#include "master/fleet/worker_select.h"
#include "master/fleet/worker_slot.h"
#include "workers_support.h"

#include <string.h>
#include <unistd.h>

struct seen {
	int gone, dead, changed;
	bool unread;
};

static void gone(struct worker *worker, bool dead, void *user)
{
	struct seen *seen = user;

	seen->gone++;
	seen->dead += dead;
	g_queue_clear_full(&worker->leases, g_free);
}

static void changed(struct worker *worker, void *user)
{
	(void)worker;
	((struct seen *)user)->changed++;
}

static bool unread(void *user)
{
	return ((struct seen *)user)->unread;
}

static struct workers *registry(struct seen *seen)
{
	const struct workers_events events = {gone, changed, seen, unread};

	return workers_new(&events);
}

static struct heartbeat *beat(const char *id, const char *state, const char *hash)
{
	return beat_from("another", id, state, hash);
}

static void silence_makes_late_then_gone(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);

	workers_heard(workers, beat("w", "idle", "h"));
	struct worker *worker = workers_find(workers, "w");
	workers_tick(workers, true);
	assert_int_equal(worker->state, WORKER_LIVE);
	worker->beat_us = clock_now_us() - WORKER_LATE_US - 1000;
	workers_tick(workers, true);
	assert_int_equal(worker->state, WORKER_LATE);
	assert_int_equal(seen.gone, 0);
	worker->beat_us = clock_now_us() - WORKER_GONE_US - 1000;
	workers_tick(workers, true);
	assert_int_equal(worker->state, WORKER_GONE);
	assert_int_equal(seen.gone, 1);
	assert_int_equal(seen.dead, 0);
	workers_heard(workers, beat("w", "idle", "h"));
	assert_int_equal(worker->state, WORKER_LIVE);
}

static void silence_of_the_broker_blames_nobody(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);

	workers_heard(workers, beat("w", "idle", "h"));
	struct worker *worker = workers_find(workers, "w");
	worker->beat_us = clock_now_us() - 100 * (gint64)G_USEC_PER_SEC;
	workers_tick(workers, false);
	assert_int_equal(worker->state, WORKER_LIVE);
	workers_forgive(workers);
	workers_tick(workers, true);
	assert_int_equal(worker->state, WORKER_LIVE);
}

static void the_least_busy_gets_the_next_task_and_windows_hold(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);
	struct tile tiles[20] = {{0}};
	struct job job = {.work = {.tiles = tiles, .tile_count = 20}};

	workers_heard(workers, beat("a", "idle", "h"));
	workers_heard(workers, beat("b", "idle", "h"));
	for (guint i = 0; i < 16; i++) {
		struct worker *worker = worker_select(workers, NULL, 0, 1, 0, 8, 1000);
		assert_non_null(worker);
		lease_begin(worker, &job, i, 1, PLANE_INLINE, 0);
	}
	assert_null(worker_select(workers, NULL, 0, 1, 0, 8, 1000));
	assert_int_equal(workers_find(workers, "a")->weight, 8);
	assert_int_equal(workers_find(workers, "b")->weight, 8);
	assert_true(lease_end(lease_of(workers_find(workers, "a"), &job, 0)));
	assert_null(lease_of(workers_find(workers, "a"), &job, 0));
	assert_ptr_equal(worker_select(workers, NULL, 0, 1, 0, 8, 1000), workers_find(workers, "a"));
}

static void another_libvips_is_given_nothing(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);

	workers_heard(workers, beat("a", "idle", "h"));
	workers_heard(workers, beat("b", "idle", "other"));
	for (int i = 0; i < 3; i++)
		assert_string_equal(worker_select(workers, NULL, 0, 1, 0, 8, 1000)->id, "a");
}

static void idle_heartbeats_with_tasks_out_are_counted(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);
	struct tile tile = {0};
	struct job job = {.work = {.tiles = &tile, .tile_count = 1}};

	workers_heard(workers, beat("a", "idle", "h"));
	struct worker *worker = workers_find(workers, "a");
	assert_int_equal(worker->idle.beats, 0);
	lease_begin(worker, &job, 0, 1, PLANE_INLINE, 0);
	workers_heard(workers, beat("a", "idle", "h"));
	workers_heard(workers, beat("a", "idle", "h"));
	assert_int_equal(worker->idle.beats, 2);
	workers_heard(workers, beat("a", "busy", "h"));
	assert_int_equal(worker->idle.beats, 0);
	/* It has not read all: the task may be among that. Or we have not: then its answer may be. */
	struct heartbeat *lags = beat("a", "idle", "h");
	lags->lag = 1;
	workers_heard(workers, lags);
	assert_int_equal(worker->idle.beats, 0);
	assert_int_equal(worker->idle.behind, 1);
	seen.unread = true;
	workers_heard(workers, beat("a", "idle", "h"));
	assert_int_equal(worker->idle.beats, 0);
	assert_int_equal(worker->idle.behind, 2);
}

static void a_process_of_this_machine_is_known_dead_at_once(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);
	struct heartbeat *heartbeat = beat("w", "idle", "h");

	g_free(heartbeat->machine);
	heartbeat->machine = process_machine();
	heartbeat->pid = getpid();
	workers_heard(workers, heartbeat);
	workers_child_ended(workers, getpid(), "killed by SIGKILL", NULL);
	assert_int_equal(seen.dead, 1);
	assert_string_equal(workers_find(workers, "w")->death.how, "killed by SIGKILL");
	workers_heard(workers, beat("w", "idle", "h"));
	assert_int_equal(workers_find(workers, "w")->state, WORKER_GONE);
}

/* On another machine, its successor tells. */
static void a_death_elsewhere_is_told_by_the_successor(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);
	struct heartbeat *first = beat("w", "busy", "h"), *other = beat("x", "busy", "h"),
			 *next = beat("y", "idle", "h");

	first->pid = 10;
	other->pid = 11;
	next->pid = 12;
	endings_add(next->endings, 10, "killed by SIGSEGV", "j/1/2/3");
	workers_heard(workers, first);
	workers_heard(workers, other);
	workers_heard(workers, next);
	assert_int_equal(seen.dead, 1);
	assert_string_equal(workers_find(workers, "w")->death.how, "killed by SIGSEGV");
	assert_string_equal(workers_find(workers, "w")->death.task, "j/1/2/3");
	assert_int_equal(workers_find(workers, "x")->state, WORKER_LIVE);
	/* Told every second, heard once; and of this machine another process of the same number says nothing. */
	next = beat("y", "idle", "h");
	g_free(next->machine);
	next->machine = g_strdup("a third");
	endings_add(next->endings, 10, "killed by SIGSEGV", "");
	endings_add(next->endings, 11, "killed by SIGSEGV", "");
	workers_heard(workers, next);
	assert_int_equal(seen.dead, 1);
}

static void a_stuck_or_retiring_worker_gets_nothing(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);
	struct heartbeat *on = beat("w", "busy", "h");

	g_free(on->job);
	on->job = g_strdup("j");
	on->tile = 4;
	on->attempt = 1;
	workers_heard(workers, on);
	struct worker *worker = workers_find(workers, "w");
	assert_ptr_equal(worker_select(workers, NULL, 0, 1, 0, 8, 1000), worker);
	workers_stuck(worker);
	assert_null(worker_select(workers, NULL, 0, 1, 0, 8, 1000));
	assert_true(worker->death.by_us);
	workers_heard(workers, beat("w", "idle", "h"));
	assert_ptr_equal(worker_select(workers, NULL, 0, 1, 0, 8, 1000), worker);
	assert_false(worker->death.by_us);
	struct heartbeat *old = beat("w", "idle", "h");
	old->retiring = true;
	workers_heard(workers, old);
	assert_null(worker_select(workers, NULL, 0, 1, 0, 8, 1000));
}

/* A task was taken from a worker that was only silent: what it makes of it after all goes with it, not before. */
static void assert_obstacle(struct workers *workers, const char *part)
{
	const char *why = workers_obstacle(workers, NULL);

	if (!why || !strstr(why, part))
		fail_msg("'%s' is not in '%s'", part, why ? why : "(none)");
	assert_null(worker_select(workers, NULL, 0, 1, 0, 8, 1000));
}

static void why_nobody_gets_a_task_is_told(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);

	assert_obstacle(workers, "no worker is running");
	struct heartbeat *empty = beat("w", "idle", "h");
	g_array_set_size(empty->partitions, 0);
	workers_heard(workers, empty);
	struct worker *worker = workers_find(workers, "w");
	assert_obstacle(workers, "no partition");
	struct heartbeat *old = beat("w", "idle", "h");
	old->retiring = true;
	workers_heard(workers, old);
	assert_obstacle(workers, "ending");
	workers_heard(workers, beat("w", "idle", "h"));
	assert_null(workers_obstacle(workers, NULL));
	worker->slot->breaker.state = BREAKER_OPEN;
	assert_obstacle(workers, "taken out");
	workers_heard(workers, beat("v", "idle", "other"));
	assert_obstacle(workers, "another libvips");
	workers_regroup(workers); /* those who may rule */
	assert_ptr_equal(worker_select(workers, NULL, 0, 1, 0, 8, 1000), workers_find(workers, "v"));
	worker->slot->breaker.state = BREAKER_CLOSED;
	assert_null(workers_obstacle(workers, NULL));
	workers_stuck(worker);
	workers_find(workers, "v")->state = WORKER_GONE;
	workers_regroup(workers);
	assert_obstacle(workers, "hangs");
	worker->state = WORKER_LATE;
	assert_obstacle(workers, "late");
	worker->state = WORKER_GONE;
	assert_obstacle(workers, "no worker is running");
}

static void late_temp_files_go_with_their_worker(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);
	g_autofree char *folder = g_dir_make_tmp("dropmill-XXXXXX", NULL),
			*path = g_build_filename(folder, "a.tmp", NULL);
	struct job_output output = {.temp = path};
	struct tile tile = {0};
	g_autoptr(GPtrArray) outputs = g_ptr_array_new();
	struct job job = {.plan = {.lane = LANE_WHOLE}, .work = {.tiles = &tile, .tile_count = 1}, .outputs = outputs};

	g_ptr_array_add(outputs, &output);
	workers_heard(workers, beat("w", "busy", "h"));
	worker_will_litter(lease_begin(workers_find(workers, "w"), &job, 0, 4, PLANE_SHM, 0));
	workers_heard(workers, beat("w", "stopping", "h"));
	assert_int_equal(seen.gone, 1);
	assert_true(g_file_set_contents(path, "late", -1, NULL));
	struct heartbeat *successor = beat("x", "idle", "h");
	endings_add(successor->endings, 1, "killed by SIGKILL", "");
	workers_heard(workers, successor);
	assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	assert_int_equal(rmdir(folder), 0);
}

/* The picture that was cut stays with its group; all others go to the largest one, also while Kafka hands partitions over. */
static void an_upgrade_moves_new_pictures(void **state)
{
	struct seen seen = {0};
	auto_struct(workers) workers = registry(&seen);
	struct job cut = {.plan = {.lane = LANE_TILED}};

	workers_heard(workers, beat("a", "idle", "old"));
	workers_heard(workers, beat("b", "idle", "old"));
	workers_heard(workers, beat("c", "idle", "new"));
	workers_regroup(workers);
	struct worker *a = workers_find(workers, "a"), *b = workers_find(workers, "b"), *c = workers_find(workers, "c");
	assert_true(worker_groups_mixed(workers_groups(workers)));
	assert_true(a->group->rules && !c->group->rules && a->group == b->group);
	/* All old ones have no partition for a while: they rule on, and nobody gets anything. */
	struct heartbeat *empty[] = {beat("a", "idle", "old"), beat("b", "idle", "old")};
	for (guint i = 0; i < G_N_ELEMENTS(empty); i++) {
		g_array_set_size(empty[i]->partitions, 0);
		workers_heard(workers, empty[i]);
	}
	workers_regroup(workers);
	assert_true(a->group->rules);
	assert_null(worker_select(workers, NULL, 0, 1, 0, 8, 1000));
	workers_heard(workers, beat("b", "idle", "old"));
	/* One is stopped, and another comes: the new ones rule, and the picture that was cut is b's. */
	workers_heard(workers, beat("a", "stopping", "old"));
	workers_heard(workers, beat("d", "idle", "new"));
	workers_regroup(workers);
	assert_true(c->group->rules && !b->group->rules);
	cut.plan.group = g_ref_string_acquire(b->group->key);
	assert_ptr_not_equal(worker_select(workers, NULL, 0, 1, 0, 8, 1000), b);
	assert_ptr_equal(worker_select(workers, &cut, 0, 1, 0, 8, 1000), b);
	assert_null(workers_obstacle(workers, &cut));
	assert_false(worker_groups_lost(workers_groups(workers), cut.plan.group));
	/* It is there, and gets nothing: not for ever. */
	workers_stuck(b);
	workers_regroup(workers);
	assert_false(worker_groups_lost(workers_groups(workers), cut.plan.group));
	b->group->usable_us -= 61 * (gint64)G_USEC_PER_SEC;
	workers_regroup(workers);
	assert_true(worker_groups_lost(workers_groups(workers), cut.plan.group));
	assert_false(worker_groups_may_cut(workers_groups(workers), cut.plan.group));
	g_clear_pointer(&b->stuck.job, g_free);
	workers_regroup(workers);
	assert_false(worker_groups_lost(workers_groups(workers), cut.plan.group));
	workers_heard(workers, beat("b", "stopping", "old"));
	workers_regroup(workers);
	assert_true(worker_groups_lost(workers_groups(workers), cut.plan.group));
	assert_false(worker_groups_mixed(workers_groups(workers)));
	assert_non_null(workers_obstacle(workers, &cut));
	g_ref_string_release(cut.plan.group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_makes_late_then_gone),
		cmocka_unit_test(silence_of_the_broker_blames_nobody),
		cmocka_unit_test(the_least_busy_gets_the_next_task_and_windows_hold),
		cmocka_unit_test(another_libvips_is_given_nothing),
		cmocka_unit_test(why_nobody_gets_a_task_is_told),
		cmocka_unit_test(an_upgrade_moves_new_pictures),
		cmocka_unit_test(idle_heartbeats_with_tasks_out_are_counted),
		cmocka_unit_test(a_death_elsewhere_is_told_by_the_successor),
		cmocka_unit_test(late_temp_files_go_with_their_worker),
		cmocka_unit_test(a_stuck_or_retiring_worker_gets_nothing),
		cmocka_unit_test(a_process_of_this_machine_is_known_dead_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
