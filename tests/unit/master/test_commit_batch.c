/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pictures that end at the same time: an fsync serves all of them, each keeps its order, and who fails fails alone. */
#include <dlfcn.h>
#include <errno.h>
#include <sys/syscall.h>

#include "../ledger/ledger_support.h"
#include "base/disk/beneath.h"
#include "commit_support.h"
#include "master/schedule/job_transitions.h"

static struct bench {
	struct bed *bed;
	struct committer *committer;
	GHashTable *answers; /* job's id to struct answer */
	GMutex mutex;        /* of the rest */
	GPtrArray *synced;   /* what was, below the folder of the test, in order */
	guint claimed;       /* how many claims were in .dropmill/ when that was synced last */
	const char *bad;     /* the sync of this one fails, once */
	guint skip;          /* but for so many before */
	bool hold, held;     /* the next sync waits until it may go on; it waits */
	GCond change;        /* of these two */
} here;

struct answer {
	bool ok, refused, changed, lost, committed;
	char *message, *left_at;
};

static void answer_free(gpointer data)
{
	struct answer *answer = data;

	g_free(answer->message);
	g_free(answer->left_at);
	g_free(answer);
}

/* In the place of libc's, for this program and its libraries. */
static int sync_seen(int descriptor, long call)
{
	g_autofree char *alias = beneath_alias(descriptor);
	g_autofree char *path = g_file_read_link(alias, NULL);
	gsize length = here.bed ? strlen(here.bed->folder) : 0;
	bool fails = false;

	if (length && path && strncmp(path, here.bed->folder, length) == 0 && path[length] == '/') {
		g_mutex_lock(&here.mutex);
		g_ptr_array_add(here.synced, g_strdup(path + length + 1));
		g_autoptr(GPtrArray) claims = g_str_has_suffix(path, "/.dropmill") ? beneath_list(path) : NULL;
		here.claimed = claims ? claims->len : here.claimed;
		here.held = here.hold;
		for (g_cond_broadcast(&here.change); here.hold;)
			g_cond_wait(&here.change, &here.mutex);
		fails = g_strcmp0(here.bad, path + length + 1) == 0 && here.skip-- == 0;
		if (fails)
			here.bad = NULL;
		g_mutex_unlock(&here.mutex);
	}
	errno = EIO;
	return fails ? -1 : (int)syscall(call, descriptor);
}

int fsync(int descriptor)
{
	return sync_seen(descriptor, SYS_fsync);
}

int fdatasync(int descriptor)
{
	return sync_seen(descriptor, SYS_fdatasync);
}

static void committed(struct commit_request *request, void *user)
{
	struct answer *answer = g_new0(struct answer, 1);
	const struct job_output *output = request->found->outputs->pdata[0];

	(void)user;
	*answer = (struct answer){request->ok, request->refused, request->changed, request->lost, output->committed,
		g_strdup(request->error ? request->error->message : ""), g_strdup(request->claim->left_at)};
	g_hash_table_insert(here.answers, g_strdup(request->drop->id), answer);
}

static int begin_bench(void **state)
{
	if (set_up(state) != 0)
		return -1;
	here.synced = g_ptr_array_new_with_free_func(g_free);
	here.answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, answer_free);
	here.bed = *state;
	add_output(here.bed, "{stem}.png");
	here.committer = committer_new(here.bed->names, here.bed->history, NULL, committed, NULL);
	return 0;
}

static int end_bench(void **state)
{
	committer_free(here.committer);
	g_hash_table_unref(here.answers);
	g_ptr_array_unref(here.synced);
	here = (struct bench){0};
	return tear_down(state);
}

static void await(guint count)
{
	while (g_hash_table_size(here.answers) < count)
		g_main_context_iteration(NULL, TRUE);
}

static const struct answer *answer_of(const struct job *job)
{
	const struct answer *answer = g_hash_table_lookup(here.answers, job->id);

	assert_non_null(answer);
	return answer;
}

static void assert_ok(const struct job *job)
{
	const struct answer *answer = answer_of(job);

	if (!answer->ok)
		fail_msg("%s: %s", job->claim->relative, answer->message);
	assert_non_null(answer->left_at);
	assert_int_equal(access(output_at(job, 0)->final, F_OK), 0);
	assert_int_equal(access(answer->left_at, F_OK), 0);
}

