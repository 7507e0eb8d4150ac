/* SPDX-License-Identifier: GPL-2.0-or-later
 * Originals that stay in their inbox: each is milled once, whatever becomes of disks and numbers, and no new picture is taken for one. */
#include "intake_harness.h"
#include "ledger/ledger.h"

#include <sqlite3.h>

#define NAMES 6

static char *database(void)
{
	return at("history.db");
}

static void on_decided(const char *path, void *user)
{
	(void)user;
	g_mutex_lock(&h.lock);
	if (h.intake)
		intake_look_again(h.intake, path);
	g_mutex_unlock(&h.lock);
}

static struct history *history;

static void open_mill(void)
{
	g_autofree char *path = database();
	history = history_open(path, NULL);
	assert_non_null(history);
	h.kept = kept_new(history, on_decided, NULL, NULL);
	assert_non_null(h.kept);
	start("box");
}

static void close_mill(void)
{
	stop_intake();
	g_clear_pointer(&h.kept, kept_free);
	g_clear_pointer(&history, history_close);
}

static int set_up(void **state)
{
	intake_reconcile_us = 50 * 1000;
	harness_start(state);
	open_mill();
	return 0;
}

static int tear_down(void **state)
{
	g_mutex_lock(&h.lock);
	h.hold = false;
	g_cond_broadcast(&h.changed);
	g_mutex_unlock(&h.lock);
	close_mill();
	return harness_stop(state);
}

/* As the commit does it. */
static void finish(const char *relative)
{
	g_autoptr(GError) error = NULL;
	guint index;

	await(claim_of(relative));
	g_mutex_lock(&h.lock);
	assert_true(g_ptr_array_find(h.claims, claim_of(relative), &index));
	struct claim *claim = g_ptr_array_steal_index(h.claims, index);
	g_mutex_unlock(&h.lock);
	if (!kept_return(h.kept, claim, &error))
		fail_msg("%s", error->message);
	claim_free(claim);
}

static void drop(const char *relative, const char *text)
{
	g_autofree char *path = g_build_filename("box", relative, NULL);

	put(path, text);
	finish(relative);
}

/* The inbox is looked through again and again, contents are compared, and nothing is taken. */
static void nothing_comes(void)
{
	g_mutex_lock(&h.lock);
	guint walks = h.walks;
	g_mutex_unlock(&h.lock);
	await(h.walks > walks + 2 && g_hash_table_size(h.waiting) == 0);
	g_mutex_lock(&h.lock);
	guint claims = h.claims->len;
	g_mutex_unlock(&h.lock);
	assert_int_equal(claims, 0);
}

static guint64 count(void)
{
	return kept_count(h.kept, "box");
}

/* cp -p: content and times as those of the source, at whatever inode. */
static void copy(const char *from, const char *to, const char *how)
{
	g_autofree char *source = at(from), *target = at(to);
	char *argv[] = {"cp", (char *)how, source, target, NULL};
	int status;

	assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
	assert_int_equal(status, 0);
}

static void set_times(const char *relative, const char *like)
{
	g_autofree char *path = at(relative), *model = at(like);
	struct stat status;

	assert_int_equal(stat(model, &status), 0);
	const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, status.st_mtim};
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void remove_file(const char *relative)
{
	g_autofree char *path = at(relative);

	assert_int_equal(unlink(path), 0);
}

static void count_hash(const struct history_original *original, void *user)
{
	*(guint *)user += original->hash != NULL;
}

/* The thread that reads contents has done what it was told. */
static void await_hashes(guint number)
{
	g_autofree char *path = database();
	auto_struct(history) other = history_open(path, NULL);
	gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
	guint known = 0;

	while (known < number && g_get_monotonic_time() < deadline) {
		known = 0;
		history_kept(other, count_hash, &known);
		g_usleep(2000);
	}
	assert_int_equal(known, number);
}

static void each_is_milled_once_also_after_a_restart(void **state)
{
	make_folder("box/sub");
	drop("a.jpg", "first");
	drop("sub/b.jpg", "second");
	nothing_comes();
	await_hashes(2);
	close_mill();
	open_mill();
	nothing_comes();
	assert_int_equal(count(), 2);
}

static void deleted_and_dropped_again_is_a_new_drop(void **state)
{
	put("original", "picture");
	copy("original", "box/d.jpg", "-p");
	finish("d.jpg");
	nothing_comes();
	/* At once: when the event is read, a file of the name is there again. */
	copy("original", "again", "-p");
	remove_file("box/d.jpg");
	move("again", "box/d.jpg");
	finish("d.jpg");
	nothing_comes();
	/* ... and when another look finds it gone, without an event. */
	close_mill();
	remove_file("box/d.jpg");
	open_mill();
	nothing_comes();
	assert_int_equal(count(), 0);
	copy("original", "box/d.jpg", "-p");
	finish("d.jpg");
}

