/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   pictures that are milled, and wait for their commit.
 * Thread:    the test's. Ownership: the bed has the jobs.
 */
#pragma once

#include "output_names_support.h"

#define PICTURE "\x89PNG\r\n\x1a\n...."

/* A claim of a picture whose outputs are made. */
static inline struct job *milled(struct bed *bed, const char *relative)
{
	struct job *job = drop(bed, relative);
	struct stat status;

	job->claim->path =
		(g_free(job->claim->path), g_build_filename(bed->folder, ".dropmill", job->claim->id, relative, NULL));
	g_autofree char *folder = g_path_get_dirname(job->claim->path);
	assert_int_equal(g_mkdir_with_parents(folder, 0777), 0);
	assert_true(g_file_set_contents(job->claim->path, "an original", -1, NULL));
	assert_int_equal(stat(job->claim->path, &status), 0);
	job->claim->bytes = status.st_size;
	job->claim->mtime_ns = status.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + status.st_mtim.tv_nsec;
	assert_int_equal(begin(bed, job, NULL), NAMES_GIVEN);
	job_name_temps(job);
	for (guint i = 0; i < job->outputs->len; i++) {
		struct job_output *output = output_at(job, i);
		assert_true(g_file_set_contents(output->temp, PICTURE, sizeof PICTURE - 1, NULL));
		output->bytes = sizeof PICTURE - 1;
		output->width = output->height = 640;
	}
	return job;
}
