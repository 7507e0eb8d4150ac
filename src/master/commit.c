/* SPDX-License-Identifier: GPL-2.0-or-later
 * The end of a job, made durable: see commit.h. */
#include "master/commit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/files.h"
#include "base/folder.h"
#include "base/json.h"
#include "base/log.h"
#include "master/output_check.h"
#include "master/tiles.h"

struct committer {
	GThreadPool *pool;
	struct names *names;
	struct history *history;
	struct kept *kept;
	void (*done)(struct commit_request *request, void *user);
	void *user;
};

struct finished {
	struct committer *committer;
	struct commit_request *request;
};

static gboolean report(gpointer data)
{
	g_autofree struct finished *finished = data;
	struct commit_request *request = finished->request;

	finished->committer->done(request, finished->committer->user);
	g_clear_error(&request->error);
	g_free(request);
	return G_SOURCE_REMOVE;
}

/* The rename itself. */
static bool give_name(struct job_output *output, bool folder, GError **error)
{
	bool fresh = output->fresh;

	if (!fresh && folder)
		return folder_replace(output->temp, output->final, error);
	if ((fresh ? files_rename_new(output->temp, output->final) : files_rename(output->temp, output->final)) == 0)
		return true;
	return beneath_fail(error, output->final, output->temp, "%s", output->final);
}

/* Under its final name. Where nothing was when the name was given, somebody may have put a file meanwhile: it stays, and the output gets the
 * next name. */
static bool put(struct committer *committer, struct job *job, struct job_output *output, bool folder, GError **error)
{
	for (;;) {
		g_autoptr(GError) cause = NULL;
		struct stat status;
		if (output->final && output->fresh && beneath_stat(output->final, &status) == 0)
			names_give_up(committer->names, output);
		else if (output->final && !output->fresh && !names_may_replace(committer->names, job, output, error))
			return false;
		if (!output->final && names_settle(committer->names, job, error) != NAMES_GIVEN)
			return false;
		if (output->skipped)
			return true;
		/* One that was not known before, or that somebody removed meanwhile. */
		g_autofree char *parent = g_path_get_dirname(output->final);
		if (!files_make_folder(parent, error))
			return false;
		if (!names_own(committer->names, job, output, error))
			return false;
		if (give_name(output, folder, &cause))
			return true;
		if (error_number(cause) != EEXIST || !output->fresh) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		names_give_up(committer->names, output);
	}
}

/* What came over the bus: here, where a slow disk holds nobody up. */
static bool write_arrived(struct job_output *output, GError **error)
{
	g_autoptr(GBytes) bytes = g_steal_pointer(&output->arrived);
	gsize size;
	gconstpointer data = bytes ? g_bytes_get_data(bytes, &size) : NULL;

	if (!bytes)
		return true;
	return output->is_folder ? folder_unpack(bytes, output->temp, error)
				 : files_write(output->temp, data, size, error);
}

static bool is_missing(const char *path)
{
	struct stat status;

	return beneath_stat(path, &status) != 0 && errno == ENOENT;
}

/* Is it there, and what was asked for? */
static bool look_at(struct commit_request *request, struct job_output *output, GError **error)
{
	const struct output *wish = g_ptr_array_index(request->job->pipeline->outputs, output->number);
	const struct output_wanted wanted = {wish->format, output->is_folder, output->bytes};

	if (!write_arrived(output, error))
		return false;
	CRASH_POINT("commit.temp_written");
	if (is_missing(output->temp)) {
		g_autofree char *shown = files_display(output->temp);
		return fail(error, ERROR_SYSTEM, "%s was removed before it was finished", shown);
	}
	if (output_check(output->temp, &wanted, error))
		return true;
	g_prefix_error(error, "%s: ", wish->name);
	return false;
}

/* All of them before the first gets its name. */
static bool look_at_outputs(struct commit_request *request, GError **error)
{
	for (guint i = 0; i < request->job->outputs->len; i++) {
		struct job_output *output = g_ptr_array_index(request->job->outputs, i);
		if (!output->committed && !output->skipped && !output->renamed && !look_at(request, output, error)) {
			request->lost = true;
			return false;
		}
	}
	return true;
}