/* The thread stands at the first one's first sync until all are queued: the others are one batch. */
static void commit_together(struct job *const *jobs, guint count)
{
	struct job *first = milled(here.bed, "first.png");

	g_mutex_lock(&here.mutex);
	here.hold = true;
	jobs_ask_commit(here.committer, first, COMMIT_OUTPUTS);
	while (!here.held)
		g_cond_wait(&here.change, &here.mutex);
	for (guint i = 0; i < count; i++)
		jobs_ask_commit(here.committer, jobs[i], jobs[i]->error ? COMMIT_FAILURE : COMMIT_OUTPUTS);
	here.hold = false;
	g_cond_broadcast(&here.change);
	g_mutex_unlock(&here.mutex);
	await(count + 1);
	assert_ok(first);
}

static guint times_synced(const char *relative)
{
	guint count = 0;

	for (guint i = 0; i < here.synced->len; i++)
		count += strcmp(here.synced->pdata[i], relative) == 0;
	return count;
}

static void note_done(const struct history_job *job, void *user)
{
	g_string_append_printf(user, "%s:%s ", job->source, job->state);
}

/* Newest first. */
static char *in_history(void)
{
	GString *text = g_string_new(NULL);

	history_recent(here.bed->history, 100, note_done, text);
	return g_string_free(text, FALSE);
}

static void an_fsync_serves_all_of_a_batch(void **state)
{
	struct job *jobs[5];

	for (guint i = 0; i < G_N_ELEMENTS(jobs); i++) {
		g_autofree char *name = g_strdup_printf("%u.png", i);
		jobs[i] = milled(*state, name);
	}
	commit_together(jobs, G_N_ELEMENTS(jobs));
	for (guint i = 0; i < G_N_ELEMENTS(jobs); i++)
		assert_ok(jobs[i]);
	/* The first one's, and the batch's. */
	assert_int_equal(times_synced("out/p"), 2);
	assert_int_equal(times_synced("history.db-wal"), 2);
	assert_int_equal(times_synced("_done"), 2);
	assert_int_equal(times_synced(".dropmill"), 2);
	assert_int_equal(here.claimed, 0);
}

static void outputs_come_before_the_history_and_that_before_the_original(void **state)
{
	struct job *jobs[] = {milled(*state, "a/1.png"), milled(*state, "b/2.png"), milled(*state, "a/3.png")};
	static const char *const wanted[] = {
		"out/p/a", "out/p/b", "history.db-wal", "_done/a", "_done/b", ".dropmill", NULL};
	guint at = 0;

	commit_together(jobs, G_N_ELEMENTS(jobs));
	/* From the batch's first on. */
	for (guint i = 0; i < here.synced->len; i++) {
		const char *path = here.synced->pdata[i];
		if (at == 0 && strcmp(path, wanted[0]) != 0)
			continue;
		if (g_strv_contains(wanted, path))
			assert_string_equal(path, wanted[at++]);
	}
	assert_int_equal(at, G_N_ELEMENTS(wanted) - 1);
}

/* One for each step at which a picture may fail, among others. */
static void who_fails_fails_alone(void **state)
{
	struct bed *bed = *state;
	struct job *good = milled(bed, "good.png"), *changed = milled(bed, "changed.png"),
		   *lost = milled(bed, "lost.png"), *blocked = milled(bed, "blocked.png"),
		   *stays = milled(bed, "stays.png"), *broken = milled(bed, "broken.png"),
		   *also = milled(bed, "also.png");
	struct job *jobs[] = {good, changed, lost, blocked, stays, broken, also};

	assert_true(g_file_set_contents(changed->claim->path, "another original", -1, NULL));
	assert_int_equal(unlink(output_at(lost, 0)->temp), 0);
	struct job_output *output = output_at(blocked, 0);
	g_autofree char *mine = g_strconcat(output->final, "x", NULL);
	assert_true(g_file_set_contents(mine, "mine", 4, NULL));
	output->final = (g_free(output->final), g_build_filename(mine, "deeper.png", NULL));
	stays->claim->relative = (g_free(stays->claim->relative), g_strnfill(NAME_MAX + 1, 'x'));
	broken->error = g_strdup("no picture");
	commit_together(jobs, G_N_ELEMENTS(jobs));
	assert_ok(good);
	assert_ok(also);
	assert_true(answer_of(changed)->changed);
	assert_true(answer_of(lost)->lost);
	assert_true(answer_of(blocked)->refused);
	assert_true(answer_of(stays)->refused);
	assert_true(answer_of(stays)->committed);
	assert_true(answer_of(broken)->ok);
	assert_true(g_str_has_suffix(answer_of(broken)->left_at, "_failed/broken.png"));
	assert_int_equal(access(changed->claim->path, F_OK), 0);
	assert_int_equal(access(lost->claim->path, F_OK), 0);
	assert_int_equal(access(blocked->claim->path, F_OK), 0);
	g_autofree char *history = in_history();
	assert_string_equal(history, "also.png:done broken.png:failed stays.png:done good.png:done first.png:done ");
}

