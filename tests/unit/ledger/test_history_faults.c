/* SPDX-License-Identifier: GPL-2.0-or-later
 * A database that is broken, locked, removed, at the start and while it is used: what can be read of it is there afterwards, and it
 * is always known what is not. */
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "history_support.h"
#include "ledger/ledger.h"
#include "ledger_support.h"

enum { ROWS = 3000, NOBODY = 65534 };

static bool add_job(struct history *history, const char *id, const char *state, GError **error)
{
	const struct history_job job = {.id = id,
		.pipeline = "web",
		.source = "a.png",
		.state = state,
		.lane = "whole",
		.finished_wall_us = 1,
		.outputs = "[]"};
	return history_add(history, &job, error);
}

static char *out_path(int number)
{
	return g_strdup_printf("/out/web/%05d.jpg", number);
}

static void fill(struct history *history)
{
	for (int i = 0; i < ROWS; i++) {
		g_autofree char *path = out_path(i);
		assert_true(history_own(history, path, "web/a.png", path, "j", &A_STAMP, NULL));
	}
	assert_int_equal(history_number(history, "web", "a.png", NULL), 1);
	assert_true(add_job(history, "j", "done", NULL));
}

static int known(struct history *history)
{
	int count = 0;

	for (int i = 0; i < ROWS; i++) {
		g_autofree char *path = out_path(i), *owner = owner_of(history, path);
		assert_true(!owner || strcmp(owner, "web/a.png") == 0);
		count += owner != NULL;
	}
	return count;
}

static int set_aside(void)
{
	g_autoptr(GDir) folder = g_dir_open(here.folder, 0, NULL);
	const char *name;
	int count = 0;

	while ((name = g_dir_read_name(folder)))
		count +=
			strstr(name, ".damaged-") && !g_str_has_suffix(name, "-wal") && !g_str_has_suffix(name, "-shm");
	return count;
}

static bool usable(struct history *history)
{
	g_autofree char *owner = NULL;

	return history_own(history, "/out/new.jpg", "web/new.png", "/out/new.jpg", "k", &A_STAMP, NULL) &&
	       (owner = owner_of(history, "/out/new.jpg"));
}

static void overwrite(const char *path, gint64 at, gsize length)
{
	g_autofree char *garbage = g_malloc(length);
	int descriptor = open(path, O_WRONLY | O_CLOEXEC);

	memset(garbage, 0xa5, length);
	assert_true(descriptor >= 0);
	assert_int_equal(pwrite(descriptor, garbage, length, at), length);
	close(descriptor);
}

static gint64 size_of(const char *path)
{
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	return status.st_size;
}

static void filled(void)
{
	struct history *history = opened();

	fill(history);
	history_close(history);
}

static void a_garbled_header_loses_all_and_stops_nothing(void **state)
{
	filled();
	overwrite(here.path, 0, 100);
	auto_struct(history) history = opened();
	assert_int_equal(set_aside(), 1);
	assert_int_equal(known(history), 0);
	assert_true(usable(history));
}

/* A root page in the middle: what lies beyond it is lost, the other tables are not. */
static void pages_lost_in_the_middle_lose_what_was_on_them(void **state)
{
	filled();
	gint64 size = size_of(here.path);
	overwrite(here.path, size / 2 / 4096 * 4096, 3 * 4096);
	auto_struct(history) history = opened();
	assert_int_equal(set_aside(), 1);
	int left = known(history);
	assert_in_range(left, ROWS / 4, ROWS - 1);
	assert_int_equal(history_number(history, "web", "a.png", NULL), 1);
	assert_int_equal(history_number(history, "web", "b.png", NULL), 2);
	assert_int_equal(history_count(history, "done"), 1);
	assert_true(usable(history));
}

static void a_truncated_file_is_set_aside(void **state)
{
	filled();
	assert_int_equal(truncate(here.path, size_of(here.path) / 3 + 17), 0);
	auto_struct(history) history = opened();
	assert_int_equal(set_aside(), 1);
	assert_true(usable(history));
}

/* As a crash leaves it: SQLite takes what its checksums vouch for. */
static void a_garbled_wal_costs_its_lines_alone(void **state)
{
	g_autofree char *copy = g_build_filename(here.folder, "copy.db", NULL);
	g_autofree char *wal = g_strconcat(here.path, "-wal", NULL), *copied = g_strconcat(copy, "-wal", NULL);
	g_autofree char *text = NULL;
	gsize length;

	filled();
	struct history *history = opened();
	assert_true(history_own(history, "/out/late.jpg", "web/late.png", "/out/late.jpg", "k", &A_STAMP, NULL));
	assert_true(g_file_get_contents(here.path, &text, &length, NULL));
	assert_true(g_file_set_contents(copy, text, (gssize)length, NULL));
	assert_true(size_of(wal) > 0);
	assert_true(g_file_set_contents(copied, "garbage, and not a little of it, instead of frames", -1, NULL));
	history_close(history);
	assert_int_equal(rename(copy, here.path), 0);
	assert_int_equal(rename(copied, wal), 0);
	history = opened();
	assert_int_equal(known(history), ROWS);
	assert_true(usable(history));
	history_close(history);
}

static void a_folder_in_its_place_is_set_aside(void **state)
{
	g_autofree char *inside = g_build_filename(here.path, "somebody's", NULL);

	assert_int_equal(g_mkdir_with_parents(inside, 0777), 0);
	auto_struct(history) history = opened();
	assert_int_equal(set_aside(), 1);
	assert_true(usable(history));
}