static bool rename_output(
	struct committer *committer, struct commit_request *request, struct job_output *output, GError **error)
{
	CRASH_POINT("commit.synced");
	bool folder = beneath_is_folder(output->temp);
	if (!put(committer, request->job, output, folder, error))
		return false;
	CRASH_POINT("commit.renamed");
	output->renamed = !output->skipped;
	return true;
}

static bool commit_output(
	struct committer *committer, struct commit_request *request, struct job_output *output, GError **error)
{
	if (output->committed) /* by a try before that failed later on */
		return true;
	if (!output->skipped && !output->renamed && !rename_output(committer, request, output, error))
		return false;
	if (output->skipped) {
		job_remove_temp(output);
		return true;
	}
	output->committed = files_sync_folder_of(output->final, error);
	request->lost = !output->committed && is_missing(output->final);
	return output->committed;
}

/* Here, by a try before that failed later on. */
static bool all_committed(const struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		if (!output->committed && !output->skipped)
			return false;
	}
	return job->commit_tries > 0;
}

static bool move_original(struct committer *committer, const struct job *job, GError **error)
{
	switch (job->pipeline->originals) {
	case ORIGINALS_DELETE:
		return claim_delete(job->claim, error);
	case ORIGINALS_KEEP:
		return kept_return(committer->kept, job->claim, error);
	case ORIGINALS_ARCHIVE:
		return claim_archive(job->claim, error);
	}
	return true;
}

static bool settle_original(struct committer *committer, const struct job *job, GError **error)
{
	if (job->loose)
		return true;
	/* Somebody removed it meanwhile: not a try before, which would have said where it is. */
	if (!job->claim->left_at && claim_look(job->claim, NULL) == CLAIM_GONE)
		return true;
	if (move_original(committer, job, error))
		return true;
	g_prefix_error(error, "its outputs are finished, but its original stays: ");
	return false;
}

static bool write_history(struct committer *committer, const struct job *job, const char *state, GError **error)
{
	g_autoptr(JsonArray) outputs = json_array_new();
	g_autofree char *text = NULL;
	gint64 out_bytes = 0;

	if (!committer->history)
		return true;
	for (guint i = 0; strcmp(state, "done") == 0 && i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		JsonObject *entry = json_object_new();
		json_set_path(entry, "path", output->final);
		if (output->note)
			json_object_set_string_member(entry, "note", output->note);
		if (output->skipped)
			json_object_set_boolean_member(entry, "skipped", TRUE);
		json_object_set_int_member(entry, "output", output->number);
		json_object_set_int_member(entry, "bytes", output->skipped ? 0 : output->bytes);
		json_object_set_int_member(entry, "width", output->width);
		json_object_set_int_member(entry, "height", output->height);
		out_bytes += output->skipped ? 0 : output->bytes;
		json_array_add_object_element(outputs, entry);
	}
	text = json_array_text(outputs);
	struct history_job record = {
		.id = job->id,
		.pipeline = job->pipeline->name,
		.source = job->source,
		.state = state,
		.lane = job->lane == LANE_TILED ? "tiled" : "whole",
		.error = job->error,
		.width = job->width,
		.height = job->height,
		.tiles = (int)job->tile_count,
		.attempts = (int)job->runs,
		.queued_wall_us = job->queued_wall_us,
		.started_wall_us = job->started_wall_us,
		.finished_wall_us = clock_wall_us(),
		.bytes = job->claim->bytes,
		.out_bytes = out_bytes,
		.outputs = text,
	};
	CRASH_POINT("history.before");
	if (!history_add(committer->history, &record, error))
		return false;
	CRASH_POINT("history.written");
	return true;
}