static void a_folder_that_cannot_be_synced_fails_all_that_lie_in_it(void **state)
{
	struct job *jobs[] = {milled(*state, "a/1.png"), milled(*state, "b/2.png"), milled(*state, "a/3.png")};

	here.bad = "out/p/a";
	commit_together(jobs, G_N_ELEMENTS(jobs));
	assert_ok(jobs[1]);
	for (guint i = 0; i < 3; i += 2) {
		const struct answer *answer = answer_of(jobs[i]);
		assert_false(answer->ok || answer->refused || answer->lost || answer->committed);
		assert_non_null(strstr(answer->message, "Input/output error"));
		assert_int_equal(access(jobs[i]->claim->path, F_OK), 0);
	}
	/* A second one would "succeed". */
	assert_int_equal(times_synced("out/p/a"), 1);
	g_autofree char *history = in_history();
	assert_string_equal(history, "b/2.png:done first.png:done ");
}

static void an_archive_that_cannot_be_synced_fails_all_that_went_there(void **state)
{
	struct job *jobs[] = {milled(*state, "a/1.png"), milled(*state, "b/2.png"), milled(*state, "a/3.png")};

	here.bad = "_done/a";
	commit_together(jobs, G_N_ELEMENTS(jobs));
	assert_ok(jobs[1]);
	for (guint i = 0; i < 3; i += 2) {
		const struct answer *answer = answer_of(jobs[i]);
		assert_false(answer->ok || answer->refused);
		assert_true(answer->committed);
		assert_non_null(answer->left_at);
		assert_true(g_str_has_prefix(answer->message, "its outputs are finished, but its original stays: "));
	}
	assert_int_equal(times_synced("_done/a"), 1);
}

static void without_a_history_no_original_moves(void **state)
{
	struct job *jobs[] = {milled(*state, "1.png"), milled(*state, "2.png")};

	/* The first one's log is synced before: the one that is bad is the batch's. */
	here.bad = "history.db-wal";
	here.skip = 1;
	commit_together(jobs, G_N_ELEMENTS(jobs));
	for (guint i = 0; i < G_N_ELEMENTS(jobs); i++) {
		const struct answer *answer = answer_of(jobs[i]);
		assert_false(answer->ok || answer->refused);
		assert_true(answer->committed);
		assert_null(answer->left_at);
		assert_int_equal(access(jobs[i]->claim->path, F_OK), 0);
	}
	g_autofree char *history = in_history();
	assert_string_equal(history, "first.png:done ");
	/* And again, as the loop does. */
	g_hash_table_remove_all(here.answers);
	for (guint i = 0; i < G_N_ELEMENTS(jobs); i++)
		jobs_ask_commit(here.committer, jobs[i], COMMIT_OUTPUTS);
	await(G_N_ELEMENTS(jobs));
}

/* Both want 640.png, and the later one is to replace it: it need not wait for another try. */
static void a_name_of_the_same_batch_is_free_for_the_next(void **state)
{
	struct bed *bed = *state;

	bed->pipeline->on_conflict = CONFLICT_OVERWRITE;
	add_output(bed, "{width}.png");
	struct job *jobs[] = {milled(bed, "1.png"), milled(bed, "2.png"), milled(bed, "3.png")};
	commit_together(jobs, G_N_ELEMENTS(jobs));
	for (guint i = 0; i < G_N_ELEMENTS(jobs); i++)
		assert_ok(jobs[i]);
	g_autofree char *owner = owner_of(bed->history, "p/640.png");
	assert_string_equal(owner, "p/3.png");
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_bench, end_bench)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_fsync_serves_all_of_a_batch),
		TEST(outputs_come_before_the_history_and_that_before_the_original),
		TEST(who_fails_fails_alone),
		TEST(a_folder_that_cannot_be_synced_fails_all_that_lie_in_it),
		TEST(an_archive_that_cannot_be_synced_fails_all_that_went_there),
		TEST(without_a_history_no_original_moves),
		TEST(a_name_of_the_same_batch_is_free_for_the_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
