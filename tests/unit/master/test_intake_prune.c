/* SPDX-License-Identifier: GPL-2.0-or-later
 * Folders that a drop made go when they are emptied; others stay. */
#include "intake_harness.h"

static void start_pruning_after(gint64 prune_us)
{
	struct inbox *inbox = inbox_at("box", true, NULL);

	intake_check_us = 20 * 1000;
	inbox->prune_us = prune_us;
	start_with(inboxes(inbox, NULL));
}

static void await_gone(const char *relative)
{
	gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
	while (exists(relative) && g_get_monotonic_time() < deadline)
		g_usleep(2000);
	assert_false(exists(relative));
}

static void emptied_tree_goes(void **state)
{
	start_pruning_after(100 * 1000);
	make_folder("tree/a/b");
	make_folder("tree/kept/by-its-file");
	put("tree/a/b/1.jpg", "x");
	put("tree/a/2.jpg", "x");
	put("tree/kept/by-its-file/.DS_Store", "x");
	put("tree/kept/by-its-file/3.jpg", "x");
	move("tree", "box/tree");
	await(h.claims->len == 3);
	await_gone("box/tree/a");
	assert_true(exists("box/tree/kept/by-its-file/.DS_Store"));
	/* Made part by part, as cp -r does; it goes with all that holds it, but not the inbox. */
	make_folder("box/copied/x/y");
	put("box/copied/x/y/4.jpg", "x");
	await(h.claims->len == 4);
	await_gone("box/copied");
	assert_true(exists("box"));
	/* Its watches are gone, and the name may come again. */
	make_folder("box/copied/x");
	put("box/copied/x/5.jpg", "x");
	await(h.claims->len == 5);
	await_gone("box/copied");
}

static void a_drop_under_way_keeps_its_folders(void **state)
{
	start_pruning_after(G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC);
	make_folder("box/drop/a");
	put("box/drop/a/1.jpg", "x");
	await(h.claims->len == 1);
	drop_and_await("box/2.jpg");
	assert_true(exists("box/drop/a"));
}

static void folders_that_were_there_stay(void **state)
{
	make_folder("box/customer/deep");
	put("box/customer/deep/0.jpg", "x");
	start_pruning_after(100 * 1000);
	await(h.claims->len == 1);
	make_folder("box/customer/new");
	put("box/customer/new/1.jpg", "x");
	await_gone("box/customer/new");
	assert_true(exists("box/customer/deep"));
}

static void folders_that_stood_empty_stay(void **state)
{
	start_pruning_after(100 * 1000);
	make_folder("box/standing");
	make_folder("box/first");
	put("box/first/1.jpg", "x");
	await_gone("box/first"); /* a later drop: by then the other stood empty for long enough */
	put("box/standing/2.jpg", "x");
	await(claim_of("standing/2.jpg"));
	make_folder("box/last");
	put("box/last/3.jpg", "x");
	await_gone("box/last");
	assert_true(exists("box/standing"));
}

static void never(void **state)
{
	start_pruning_after(-1);
	make_folder("box/drop");
	put("box/drop/1.jpg", "x");
	await(h.claims->len == 1);
	drop_and_await("box/2.jpg");
	assert_true(exists("box/drop"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTAKE_TEST(emptied_tree_goes),
		INTAKE_TEST(a_drop_under_way_keeps_its_folders),
		INTAKE_TEST(folders_that_were_there_stay),
		INTAKE_TEST(folders_that_stood_empty_stay),
		INTAKE_TEST(never),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