/* Numbers of devices and inodes, size and time may be those of another picture. */
static void another_picture_is_a_new_one_whatever_its_numbers(void **state)
{
	g_autofree char *path = at("box/f.jpg");
	struct stat before, after;

	drop("f.jpg", "one picture");
	copy("box/f.jpg", "times", "-p");
	await_hashes(1);
	nothing_comes();
	/* In the very file: the same inode for certain. */
	assert_int_equal(stat(path, &before), 0);
	FILE *file = fopen(path, "r+e");
	bool written = file && fputs("two", file) >= 0 && fclose(file) == 0;
	assert_true(written);
	set_times("box/f.jpg", "times");
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size &&
		    before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	finish("f.jpg");
	await_hashes(1);
	/* Another name. */
	copy("times", "box/g.jpg", "-p");
	finish("g.jpg");
	await_hashes(2);
	/* While the mill is away. */
	close_mill();
	put("box/f.jpg", "six picture");
	set_times("box/f.jpg", "times");
	open_mill();
	finish("f.jpg");
	nothing_comes();
}

static void another_name_is_another_picture(void **state)
{
	g_autofree char *from = at("box/a.jpg"), *to = at("box/link.jpg");

	drop("a.jpg", "a");
	drop("c.jpg", "c");
	nothing_comes();
	move("box/c.jpg", "box/paris.jpg");
	finish("paris.jpg");
	nothing_comes();
	assert_int_equal(count(), 2);
	await_hashes(2);
	assert_int_equal(link(from, to), 0);
	finish("link.jpg");
	nothing_comes();
	assert_int_equal(count(), 3);
}

static void what_was_only_touched_is_the_same_and_what_was_written_is_not(void **state)
{
	g_autofree char *path = at("box/a.jpg");

	drop("a.jpg", "a");
	await_hashes(1);
	assert_int_equal(utimensat(AT_FDCWD, path, NULL, 0), 0);
	nothing_comes();
	assert_int_equal(chmod(path, 0600), 0);
	nothing_comes();
	assert_int_equal(count(), 1);
	put("box/a.jpg", "b");
	finish("a.jpg");
	nothing_comes();
	put("box/a.jpg", "longer");
	finish("a.jpg");
	nothing_comes();
}

/* A larger disk, a restored backup: other devices, inodes and ctimes. */
static void a_copy_of_the_whole_inbox_is_known(void **state)
{
	for (int i = 0; i < NAMES; i++) {
		g_autofree char *name = g_strdup_printf("%d.jpg", i), *text = g_strdup_printf("picture %d", i);
		drop(name, text);
	}
	await_hashes(NAMES);
	close_mill();
	copy("box", "larger", "-a");
	move("box", "old");
	move("larger", "box");
	put("box/new.jpg", "new");
	open_mill();
	finish("new.jpg");
	nothing_comes();
	assert_int_equal(count(), NAMES + 1);
}

/* An empty mount point is no inbox from which somebody took everything. */
static void a_share_that_is_away_for_a_while_changes_nothing(void **state)
{
	drop("a.jpg", "a");
	drop("b.jpg", "b");
	nothing_comes();
	move("box", "away");
	make_folder("box");
	nothing_comes();
	assert_int_equal(count(), 2);
	g_autofree char *empty = at("box");
	assert_int_equal(rmdir(empty), 0);
	move("away", "box");
	nothing_comes();
	assert_int_equal(count(), 2);
	remove_file("box/a.jpg");
	nothing_comes();
	assert_int_equal(count(), 1);
}

static void one_whose_name_was_taken_meanwhile_is_known_by_the_one_it_gets(void **state)
{
	put("box/a.jpg", "first");
	await(claim_of("a.jpg"));
	put("box/a.jpg", "second");
	await(h.claims->len == 2);
	g_mutex_lock(&h.lock);
	struct claim *first = g_ptr_array_steal_index(h.claims, 0), *second = g_ptr_array_steal_index(h.claims, 0);
	g_mutex_unlock(&h.lock);
	assert_true(kept_return(h.kept, second, NULL));
	assert_true(kept_return(h.kept, first, NULL));
	assert_content("box/a.jpg", "second");
	assert_content("box/a-1.jpg", "first");
	claim_free(first);
	claim_free(second);
	nothing_comes();
	assert_int_equal(count(), 2);
}

/* A mill that knew them by device and inode was replaced by this one. */
static void originals_of_an_older_version_are_known(void **state)
{
	g_autofree char *path = database(), *file = at("box/a.jpg");
	struct stat status;
	sqlite3 *db;

	close_mill();
	put("box/a.jpg", "a");
	assert_int_equal(stat(file, &status), 0);
	g_autofree char *sql = g_strdup_printf("INSERT INTO kept VALUES ('box/%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT
					       "/1/%" G_GINT64_FORMAT "')",
		(guint64)status.st_dev, (guint64)status.st_ino, stamp_ns(&status.st_mtim));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	for (int i = 0; i < 2; i++) {
		open_mill();
		nothing_comes();
		assert_int_equal(count(), 1);
		await_hashes(1);
		close_mill();
	}
	/* The old key is gone: it would hide a picture that gets the inode. */
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_stmt *statement;
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM kept", -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(statement, 0), 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	open_mill();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_is_milled_once_also_after_a_restart),
		TEST(deleted_and_dropped_again_is_a_new_drop),
		TEST(another_picture_is_a_new_one_whatever_its_numbers),
		TEST(another_name_is_another_picture),
		TEST(what_was_only_touched_is_the_same_and_what_was_written_is_not),
		TEST(a_copy_of_the_whole_inbox_is_known),
		TEST(a_share_that_is_away_for_a_while_changes_nothing),
		TEST(one_whose_name_was_taken_meanwhile_is_known_by_the_one_it_gets),
		TEST(originals_of_an_older_version_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
