/* SPDX-License-Identifier: GPL-2.0-or-later
 * The end of a job, made durable: see commit.h. */
#include "master/commit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/folder.h"
#include "base/json.h"
#include "base/log.h"

struct committer {
	GThreadPool *pool;
	struct history *history;
	struct kept *kept;
	GHashTable *owners; /* of outputs of this process's life: path to owner; the ledger where there is no history */
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

static char *owner_of(struct committer *committer, const char *path)
{
	const char *known = g_hash_table_lookup(committer->owners, path);

	if (known)
		return g_strdup(known);
	return committer->history ? history_owner(committer->history, path) : NULL;
}

/* A folder that looks like a pyramid of ours: another's, with who knows what in it, is never replaced for its name alone. */
static bool is_pyramid(const char *path)
{
	static const char *const signs[] = {"ImageProperties.xml", "info.json", "blank.png", NULL};
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".dzi") || g_strv_contains(signs, name))
			return true;
	return false;
}

/* name.ext, name-1.ext, name-2.ext ...: the first that is free or belongs to this very source, and is of the same kind. Returns owned. */
static char *place_for(struct committer *committer, const char *wished, const char *owner, bool overwrite, bool folder)
{
	const char *slash = strrchr(wished, '/'), *dot = strrchr(slash ? slash : wished, '.');
	int stem = (int)(dot ? dot - wished : (gssize)strlen(wished));

	for (int i = 0;; i++) {
		char *path = i ? g_strdup_printf("%.*s-%d%s", stem, wished, i, dot ? dot : "") : g_strdup(wished);
		g_autofree char *whose = owner_of(committer, path);
		bool exists = g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_SYMLINK);
		bool alike =
			folder == (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK));
		bool ours = g_strcmp0(whose, owner) == 0 || (overwrite && !whose && (!folder || is_pyramid(path)));
		if (!exists || (alike && ours))
			return path;
		g_free(path);
	}
}

static bool commit_output(
	struct committer *committer, struct commit_request *request, struct job_output *output, GError **error)
{
	struct job *job = request->job;
	g_autofree char *owner =
		g_strconcat(job->pipeline->name, "/", job->loose ? job->claim->path : job->claim->relative, NULL);
	bool folder = g_file_test(output->temp, G_FILE_TEST_IS_DIR);
	g_autofree char *final = place_for(committer, output->final, owner, request->overwrite, folder);

	if (!(folder ? folder_sync : files_sync)(output->temp, error))
		return false;
	if (folder && !folder_replace(output->temp, final, error))
		return false;
	if (!folder && rename(output->temp, final) != 0)
		return fail_errno(error, "%s", final);
	g_free(output->final);
	output->final = g_strdup(final);
	g_hash_table_insert(committer->owners, g_strdup(final), g_strdup(owner));
	g_autoptr(GError) ledger = NULL;
	if (committer->history && !history_own(committer->history, final, owner, &ledger))
		log_warning("%s", ledger->message);
	output->committed = files_sync_folder_of(final, error);
	return output->committed;
}

static bool settle_original(struct committer *committer, const struct job *job, GError **error)
{
	if (job->loose)
		return true;
	switch (job->pipeline->originals) {
	case ORIGINALS_DELETE:
		return claim_delete(job->claim, error);
	case ORIGINALS_KEEP:
		/* Known before it is back in sight, or it would be taken again. */
		return kept_add(committer->kept, job->claim, error) && claim_give_back(job->claim, error);
	case ORIGINALS_ARCHIVE:
		return claim_archive(job->claim, error);
	}
	return true;
}

static void write_history(struct committer *committer, const struct job *job, const char *state)
{
	g_autoptr(JsonArray) outputs = json_array_new();
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	if (!committer->history)
		return;
	for (guint i = 0; strcmp(state, "done") == 0 && i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		JsonObject *entry = json_object_new();
		json_set_path(entry, "path", output->final);
		json_object_set_int_member(entry, "bytes", output->bytes);
		json_object_set_int_member(entry, "width", output->width);
		json_object_set_int_member(entry, "height", output->height);
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
		.outputs = text,
	};
	if (!history_add(committer->history, &record, &error))
		log_warning("%s", error->message);
}

static bool commit_outputs(struct committer *committer, struct commit_request *request, GError **error)
{
	struct job *job = request->job;

	if (!job->loose && !claim_unchanged(job->claim, error)) {
		request->changed = true;
		return false;
	}
	for (guint i = 0; i < job->outputs->len; i++)
		if (!commit_output(committer, request, g_ptr_array_index(job->outputs, i), error))
			return false;
	/* Every output is on disk under its name: now, and not before, the original may go. */
	if (!settle_original(committer, job, error))
		return false;
	write_history(committer, job, "done");
	return true;
}

static bool commit_failure(struct committer *committer, struct commit_request *request, GError **error)
{
	struct job *job = request->job;

	for (guint i = 0; i < job->outputs->len; i++)
		folder_discard(((struct job_output *)g_ptr_array_index(job->outputs, i))->temp);
	if (!job->loose && !claim_fail(job->claim, job->error, error))
		return false;
	write_history(committer, job, "failed");
	return true;
}

static void run(gpointer data, gpointer user)
{
	struct commit_request *request = data;
	struct committer *committer = user;

	request->ok = request->kind == COMMIT_OUTPUTS ? commit_outputs(committer, request, &request->error)
						      : commit_failure(committer, request, &request->error);
	struct finished *finished = g_new(struct finished, 1);
	*finished = (struct finished){committer, request};
	g_idle_add_full(G_PRIORITY_DEFAULT, report, finished, NULL);
}

struct committer *committer_new(struct history *history, struct kept *kept,
	void (*done)(struct commit_request *request, void *user), void *user)
{
	struct committer *committer = g_new0(struct committer, 1);

	committer->history = history;
	committer->kept = kept;
	committer->owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
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
	g_hash_table_unref(committer->owners);
	g_free(committer);
}
