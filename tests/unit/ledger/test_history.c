/* SPDX-License-Identifier: GPL-2.0-or-later
 * The ledger: owners of outputs, running numbers, an older database. */
#include "../unit.h"

#include "ledger/history.h"
#include "ledger/ledger.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "base/disk/files.h"
#include "ledger_support.h"

struct place {
	char *folder, *path;
};

static int set_up(void **state)
{
	struct place *place = g_new0(struct place, 1);

	place->folder = g_dir_make_tmp("dropmill-history-XXXXXX", NULL);
	place->path = g_build_filename(place->folder, "history.db", NULL);
	*state = place;
	return place->folder ? 0 : -1;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	files_remove_tree(place->folder);
	g_free(place->folder);
	g_free(place->path);
	g_free(place);
	return 0;
}

static struct history *open_at(void **state)
{
	const struct place *place = *state;
	g_autoptr(GError) error = NULL;
	struct history *history = history_open(place->path, &error);

	assert_null(error);
	assert_non_null(history);
	return history;
}

static mode_t mode_of(const char *path, const char *ending)
{
	g_autofree char *part = g_strconcat(path, ending, NULL);
	struct stat status;

	assert_int_equal(stat(part, &status), 0);
	return status.st_mode & 0777;
}

static void is_its_users_alone(void **state)
{
	const struct place *place = *state;
	static const char *const endings[] = {"", "-wal", "-shm"};
	mode_t before = umask(0);

	for (int again = 0; again < 2; again++) {
		auto_struct(history) history = open_at(state);
		for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
			g_autofree char *part = g_strconcat(place->path, endings[i], NULL);
			assert_int_equal(mode_of(place->path, endings[i]), 0600);
			/* As an earlier version left them. The first connection has them open. */
			assert_int_equal(chmod(part, 0644), 0);
		}
		auto_struct(history) second = history_open_again(history, NULL);
		assert_non_null(second);
		for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
			assert_int_equal(mode_of(place->path, endings[i]), 0600);
		assert_int_equal(chmod(place->path, 0666), 0);
	}
	umask(before);
}

static void a_path_has_one_owner_the_last(void **state)
{
	auto_struct(history) history = open_at(state);
	const struct stamp newer = {2000, 5};
	struct history_output output;

	assert_true(history_owner(history, "/out/a.jpg", &output, NULL));
	assert_null(output.owner);
	assert_true(history_own(history, "/out/a.jpg", "web/a.png", "/out/a.jpg", "j1", &A_STAMP, NULL));
	assert_true(history_own(history, "/out/a.jpg", "web/a.tif", "/out/a.jpg", "j2", &newer, NULL));
	assert_true(history_owner(history, "/out/a.jpg", &output, NULL));
	assert_string_equal(output.owner, "web/a.tif");
	assert_string_equal(output.job, "j2");
	assert_true(stamp_equal(&output.stamp, &newer));
	/* Until the newer has its name, the one before lies there. */
	assert_true(stamp_equal(&output.before, &A_STAMP));
	history_output_clear(&output);
	/* Once more, after a crash. */
	assert_true(history_own(history, "/out/a.jpg", "web/a.tif", "/out/a.jpg", "j2", &newer, NULL));
	assert_true(history_owner(history, "/out/a.jpg", &output, NULL));
	assert_true(stamp_equal(&output.before, &A_STAMP));
	history_output_clear(&output);
	history_disown(history, "/out/a.jpg");
	assert_null(owner_of(history, "/out/a.jpg"));
}

static void places_of_an_original_come_shortest_first(void **state)
{
	auto_struct(history) history = open_at(state);
	static const char *const paths[] = {"/out/a-10.jpg", "/out/a-2.jpg", "/out/a.jpg"};

	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
		assert_true(history_own(history, paths[i], "web/a.png", "/out/a.jpg", "j", &A_STAMP, NULL));
	assert_true(history_own(history, "/out/b.jpg", "web/a.png", "/out/b.jpg", "j", &A_STAMP, NULL));
	g_autoptr(GPtrArray) places = history_places(history, "web/a.png", "/out/a.jpg", NULL);
	assert_int_equal(places->len, 3);
	for (guint i = 0; i < 3; i++)
		assert_string_equal(places->pdata[i], paths[2 - i]);
}

