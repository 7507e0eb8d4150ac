/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the end of one picture needs at each step: see commit_steps.h. */
#include "master/commit/commit_steps.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/folder.h"
#include "base/disk/moves.h"
#include "base/display.h"
#include "base/error.h"
#include "base/json.h"
#include "base/testing/crash.h"
#include "master/commit/output_check.h"
#include "master/commit/output_conflicts.h"
#include "master/commit/output_places.h"
#include "master/commit/take_back.h"
#include "master/inbox/claim_end.h"

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
static bool put(const struct commit_tools *tools, struct commit_request *request, struct job_output *output,
	bool folder, GError **error)
{
	const struct drop *drop = request->drop;

	for (;;) {
		g_autoptr(GError) cause = NULL;
		struct stat status;
		if (output->final && output->fresh && beneath_stat(output->final, &status) == 0 &&
			!files_same(output->temp, output->final))
			names_give_up(tools->names, output);
		else if (output->final && !output->fresh && !names_may_replace(tools->names, drop, output, error))
			return false;
		if (!output->final && names_settle(tools->names, drop, request->found, error) != NAMES_GIVEN)
			return false;
		if (output->skipped)
			return true;
		/* One that was not known before, or that somebody removed meanwhile. */
		g_autofree char *parent = g_path_get_dirname(output->final);
		if (!files_make_folder(parent, error))
			return false;
		if (!names_own(tools->names, drop, request->found->number, output, error))
			return false;
		if (give_name(output, folder, &cause))
			return true;
		if (error_number(cause) != EEXIST || !output->fresh) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		names_give_up(tools->names, output);
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

/* Is the output there, and as the definition says? */
static bool look_at(struct commit_request *request, struct job_output *output, GError **error)
{
	const struct output *wish = g_ptr_array_index(request->drop->pipeline->outputs, output->number);
	const struct output_wanted wanted = {wish->format, output->is_folder, output->bytes};

	if (!write_arrived(output, error))
		return false;
	CRASH_POINT("commit.temp_written");
	if (is_missing(output->temp)) {
		g_autofree char *shown = display_name(output->temp);
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
	const struct commit_tools *tools, struct commit_request *request, struct job_output *output, GError **error)
{
	CRASH_POINT("commit.synced");
	bool folder = beneath_is_folder(output->temp);
	if (!put(tools, request, output, folder, error))
		return false;
	CRASH_POINT("commit.renamed");
	output->renamed = !output->skipped;
	return true;
}

/* Every output is on disk under its name: only the original is left to do. */
bool commit_is_made(const struct found *found)
{
	for (guint i = 0; i < found->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(found->outputs, i);
		if (!output->committed && !output->skipped)
			return false;
	}
	return true;
}

static bool prepare_outputs(const struct commit_tools *tools, struct commit_request *request, GError **error)
{
	struct found *found = request->found;

	if (!request->drop->loose && !(request->tries > 0 && commit_is_made(found))) {
		enum claim_state state = claim_look(request->claim, error);
		request->changed = state == CLAIM_CHANGED;
		if (state != CLAIM_SAME)
			return false;
	}
	enum names_answer answer = names_settle(tools->names, request->drop, found, error);
	request->taken = answer == NAMES_TAKEN;
	return answer == NAMES_GIVEN && look_at_outputs(request, error);
}

static bool prepare_failure(struct commit_request *request, GError **error)
{
	/* What failed is not what lies there by now: it was taken before its writer was done. */
	if (!request->drop->loose && claim_look(request->claim, NULL) == CLAIM_CHANGED) {
		request->changed = true;
		return fail(error, ERROR_RETRY, "the original was written to while it was in work");
	}
	for (guint i = 0; i < request->found->outputs->len; i++)
		job_remove_temp(g_ptr_array_index(request->found->outputs, i));
	CRASH_POINT("fail.before_reason");
	return true;
}

bool commit_prepare(const struct commit_tools *tools, struct commit_request *request, GError **error)
{
	return request->kind == COMMIT_OUTPUTS ? prepare_outputs(tools, request, error)
					       : prepare_failure(request, error);
}

bool commit_rename(const struct commit_tools *tools, struct commit_request *request, GError **error)
{
	for (guint i = 0; request->kind == COMMIT_OUTPUTS && i < request->found->outputs->len; i++) {
		struct job_output *output = g_ptr_array_index(request->found->outputs, i);
		bool named = output->committed || output->skipped ||
			     output->renamed; /* by a try before that failed later on */
		if (!named && !rename_output(tools, request, output, error))
			return false;
		if (output->skipped)
			job_remove_temp(output);
	}
	return true;
}

bool commit_sync(const struct commit_tools *tools, struct commit_request *request, GError **error)
{
	for (guint i = 0; request->kind == COMMIT_OUTPUTS && i < request->found->outputs->len; i++) {
		struct job_output *output = g_ptr_array_index(request->found->outputs, i);
		if (output->committed || output->skipped)
			continue;
		output->committed = sync_once_folder_of(tools->once, output->final, error);
		request->lost = !output->committed && is_missing(output->final);
		if (!output->committed)
			return false;
	}
	return true;
}

bool commit_record(const struct commit_tools *tools, struct commit_request *request, GError **error)
{
	bool done = request->kind == COMMIT_OUTPUTS;
	const struct drop *drop = request->drop;
	const GPtrArray *made = request->found->outputs;
	g_autoptr(JsonArray) outputs = json_array_new();
	g_autofree char *text = NULL;
	gint64 out_bytes = 0;

	for (guint i = 0; done && i < made->len; i++) {
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
		.state = done ? "done" : "failed",
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
	return history_add(tools->history, &record, error);
}

static bool move_original(const struct commit_tools *tools, struct commit_request *request, GError **error)
{
	request->leaves = request->drop->pipeline->originals != ORIGINALS_KEEP;
	switch (request->drop->pipeline->originals) {
	case ORIGINALS_DELETE:
		return claim_delete(request->claim, error);
	case ORIGINALS_KEEP:
		return kept_return(tools->kept, request->claim, error);
	case ORIGINALS_ARCHIVE:
		return claim_archive(request->claim, error);
	}
	return true;
}

/* The reason that people read; false. */
static bool fail_original(GError **error)
{
	g_prefix_error(error, "its outputs are finished, but its original stays: ");
	return false;
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

bool commit_leave(const struct commit_tools *tools, struct commit_request *request, GError **error)
{
	CRASH_POINT("history.written");
	if (request->kind == COMMIT_FAILURE)
		return request->drop->loose || claim_fail(request->claim, request->failure, error) ||
		       is_gone(request->claim, error);
	CRASH_POINT("commit.before_original");
	/* Somebody removed it meanwhile: not a try before, which would have said where it is. */
	if (request->drop->loose || (!request->claim->left_at && claim_look(request->claim, NULL) == CLAIM_GONE))
		return true;
	return move_original(tools, request, error) || fail_original(error);
}

bool commit_settle(const struct commit_tools *tools, struct commit_request *request, GError **error)
{
	return !request->leaves || claim_settle(request->claim, tools->once, error) || fail_original(error);
}

bool commit_finish(const struct commit_tools *tools, struct commit_request *request, GError **error)
{
	if (request->kind != COMMIT_OUTPUTS)
		return true;
	if (request->leaves && !claim_finish(request->claim, tools->once, error))
		return fail_original(error);
	if (!request->drop->loose)
		claim_excuse(request->claim);
	CRASH_POINT("archive.done");
	return true;
}
