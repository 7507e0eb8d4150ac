/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a mill's output folder and ledger without the mill: pictures are dropped, named and committed in a line each.
 * Thread:    the test's. Ownership: set_up() and tear_down() own the bed.
 */
#pragma once

#include "../unit.h"

#include "master/commit/output_conflicts.h"
#include "master/commit/output_places.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/disk/files.h"
#include "master/job/job.h"

struct bed {
	char *folder, *out;
	struct history *history;
	struct names *names;
	struct pipeline *pipeline;
	GPtrArray *jobs;
	GMainLoop *loop;
	enum names_answer answer;
	char *message;
	bool unmarked; /* as on a file system without extended attributes */
};

/* As the loop does. */
static inline void done(struct named *named, void *user)
{
	struct bed *bed = user;

	for (guint i = 0; i < bed->jobs->len; i++)
		if (job_drop(bed->jobs->pdata[i]) == named->drop)
			job_take_found(bed->jobs->pdata[i], g_steal_pointer(&named->found));
	bed->answer = named->answer;
	g_free(bed->message);
	bed->message = g_strdup(named->error ? named->error->message : "");
	g_main_loop_quit(bed->loop);
}

static inline int set_up(void **state)
{
	struct bed *bed = g_new0(struct bed, 1);

	bed->folder = g_dir_make_tmp("dropmill-names-XXXXXX", NULL);
	bed->out = g_build_filename(bed->folder, "out", NULL);
	g_autofree char *path = g_build_filename(bed->folder, "history.db", NULL);
	bed->history = history_open(path, NULL);
	bed->names = names_new(bed->out, bed->folder, bed->history, done, bed, NULL);
	bed->pipeline = pipeline_new();
	bed->pipeline->name = (g_free(bed->pipeline->name), g_strdup("p"));
	bed->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)job_free);
	bed->loop = g_main_loop_new(NULL, FALSE);
	*state = bed;
	return bed->names ? 0 : -1;
}

static inline int tear_down(void **state)
{
	struct bed *bed = *state;

	names_free(bed->names);
	g_ptr_array_unref(bed->jobs);
	pipeline_unref(bed->pipeline);
	history_close(bed->history);
	g_main_loop_unref(bed->loop);
	files_remove_tree(bed->folder);
	g_free(bed->folder);
	g_free(bed->out);
	g_free(bed->message);
	g_free(bed);
	return 0;
}

static inline void add_output(struct bed *bed, const char *name)
{
	struct output *output = output_new();

	output->name = (g_free(output->name), g_strdup(name));
	g_ptr_array_add(bed->pipeline->outputs, output);
}

static inline struct job *drop(struct bed *bed, const char *relative)
{
	struct claim *claim = g_new0(struct claim, 1);

	claim->id = g_strdup_printf("job%u", bed->jobs->len);
	claim->pipeline = g_strdup("p");
	claim->inbox = g_strdup(bed->folder);
	claim->relative = g_strdup(relative);
	claim->path = g_build_filename(bed->folder, relative, NULL);
	struct job *job = job_new(claim, bed->pipeline);
	job->times.queued_us = bed->jobs->len; /* the order of drops */
	g_ptr_array_add(bed->jobs, job);
	return job;
}

static inline struct job_output *output_at(const struct job *job, guint index)
{
	assert_true(index < job->outputs->len);
	return g_ptr_array_index(job->outputs, index);
}

static inline void assert_named(const struct job *job, guint index, const char *name)
{
	g_autofree char *base = g_path_get_basename(output_at(job, index)->final);
	assert_string_equal(base, name);
}

/* A new run, as the naming thread and then the loop have it. */
static inline enum names_answer begin(struct bed *bed, struct job *job, GError **error)
{
	struct found *found = found_new(NULL, job->hash, job->number);
	enum names_answer answer = names_find(bed->names, job_drop(job), found, error);

	job_take_found(job, found);
	return answer;
}

static inline void ask(struct bed *bed, struct job *job)
{
	names_ask(bed->names, job_drop(job), found_new(NULL, job->hash, job->number));
}

/* At the commit, as its thread and then the loop have it. */
static inline enum names_answer settle_sized(struct bed *bed, struct job *job)
{
	struct found *found = found_new(job->outputs, job->hash, job->number);
	enum names_answer answer = names_settle(bed->names, job_drop(job), found, NULL);

	job_take_found(job, found);
	return answer;
}

static inline bool may_replace(struct bed *bed, struct job *job, struct job_output *output)
{
	return names_may_replace(bed->names, job_drop(job), output, NULL);
}

static inline bool own(struct bed *bed, struct job *job, struct job_output *output)
{
	return names_own(bed->names, job_drop(job), job->number, output, NULL);
}

static inline void release(struct bed *bed, struct job *job)
{
	names_release(bed->names, job_drop(job));
}

static inline int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Who may have a place now, as "job1 job3". */
static inline void assert_next(struct bed *bed, const char *expected)
{
	g_autoptr(GPtrArray) ids = names_next(bed->names);

	g_ptr_array_sort(ids, by_text);
	g_ptr_array_add(ids, NULL);
	g_autofree char *found = g_strjoinv(" ", (char **)ids->pdata);
	assert_string_equal(found, expected);
}

static inline void settle(struct bed *bed, struct job *job, const char *name)
{
	g_autoptr(GError) error = NULL;

	if (begin(bed, job, &error) != NAMES_GIVEN)
		fail_msg("%s", error ? error->message : "not given");
	assert_named(job, 0, name);
}

/* As the commit does. */
static inline void finish(struct bed *bed, struct job *job)
{
	job_name_temps(job);
	for (guint i = 0; i < job->outputs->len; i++) {
		struct job_output *output = output_at(job, i);
		assert_true(output->fresh || may_replace(bed, job, output));
		if (output->is_folder)
			assert_int_equal(mkdir(output->temp, 0777), 0);
		else
			assert_true(g_file_set_contents(output->temp, "x", 1, NULL));
		assert_true(own(bed, job, output));
		if (bed->unmarked)
			removexattr(output->temp, "user.dropmill");
		assert_int_equal(rename(output->temp, output->final), 0);
	}
	release(bed, job);
}

static inline void put_stranger(const struct bed *bed, const char *name)
{
	g_autofree char *path = g_build_filename(bed->out, "p", name, NULL);
	g_autofree char *folder = g_path_get_dirname(path);

	assert_true(files_make_folder(folder, NULL));
	assert_true(g_file_set_contents(path, "mine", 4, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