static void numbers_run_from_one_and_stay(void **state)
{
	auto_struct(history) history = open_at(state);
	auto_struct(history) other = history_open_again(history, NULL);

	assert_int_equal(history_number(history, "web", "a", NULL), 1);
	assert_int_equal(history_number(other, "web", "b", NULL), 2);
	assert_int_equal(history_number(history, "web", "a", NULL), 1);
	assert_int_equal(history_number(history, "print", "b", NULL), 1);
	history_close(g_steal_pointer(&history));
	history = open_at(state);
	assert_int_equal(history_number(history, "web", "b", NULL), 2);
	assert_int_equal(history_number(history, "web", "\xff", NULL), 3);
}

static void a_database_of_version_1_is_kept(void **state)
{
	const struct place *place = *state;
	sqlite3 *db;
	struct history_output output;

	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			"CREATE TABLE job (id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT "
			"NULL, lane TEXT NOT NULL, error TEXT, width INTEGER, height INTEGER, tiles INTEGER, attempts INTEGER,"
			" queued INTEGER, started INTEGER, finished INTEGER, outputs TEXT NOT NULL) WITHOUT ROWID;"
			"CREATE TABLE output (path TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID;"
			"CREATE TABLE kept (key TEXT PRIMARY KEY) WITHOUT ROWID;"
			"INSERT INTO output VALUES ('/out/a.jpg', 'web/a.png');"
			"INSERT INTO kept VALUES ('web/1/2/3/4');"
			"INSERT INTO job VALUES ('i','web','a.png','done','whole',NULL,1,1,1,1,1,1,1,'[]');"
			"PRAGMA user_version = 1;",
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	auto_struct(history) history = open_at(state);
	assert_true(history_relocate(history, "/out", NULL));
	assert_null(owner_of(history, "/out/a.jpg"));
	assert_true(history_owner(history, "a.jpg", &output, NULL));
	assert_string_equal(output.owner, "web/a.png");
	assert_null(output.job);
	assert_true(output.stamp.bytes < 0);
	history_output_clear(&output);
	g_autoptr(GPtrArray) places = history_places(history, "web/a.png", "a.jpg", NULL);
	assert_int_equal(places->len, 1);
	assert_int_equal(history_count(history, "done"), 1);
	assert_int_equal(history_number(history, "web", "a.png", NULL), 1);
}

