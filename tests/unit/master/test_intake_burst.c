/* SPDX-License-Identifier: GPL-2.0-or-later
 * More files at once than an inbox may have in hand: bounded claims, bounded memory, each taken once, and in what order. */
#include "intake_harness.h"

#include "base/counters.h"

/* So many fit into the table with a queue this short: see intake_room.c. */
enum { QUEUE = 8, NOTED = 64 };

static void drop_many(const char *folder, guint count)
{
	for (guint i = 0; i < count; i++) {
		g_autofree char *name = g_strdup_printf("%s/%04u.jpg", folder, i);
		put("staged", name);
		move("staged", name);
	}
}

/* The oldest claim that is in hand ends; without the archive's fsync, of which there would be hundreds. */
static void finish_one(void)
{
	g_mutex_lock(&h.lock);
	struct claim *claim = g_ptr_array_steal_index(h.claims, 0);
	g_mutex_unlock(&h.lock);
	assert_int_equal(unlink(claim->path), 0);
	claim_free(claim);
}

static guint files_in(const char *relative)
{
	g_autofree char *path = at(relative);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	guint count = 0;

	for (const char *name; folder && (name = g_dir_read_name(folder));) {
		g_autofree char *below = g_build_filename(relative, name, NULL);
		g_autofree char *full = at(below);
		count += g_file_test(full, G_FILE_TEST_IS_DIR) ? files_in(below) : 1;
	}
	return count;
}

/* Lets all of them through and never sees more than the bound. Returns how often a folder was read. */
static guint64 through(guint count)
{
	guint64 folders = counter_value(COUNTER_FOLDERS);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint done = 0; done < count; done++) {
		await(h.claims->len > 0);
		assert_true(g_hash_table_add(seen, g_strdup(((struct claim *)h.claims->pdata[0])->relative)));
		assert_true(files_in("box/.dropmill") <= h.queue);
		finish_one();
	}
	await(h.more == 0);
	assert_int_equal(h.claims->len, 0);
	return counter_value(COUNTER_FOLDERS) - folders;
}

static void no_more_than_the_queue(void **state)
{
	enum { FILES = 200 };
	h.queue = QUEUE;
	start("box");
	drop_many("box", FILES);
	await(h.more == FILES - QUEUE);
	assert_non_null(strstr(h.more_why, "192 files wait for their turn"));
	assert_int_equal(h.claims->len, QUEUE);
	assert_int_equal(g_hash_table_size(h.waiting), 0);
	/* Some walks and counts, far from one for each file. */
	assert_in_range(through(FILES), 1, FILES / 10);
}

static void in_folders_within_folders(void **state)
{
	enum { FILES = 50 };
	h.queue = QUEUE;
	make_folder("shoot/day 1/raw");
	make_folder("shoot/day 2");
	drop_many("shoot", FILES);
	drop_many("shoot/day 1/raw", FILES);
	drop_many("shoot/day 2", FILES);
	start("box");
	move("shoot", "box/shoot");
	await(h.more == 3 * FILES - QUEUE);
	through(3 * FILES);
	/* The folders that the walk came to late are watched as well. */
	drop_and_await("box/shoot/day 1/raw/later.jpg");
}

static void there_at_start(void **state)
{
	enum { FILES = 60 };
	h.queue = QUEUE;
	make_folder("box/sub");
	drop_many("box", FILES);
	drop_many("box/sub", FILES);
	start("box");
	await(h.more == 2 * FILES - QUEUE);
	through(2 * FILES);
}

/* What comes later does not overtake; of what is found together the oldest is taken first. */
static void first_come_first_served(void **state)
{
	enum { FILES = 40 };
	h.queue = 8;
	make_folder("box");
	drop_many("box", FILES);
	start("box");
	for (guint i = 0; i < FILES; i++) {
		g_autofree char *expected = g_strdup_printf("%04u.jpg", i);
		await(h.claims->len > 0);
		assert_string_equal(((struct claim *)h.claims->pdata[0])->relative, expected);
		finish_one();
	}
}