static void one_that_cannot_be_written_is_copied(void **state)
{
	filled();
	assert_int_equal(chmod(here.path, 0444), 0);
	bool root = geteuid() == 0; /* who writes to everything */
	if (root)
		assert_true(chown(here.folder, NOBODY, NOBODY) == 0 && chown(here.path, NOBODY, NOBODY) == 0 &&
			    seteuid(NOBODY) == 0);
	struct history *history = opened();
	int left = known(history), aside = set_aside();
	bool good = usable(history);
	history_close(history);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(left, ROWS);
	assert_int_equal(aside, 1);
	assert_true(good);
}

static void another_programs_database_is_set_aside(void **state)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(here.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE job (title TEXT); PRAGMA user_version = 1", NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	auto_struct(history) history = opened();
	assert_int_equal(set_aside(), 1);
	assert_true(usable(history));
}

/* Regression: a database that another program had locked was set aside as damaged. */
static void a_locked_one_is_waited_for(void **state)
{
	g_autoptr(GError) error = NULL;
	sqlite3 *db;

	filled();
	assert_int_equal(sqlite3_open(here.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM kept", NULL,
				 NULL, NULL),
		SQLITE_OK);
	assert_null(history_open(here.path, &error));
	assert_int_equal(error->code, ERROR_RETRY);
	assert_true(g_str_has_suffix(error->message, HISTORY_LOCKED));
	assert_int_equal(set_aside(), 0);
	sqlite3_close(db);
	auto_struct(history) history = opened();
	assert_int_equal(known(history), ROWS);
}

/* What is open stays whole under the hands of who has it locked. */
static void a_locked_one_can_be_left_to_who_has_it(void **state)
{
	sqlite3 *db;

	filled();
	assert_int_equal(sqlite3_open(here.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; DELETE FROM kept", NULL,
				 NULL, NULL),
		SQLITE_OK);
	auto_struct(history) history = history_open_anew(here.path, "it stays locked", NULL);
	assert_non_null(history);
	assert_true(usable(history));
	assert_int_equal(sqlite3_exec(db, "COMMIT; PRAGMA integrity_check", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_true(usable(history));
}

/* Both connections go on with the new file, and nothing is lost by it. */
static void removed_while_it_is_used(void **state)
{
	g_autofree char *wal = g_strconcat(here.path, "-wal", NULL);
	auto_struct(history) history = opened();
	auto_struct(history) other = history_open_again(history, NULL);

	fill(history);
	assert_int_equal(unlink(here.path), 0);
	unlink(wal);
	assert_true(usable(other));
	assert_int_equal(known(history), ROWS);
	assert_int_equal(known(other), ROWS);
	assert_true(history_own(history, "/out/x.jpg", "web/x.png", "/out/x.jpg", "k", &A_STAMP, NULL));
	g_clear_pointer(&other, history_close);
	g_clear_pointer(&history, history_close);
	history = opened();
	assert_int_equal(known(history), ROWS);
	assert_int_equal(set_aside(), 0);
}

static void damaged_while_it_is_used(void **state)
{
	auto_struct(history) history = opened();
	auto_struct(history) other = NULL;
	g_autoptr(GError) error = NULL;

	fill(history);
	g_clear_pointer(&history, history_close); /* into the file itself, and no page of it in a cache */
	history = opened();
	other = history_open_again(history, NULL);
	overwrite(here.path, 4096, (gsize)size_of(here.path) - 4096);
	/* The first that meets the fault is told so, as of something that may pass. */
	for (int i = 0; i < 5 && !error; i++)
		history_own(other, "/out/y.jpg", "web/y.png", "/out/y.jpg", "k", &A_STAMP, &error);
	assert_non_null(error);
	assert_int_equal(error->code, ERROR_RETRY);
	assert_true(usable(other));
	assert_int_equal(set_aside(), 1);
	assert_true(usable(history));
	assert_int_equal(history_number(history, "web", "z.png", NULL), history_number(other, "web", "z.png", NULL));
}

static void a_full_disk_is_named_and_passes(void **state)
{
	g_autofree char *room = g_build_filename(here.folder, "small", NULL);
	g_autofree char *ballast = g_build_filename(room, "ballast", NULL);
	g_autoptr(GError) error = NULL;

	assert_int_equal(g_mkdir(room, 0777), 0);
	if (mount("tmpfs", room, "tmpfs", 0, "size=512k") != 0) {
		print_message("skipped: a file system of our own needs root\n");
		skip();
	}
	g_free(here.path);
	here.path = g_build_filename(room, "history.db", NULL);
	struct history *history = opened();
	int descriptor = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	char block[4096] = {0};
	while (write(descriptor, block, sizeof block) > 0)
		;
	for (int i = 0; i < ROWS && !error; i++) {
		g_autofree char *path = out_path(i);
		history_own(history, path, "web/a.png", path, "j", &A_STAMP, &error);
	}
	bool told = error && error->code == ERROR_RETRY && strstr(error->message, "No space left on device");
	if (error)
		print_message("%s\n", error->message);
	int aside = set_aside();
	close(descriptor);
	unlink(ballast);
	bool again = usable(history);
	history_close(history);
	umount2(room, MNT_DETACH);
	assert_true(told);
	assert_int_equal(aside, 0);
	assert_true(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_garbled_header_loses_all_and_stops_nothing),
		TEST(pages_lost_in_the_middle_lose_what_was_on_them),
		TEST(a_truncated_file_is_set_aside),
		TEST(a_garbled_wal_costs_its_lines_alone),
		TEST(a_folder_in_its_place_is_set_aside),
		TEST(one_that_cannot_be_written_is_copied),
		TEST(another_programs_database_is_set_aside),
		TEST(a_locked_one_is_waited_for),
		TEST(a_locked_one_can_be_left_to_who_has_it),
		TEST(removed_while_it_is_used),
		TEST(damaged_while_it_is_used),
		TEST(a_full_disk_is_named_and_passes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
