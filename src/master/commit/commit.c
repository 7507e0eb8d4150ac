/* SPDX-License-Identifier: GPL-2.0-or-later
 * The thread, and batches of pictures: see commit.h. */
#include "master/commit/commit.h"

#include "base/error.h"
#include "master/commit/commit_steps.h"
#include "master/commit/take_back.h"

/* So many share an fsync; the first of them waits for the last. */
#define BATCH_MOST 32
/* What came over the bus and is to be written here: more than this is not waited for by others. */
#define SLOW_BYTES (4 << 20)

struct committer {
	struct commit_tools tools;
	GThread *thread;
	GAsyncQueue *queue; /* struct commit_request; the committer itself is the end */
	GQueue late;        /* those whose name another one of their batch had: first in the next */
	bool ending;
	void (*done)(struct commit_request *request, void *user);
	void *user;
};

struct batch {
	struct committer *committer;
	GPtrArray *requests;
};

void commit_request_free(struct commit_request *request)
{
	if (!request)
		return;
	drop_unref(request->drop);
	claim_free(request->claim);
	found_free(request->found);
	if (request->next)
		g_ptr_array_unref(request->next);
	g_free(request->failure);
	g_clear_error(&request->error);
	for (gsize i = 0; i < G_N_ELEMENTS(request->story); i++)
		g_free(request->story[i]);
	g_free(request);
}

static gboolean report(gpointer data)
{
	g_autofree struct batch *batch = data;

	for (guint i = 0; i < batch->requests->len; i++) {
		batch->committer->done(batch->requests->pdata[i], batch->committer->user);
		commit_request_free(batch->requests->pdata[i]);
	}
	g_ptr_array_unref(batch->requests);
	return G_SOURCE_REMOVE;
}

/* Through one step, whoever has come so far. */
static void step(const struct batch *batch, commit_step take)
{
	for (guint i = 0; i < batch->requests->len; i++) {
		struct commit_request *request = batch->requests->pdata[i];
		if (request->ok)
			request->ok = take(&batch->committer->tools, request, &request->error);
	}
}

/* The same, where one fsync of a folder is for all of them. */
static void step_synced(struct batch *batch, commit_step take)
{
	auto_struct(sync_once) once = sync_once_new();

	batch->committer->tools.once = once;
	step(batch, take);
	batch->committer->tools.once = NULL;
}

/* Each before the first output gets its name. Who wants a name that another one of the batch has: when that one is over. The first never waits
 * so, or it could wait for ever. */
static void prepare(struct batch *batch)
{
	g_autoptr(GPtrArray) all = g_steal_pointer(&batch->requests);

	batch->requests = g_ptr_array_new();
	for (guint i = 0; i < all->len; i++) {
		struct commit_request *request = all->pdata[i];
		request->taken = false;
		request->ok = commit_prepare(&batch->committer->tools, request, &request->error);
		if (request->taken && i > 0) {
			g_clear_error(&request->error);
			g_queue_push_tail(&batch->committer->late, request);
		} else {
			g_ptr_array_add(batch->requests, request);
		}
	}
}

static void fail_all(const struct batch *batch, const GError *cause)
{
	for (guint i = 0; i < batch->requests->len; i++) {
		struct commit_request *request = batch->requests->pdata[i];
		if (request->ok)
			request->error = g_error_copy(cause);
		request->ok = false;
	}
}

static bool is_any_left(const struct batch *batch)
{
	for (guint i = 0; i < batch->requests->len; i++)
		if (((struct commit_request *)batch->requests->pdata[i])->ok)
			return true;
	return false;
}

/* One transaction. */
static void record(struct batch *batch)
{
	struct history *history = batch->committer->tools.history;
	g_autoptr(GError) error = NULL;

	if (!history || !is_any_left(batch))
		return;
	if (!history_begin(history, &error)) {
		fail_all(batch, error);
		return;
	}
	step(batch, commit_record);
	if (!history_end(history, &error))
		fail_all(batch, error);
}