static void another_inbox_is_not_held_up(void **state)
{
	enum { FILES = 100 };
	h.queue = QUEUE;
	start_with(inboxes(inbox_at("box", true, NULL), inbox_at("urgent", true, NULL)));
	drop_many("box", FILES);
	await(h.claims->len == QUEUE);
	put("staged", "x");
	move("staged", "urgent/now.jpg");
	await(claim_of("now.jpg"));
	assert_int_equal(h.claims->len, QUEUE + 1);
	assert_true(exists("box/.dropmill"));
	assert_int_equal(files_in("box/.dropmill"), QUEUE);
}

/* Names that nobody takes must not fill the table and keep out those that can be taken. */
static void refused_files_are_in_nobodys_way(void **state)
{
	enum { FILES = 3 * NOTED };
	char *accept[] = {"*.jpg", NULL};
	guint usual = intake_parked_most;
	intake_parked_most = 5;
	h.queue = QUEUE;
	make_folder("box");
	for (guint i = 0; i < FILES; i++) {
		g_autofree char *name = g_strdup_printf("box/%u.txt", i);
		put(name, "x");
	}
	put("box/picture.jpg", "x");
	start_with(inboxes(inbox_at("box", true, accept), NULL));
	await(claim_of("picture.jpg"));
	await(h.more == FILES - 5);
	assert_int_equal(g_hash_table_size(h.waiting), 5);
	assert_non_null(strstr(h.more_why, "187 more files wait, for reasons such as others"));
	intake_parked_most = usual;
}

static void claims_of_an_earlier_run_come_first(void **state)
{
	enum { FILES = 3 * QUEUE };
	h.queue = FILES;
	start("box");
	drop_many("box", FILES);
	await(h.claims->len == FILES);
	stop_intake();
	g_ptr_array_set_size(h.claims, 0);
	drop_many("box", 5);
	/* As many as the queue was then, more than it is now. */
	h.queue = QUEUE;
	start("box");
	for (guint i = 0; i < FILES; i++) {
		await(h.claims->len > 0);
		assert_true(h.claims->len <= QUEUE);
		assert_true(((struct claim *)h.claims->pdata[0])->recovered);
		finish_one();
	}
	await(h.claims->len == 5);
	assert_false(((struct claim *)h.claims->pdata[0])->recovered);
}

/* A claim whose original somebody removed is freed without an end: it makes room as well. */
static void a_claim_that_is_let_go_makes_room(void **state)
{
	h.queue = 1;
	start("box");
	drop_many("box", 2);
	await(h.claims->len == 1);
	g_mutex_lock(&h.lock);
	unlink(((struct claim *)h.claims->pdata[0])->path);
	g_ptr_array_set_size(h.claims, 0);
	g_mutex_unlock(&h.lock);
	await(claim_of("0001.jpg"));
}

static void a_longer_queue_is_used_at_once(void **state)
{
	h.queue = 2;
	start("box");
	drop_many("box", 10);
	await(h.more == 8);
	intake_set_queue(h.intake, 7);
	await(h.claims->len == 7);
	await(h.more == 3);
}

static void a_backlog_that_goes_away(void **state)
{
	g_autofree char *folder = at("box/shoot");
	h.queue = QUEUE;
	intake_reconcile_us = 100 * 1000;
	make_folder("shoot");
	drop_many("shoot", 3 * NOTED);
	start("box");
	move("shoot", "box/shoot");
	await(h.claims->len == QUEUE && h.more == 3 * NOTED - QUEUE);
	files_remove_tree(folder);
	while (h.claims->len)
		finish_one();
	await(h.more == 0);
	intake_reconcile_us = 60 * G_USEC_PER_SEC;
	drop_and_await("box/after.jpg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTAKE_TEST(no_more_than_the_queue),
		INTAKE_TEST(in_folders_within_folders),
		INTAKE_TEST(there_at_start),
		INTAKE_TEST(first_come_first_served),
		INTAKE_TEST(another_inbox_is_not_held_up),
		INTAKE_TEST(refused_files_are_in_nobodys_way),
		INTAKE_TEST(claims_of_an_earlier_run_come_first),
		INTAKE_TEST(a_claim_that_is_let_go_makes_room),
		INTAKE_TEST(a_longer_queue_is_used_at_once),
		INTAKE_TEST(a_backlog_that_goes_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