static bool commit_outputs(struct committer *committer, struct commit_request *request, GError **error)
{
	struct job *job = request->job;

	if (!job->loose && !all_committed(job)) {
		enum claim_state state = claim_look(job->claim, error);
		request->changed = state == CLAIM_CHANGED;
		if (state != CLAIM_SAME)
			return false;
	}
	if (names_settle(committer->names, job, error) != NAMES_GIVEN) {
		return false;
	}
	if (!look_at_outputs(request, error))
		return false;
	for (guint i = 0; i < job->outputs->len; i++)
		if (!commit_output(committer, request, g_ptr_array_index(job->outputs, i), error))
			return false;
	/* While the original is claimed a crash repeats this line under the same id; after it, nothing would ever write it. */
	if (!write_history(committer, job, "done", error))
		return false;
	/* Every output is on disk under its name: now, and not before, the original may go. */
	CRASH_POINT("commit.before_original");
	if (!settle_original(committer, job, error))
		return false;
	if (!job->loose)
		claim_excuse(job->claim);
	CRASH_POINT("archive.done");
	return true;
}

/* Somebody removed the original while it was in work: there is nothing to put into _failed/, now or ever. */
static bool is_gone(const struct claim *claim, GError **error)
{
	struct stat status;

	if (claim->left_at || beneath_stat(claim->path, &status) == 0 || errno != ENOENT)
		return false;
	g_clear_error(error);
	return true;
}

static bool commit_failure(struct committer *committer, struct commit_request *request, GError **error)
{
	struct job *job = request->job;

	/* What failed is not what lies there by now: it was taken before its writer was done. */
	if (!job->loose && claim_look(job->claim, NULL) == CLAIM_CHANGED) {
		request->changed = true;
		return fail(error, ERROR_RETRY, "the original was written to while it was in work");
	}
	job_remove_temps(job);
	CRASH_POINT("fail.before_reason");
	return write_history(committer, job, "failed", error) &&
	       (job->loose || claim_fail(job->claim, job->error, error) || is_gone(job->claim, error));
}

static void run(gpointer data, gpointer user)
{
	struct commit_request *request = data;
	struct committer *committer = user;

	if (request->kind == COMMIT_STORY) {
		if (committer->history)
			history_tell(committer->history, request->story[0],
				&(struct history_story){
					request->story[1], request->story[2], request->story[3], request->story[4]});
		for (gsize i = 0; i < G_N_ELEMENTS(request->story); i++)
			g_free(request->story[i]);
		g_free(request);
		return;
	}
	request->ok = request->kind == COMMIT_OUTPUTS ? commit_outputs(committer, request, &request->error)
						      : commit_failure(committer, request, &request->error);
	request->refused = !request->ok && request->kind == COMMIT_OUTPUTS && error_kind(request->error) == ERROR_INPUT;
	if (request->ok || request->changed)
		names_release(committer->names, request->job);
	struct finished *finished = g_new(struct finished, 1);
	*finished = (struct finished){committer, request};
	g_idle_add_full(G_PRIORITY_DEFAULT, report, finished, NULL);
}

struct committer *committer_new(struct names *names, struct history *history, struct kept *kept,
	void (*done)(struct commit_request *request, void *user), void *user)
{
	struct committer *committer = g_new0(struct committer, 1);

	committer->names = names;
	committer->history = history;
	committer->kept = kept;
	committer->done = done;
	committer->user = user;
	committer->pool = g_thread_pool_new(run, committer, 1, TRUE, NULL);
	return committer;
}

void committer_add(struct committer *committer, struct commit_request *request)
{
	g_thread_pool_push(committer->pool, request, NULL);
}

void committer_tell(struct committer *committer, const struct job *job)
{
	struct commit_request *request = g_new0(struct commit_request, 1);

	request->kind = COMMIT_STORY;
	request->story[0] = g_strdup(job->id);
	request->story[1] = g_strdup(job->loose ? NULL : job->claim->left_at);
	request->story[2] = timeline_to_text(job->timeline);
	request->story[3] = g_strdup(job->own_hash ? job->own_hash : job->pipeline->hash);
	request->story[4] = g_strdup(job->own_shown ? job->own_shown : job->pipeline->shown);
	committer_add(committer, request);
}

void committer_free(struct committer *committer)
{
	if (!committer)
		return;
	g_thread_pool_free(committer->pool, FALSE, TRUE);
	g_free(committer);
}