static void conclude(struct committer *committer, struct commit_request *request)
{
	struct names *names = committer->tools.names;

	request->refused = !request->ok && request->kind == COMMIT_OUTPUTS && error_kind(request->error) == ERROR_INPUT;
	if (request->refused && !commit_is_made(request->found))
		take_back(names, request->drop, request->found, request->error);
	if (request->ok || request->changed)
		names_release(names, request->drop);
}

static void commit(struct committer *committer, GPtrArray *requests)
{
	struct batch *batch = g_new(struct batch, 1);

	*batch = (struct batch){committer, requests};
	prepare(batch);
	step(batch, commit_rename);
	step_synced(batch, commit_sync);
	record(batch);
	step(batch, commit_leave);
	step_synced(batch, commit_settle);
	step_synced(batch, commit_finish);
	for (guint i = 0; i < batch->requests->len; i++)
		conclude(committer, batch->requests->pdata[i]);
	/* Names are free since somebody is over, or gave one up: once for all, with the last answer. */
	((struct commit_request *)batch->requests->pdata[batch->requests->len - 1])->next =
		names_next(committer->tools.names);
	g_idle_add_full(G_PRIORITY_DEFAULT, report, batch, NULL);
}

static void tell_story(struct committer *committer, struct commit_request *request)
{
	char **story = request->story;

	if (committer->tools.history)
		history_tell(committer->tools.history, story[0],
			&(struct history_story){story[1], story[2], story[3], story[4]});
	commit_request_free(request);
}

/* NULL: there is none now, or never again. */
static struct commit_request *next(struct committer *committer, bool wait)
{
	if (!g_queue_is_empty(&committer->late))
		return g_queue_pop_head(&committer->late);
	gpointer found = committer->ending ? NULL
			 : wait            ? g_async_queue_pop(committer->queue)
					   : g_async_queue_try_pop(committer->queue);
	if (found != committer)
		return found;
	committer->ending = true;
	return NULL;
}

/* Others would wait for it: much to write, or a folder that replaces another one. */
static bool is_slow(const struct commit_request *request)
{
	gint64 bytes = 0;
	bool folder = false;

	for (guint i = 0; i < request->found->outputs->len; i++) {
		const struct job_output *output = request->found->outputs->pdata[i];
		bytes += output->arrived ? output->arrived_bytes : 0;
		folder = folder || output->is_folder;
	}
	return folder || bytes > SLOW_BYTES;
}

/* All that is queued. It does not wait for more: one picture alone is as quick as it can be. */
static void take(struct committer *committer, struct commit_request *request)
{
	GPtrArray *requests = g_ptr_array_new();
	bool more = true;

	for (; request; request = more ? next(committer, false) : NULL) {
		if (request->kind == COMMIT_STORY) {
			tell_story(committer, request);
			continue;
		}
		g_ptr_array_add(requests, request);
		more = requests->len < BATCH_MOST && !is_slow(request);
	}
	if (requests->len)
		commit(committer, requests);
	else
		g_ptr_array_unref(requests);
}

static gpointer run(gpointer data)
{
	struct committer *committer = data;

	for (struct commit_request *request; (request = next(committer, true));)
		take(committer, request);
	return NULL;
}

struct committer *committer_new(struct names *names, struct history *history, struct kept *kept,
	void (*done)(struct commit_request *request, void *user), void *user)
{
	struct committer *committer = g_new0(struct committer, 1);

	committer->tools = (struct commit_tools){names, history, kept, NULL};
	committer->done = done;
	committer->user = user;
	committer->queue = g_async_queue_new();
	committer->thread = g_thread_new("commit", run, committer);
	return committer;
}

void committer_add(struct committer *committer, struct commit_request *request)
{
	g_async_queue_push(committer->queue, request);
}

void committer_free(struct committer *committer)
{
	if (!committer)
		return;
	g_async_queue_push(committer->queue, committer);
	g_thread_join(committer->thread);
	g_async_queue_unref(committer->queue);
	g_free(committer);
}