/* The bytes of a path need not be UTF-8, and what lies beside the folder is not in it. */
static void paths_of_an_older_version_become_relative(void **state)
{
	auto_struct(history) history = open_at(state);
	static const char *const moved[][2] = {
		{"/o\303\274t \377/w/\376.jpg", "w/\376.jpg"}, {"/o\303\274t \377/b", "b"}};
	static const char *const others[] = {"/o\303\274t \377.old/w/c.jpg", "/o\303\274t", "w/d.jpg"};

	for (gsize i = 0; i < G_N_ELEMENTS(moved); i++)
		assert_true(history_own(history, moved[i][0], "w/a.png", moved[i][0], "j", &A_STAMP, NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		assert_true(history_own(history, others[i], "w/a.png", others[i], "j", &A_STAMP, NULL));
	for (int again = 0; again < 2; again++)
		assert_true(history_relocate(history, "/o\303\274t \377", NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(moved); i++) {
		g_autoptr(GPtrArray) places = history_places(history, "w/a.png", moved[i][1], NULL);
		assert_int_equal(places->len, 1);
		assert_string_equal(places->pdata[0], moved[i][1]);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autofree char *owner = owner_of(history, others[i]);
		assert_non_null(owner);
	}
}

static void count_kept(const struct history_original *original, void *user)
{
	assert_string_equal(original->owner, "web/\377.png");
	assert_true(stamp_equal(&original->stamp, &A_STAMP));
	assert_int_equal(original->ctime_ns, 7);
	assert_string_equal(original->hash, "abc");
	++*(int *)user;
}

static void originals_that_stay_are_remembered_until_they_are_gone(void **state)
{
	auto_struct(history) history = open_at(state);
	const struct history_original original = {"web/\377.png", A_STAMP, 7, "abc"};
	int count = 0;

	assert_true(history_keep(history, &original, NULL));
	assert_true(history_keep(history, &original, NULL));
	history_close(g_steal_pointer(&history));
	history = open_at(state);
	history_kept(history, count_kept, &count);
	assert_int_equal(count, 1);
	assert_true(history_unkeep(history, original.owner, NULL));
	history_kept(history, count_kept, &count);
	assert_int_equal(count, 1);
}

static void one_of_a_newer_version_is_set_aside(void **state)
{
	const struct place *place = *state;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99;", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	auto_struct(history) history = open_at(state);
	g_autoptr(GDir) folder = g_dir_open(place->folder, 0, NULL);
	const char *name;
	bool aside = false;
	while ((name = g_dir_read_name(folder)))
		aside = aside || g_str_has_prefix(name, "history.db.damaged-");
	assert_true(aside);
	assert_int_equal(history_number(history, "web", "a", NULL), 1);
}

static bool add_job(struct history *history, const char *id, const char *state, gint64 finished_wall_us)
{
	const struct history_job job = {.id = id,
		.pipeline = "web",
		.source = "a.png",
		.state = state,
		.lane = "whole",
		.finished_wall_us = finished_wall_us,
		.outputs = "[]"};
	return history_add(history, &job, NULL);
}

static void newest(const struct history_job *job, void *user)
{
	g_ptr_array_add(user, g_strdup(job->id));
}

static void only_so_many_jobs_are_kept_and_all_are_counted(void **state)
{
	auto_struct(history) history = open_at(state);
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);

	for (int i = 0; i < 1000; i++) {
		g_autofree char *id = g_strdup_printf("%d", i);
		if (i == 500)
			history_set_keep(history, 200);
		assert_true(add_job(history, id, i % 4 ? "done" : "failed", 1));
		assert_true(history_own(history, id, "web/a.png", id, id, &A_STAMP, NULL));
	}
	assert_int_equal(history_count(history, "done"), 750);
	assert_int_equal(history_count(history, "failed"), 250);
	history_recent(history, 1000, newest, ids);
	assert_in_range(ids->len, 200, 200 + 128);
	assert_string_equal(ids->pdata[0], "999");
	/* The ledger is not history: it lasts as long as the files. */
	g_autofree char *owner = owner_of(history, "0");
	assert_non_null(owner);
}

/* A clock that was wrong for a while must not make old lines the newest for ever. */
static void newest_is_what_was_written_last_whatever_the_clock_said(void **state)
{
	auto_struct(history) history = open_at(state);
	static const gint64 clocks[] = {1000, 900000, 500};
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);

	for (gsize i = 0; i < G_N_ELEMENTS(clocks); i++) {
		g_autofree char *id = g_strdup_printf("%zu", i);
		assert_true(add_job(history, id, "done", clocks[i]));
	}
	history_recent(history, 3, newest, ids);
	assert_string_equal(ids->pdata[0], "2");
	assert_string_equal(ids->pdata[2], "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_its_users_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_path_has_one_owner_the_last, set_up, tear_down),
		cmocka_unit_test_setup_teardown(places_of_an_original_come_shortest_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(numbers_run_from_one_and_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_database_of_version_1_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(paths_of_an_older_version_become_relative, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			originals_that_stay_are_remembered_until_they_are_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_of_a_newer_version_is_set_aside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_so_many_jobs_are_kept_and_all_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			newest_is_what_was_written_last_whatever_the_clock_said, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
