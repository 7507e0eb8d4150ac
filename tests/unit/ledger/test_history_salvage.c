/* SPDX-License-Identifier: GPL-2.0-or-later
 * What is copied of a database that another version made. */
#include <sqlite3.h>

#include "history_support.h"

static void tells_all(const struct history_job *job, void *user)
{
	const char *hash = user;

	assert_int_equal(job->bytes, 5000);
	assert_int_equal(job->out_bytes, 700);
	assert_string_equal(job->original, "/in/a.png");
	assert_string_equal(job->timeline, "[\"then\"]");
	if (g_strcmp0(job->hash, hash) != 0)
		fail_msg("hash is %s", job->hash ? job->hash : "(none)");
	assert_int_equal(job->chain != NULL, hash != NULL);
}

/* What the page tells is copied, too, and what an older version had not is no reason to copy nothing. */
static void one_without_a_column_is_copied_without_it(void **state)
{
	const char *const ways[] = {"PRAGMA user_version = 99", "ALTER TABLE job DROP COLUMN hash"};
	const char *hashes[] = {"abc", NULL};

	for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
		const struct history_job job = {.id = i ? "k" : "j",
			.pipeline = "web",
			.source = "a.png",
			.state = "done",
			.lane = "whole",
			.finished_wall_us = 1,
			.bytes = 5000,
			.out_bytes = 700,
			.outputs = "[]"};
		struct history *history = opened();
		assert_true(history_add(history, &job, NULL));
		const struct history_story story = {"/in/a.png", "[\"then\"]", "abc", "{\"steps\": []}"};
		history_tell(history, job.id, &story);
		history_close(history);
		sqlite3 *db;
		assert_int_equal(sqlite3_open(here.path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, ways[i], NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
		history = opened();
		assert_int_equal(history_count(history, "done"), i + 1);
		history_one(history, job.id, tells_all, (void *)hashes[i]);
		history_close(history);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_without_a_column_is_copied_without_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
