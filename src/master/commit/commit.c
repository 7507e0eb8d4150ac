/* SPDX-License-Identifier: GPL-2.0-or-later
 * The end of a job, made durable: see commit.h. */
#include "master/commit/commit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/folder.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/testing/crash.h"
#include "master/commit/output_check.h"
#include "master/commit/take_back.h"

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

void commit_request_free(struct commit_request *request)
{
	if (!request)
		return;
	drop_unref(request->drop);
	claim_free(request->claim);
	found_free(request->found);
	g_free(request->failure);
	g_clear_error(&request->error);
	for (gsize i = 0; i < G_N_ELEMENTS(request->story); i++)
		g_free(request->story[i]);
	g_free(request);
}

static gboolean report(gpointer data)
{
	g_autofree struct finished *finished = data;
	struct commit_request *request = finished->request;

	finished->committer->done(request, finished->committer->user);
	commit_request_free(request);
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
static bool put(struct committer *committer, struct commit_request *request, struct job_output *output, bool folder,
	GError **error)
{
	const struct drop *drop = request->drop;

	for (;;) {
		g_autoptr(GError) cause = NULL;
		struct stat status;
		if (output->final && output->fresh && beneath_stat(output->final, &status) == 0 &&
			!files_same(output->temp, output->final))
			names_give_up(committer->names, output);
		else if (output->final && !output->fresh && !names_may_replace(committer->names, drop, output, error))
			return false;
		if (!output->final && names_settle(committer->names, drop, request->found, error) != NAMES_GIVEN)
			return false;
		if (output->skipped)
			return true;
		/* One that was not known before, or that somebody removed meanwhile. */
		g_autofree char *parent = g_path_get_dirname(output->final);
		if (!files_make_folder(parent, error))
			return false;
		if (!names_own(committer->names, drop, request->found->number, output, error))
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
	auto_struct(body) arrived = g_steal_pointer(&output->arrived);

	if (!arrived)
		return true;
	if (!output->is_folder)
		return body_write(arrived, output->arrived_at, output->arrived_bytes, output->temp, error);
	g_autoptr(GBytes) bytes = body_map(arrived, output->arrived_at, (gsize)output->arrived_bytes, error);
	return bytes && folder_unpack(bytes, output->temp, error) && body_was_kept(arrived, error);
}

static bool is_missing(const char *path)
{
	struct stat status;

	return beneath_stat(path, &status) != 0 && errno == ENOENT;
}

/* Is it there, and what was asked for? */
static bool look_at(struct commit_request *request, struct job_output *output, GError **error)
{
	const struct output *wish = g_ptr_array_index(request->drop->pipeline->outputs, output->number);
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
	for (guint i = 0; i < request->found->outputs->len; i++) {
		struct job_output *output = g_ptr_array_index(request->found->outputs, i);
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
	if (!put(committer, request, output, folder, error))
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

/* Every output is on disk under its name: only the original is left to do. */
static bool all_committed(const struct found *found)
{
	for (guint i = 0; i < found->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(found->outputs, i);
		if (!output->committed && !output->skipped)
			return false;
	}
	return true;
}

static bool move_original(struct committer *committer, struct commit_request *request, GError **error)
{
	switch (request->drop->pipeline->originals) {
	case ORIGINALS_DELETE:
		return claim_delete(request->claim, error);
	case ORIGINALS_KEEP:
		return kept_return(committer->kept, request->claim, error);
	case ORIGINALS_ARCHIVE:
		return claim_archive(request->claim, error);
	}
	return true;
}

static bool settle_original(struct committer *committer, struct commit_request *request, GError **error)
{
	if (request->drop->loose)
		return true;
	/* Somebody removed it meanwhile: not a try before, which would have said where it is. */
	if (!request->claim->left_at && claim_look(request->claim, NULL) == CLAIM_GONE)
		return true;
	if (move_original(committer, request, error))
		return true;
	g_prefix_error(error, "its outputs are finished, but its original stays: ");
	return false;
}

static bool write_history(
	struct committer *committer, const struct commit_request *request, const char *state, GError **error)
{
	const struct drop *drop = request->drop;
	const GPtrArray *made = request->found->outputs;
	g_autoptr(JsonArray) outputs = json_array_new();
	g_autofree char *text = NULL;
	gint64 out_bytes = 0;

	if (!committer->history)
		return true;
	for (guint i = 0; strcmp(state, "done") == 0 && i < made->len; i++) {
		const struct job_output *output = g_ptr_array_index(made, i);
		JsonObject *entry = json_object_new();
		json_set_path(entry, "path", output->final);
		g_autofree char *note = job_output_note(output);
		if (note)
			json_object_set_string_member(entry, "note", note);
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
		.id = drop->id,
		.pipeline = drop->pipeline->name,
		.source = drop->source,
		.state = state,
		.lane = request->tiled ? "tiled" : "whole",
		.error = request->failure,
		.width = request->width,
		.height = request->height,
		.tiles = (int)request->tiles,
		.attempts = (int)request->runs,
		.queued_wall_us = drop->queued_wall_us,
		.started_wall_us = request->started_wall_us,
		.finished_wall_us = clock_wall_us(),
		.bytes = drop->claim->bytes,
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
	bool loose = request->drop->loose;
	struct found *found = request->found;

	if (!loose && !(request->tries > 0 && all_committed(found))) {
		enum claim_state state = claim_look(request->claim, error);
		request->changed = state == CLAIM_CHANGED;
		if (state != CLAIM_SAME)
			return false;
	}
	if (names_settle(committer->names, request->drop, found, error) != NAMES_GIVEN)
		return false;
	if (!look_at_outputs(request, error))
		return false;
	for (guint i = 0; i < found->outputs->len; i++)
		if (!commit_output(committer, request, g_ptr_array_index(found->outputs, i), error))
			return false;
	/* While the original is claimed a crash repeats this line under the same id; after it, nothing would ever write it. */
	if (!write_history(committer, request, "done", error))
		return false;
	/* Every output is on disk under its name: now, and not before, the original may go. */
	CRASH_POINT("commit.before_original");
	if (!settle_original(committer, request, error))
		return false;
	if (!loose)
		claim_excuse(request->claim);
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
	bool loose = request->drop->loose;

	/* What failed is not what lies there by now: it was taken before its writer was done. */
	if (!loose && claim_look(request->claim, NULL) == CLAIM_CHANGED) {
		request->changed = true;
		return fail(error, ERROR_RETRY, "the original was written to while it was in work");
	}
	for (guint i = 0; i < request->found->outputs->len; i++)
		job_remove_temp(g_ptr_array_index(request->found->outputs, i));
	CRASH_POINT("fail.before_reason");
	return write_history(committer, request, "failed", error) &&
	       (loose || claim_fail(request->claim, request->failure, error) || is_gone(request->claim, error));
}

static void tell_story(struct committer *committer, struct commit_request *request)
{
	char **story = request->story;

	if (committer->history)
		history_tell(
			committer->history, story[0], &(struct history_story){story[1], story[2], story[3], story[4]});
	commit_request_free(request);
}

static void run(gpointer data, gpointer user)
{
	struct commit_request *request = data;
	struct committer *committer = user;

	if (request->kind == COMMIT_STORY) {
		tell_story(committer, request);
		return;
	}
	request->ok = request->kind == COMMIT_OUTPUTS ? commit_outputs(committer, request, &request->error)
						      : commit_failure(committer, request, &request->error);
	request->refused = !request->ok && request->kind == COMMIT_OUTPUTS && error_kind(request->error) == ERROR_INPUT;
	if (request->refused && !all_committed(request->found))
		take_back(committer->names, request->drop, request->found, request->error);
	if (request->ok || request->changed)
		names_release(committer->names, request->drop);
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

void committer_free(struct committer *committer)
{
	if (!committer)
		return;
	g_thread_pool_free(committer->pool, FALSE, TRUE);
	g_free(committer);
}
