/* SPDX-License-Identifier: GPL-2.0-or-later
 * The inboxes that were: see inboxes.h. */
#include "master/inbox/inboxes.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/json.h"
#include "base/log.h"
#include "master/inbox/claim_end.h"
#include "master/inbox/claim_recover.h"
#include "master/inbox/inbox_lock.h"

#define LOOK_US (2 * G_USEC_PER_SEC)
/* Claims that go back at a time, and files that are counted. */
#define CLAIMS_AT_ONCE 1000
#define COUNT_MOST 10000

/* One inbox; to the thread and back goes a copy. */
struct known {
	char *path, *pipeline, *mount;
	bool live;     /* a definition names it */
	bool spared;   /* one that cannot be read now may do so */
	guint back;    /* claims that went back into sight */
	guint64 files; /* that lie there */
	char *why;     /* reported to people; NULL: nothing */
	bool over;     /* nothing of it is left */
};

struct inboxes {
	char *path;
	struct waiting *waiting;
	GPtrArray *all; /* struct known */
	GCancellable *end;
	bool looking;
	gint64 look_us;
};

static void known_free(gpointer data)
{
	struct known *known = data;

	g_free(known->path);
	g_free(known->pipeline);
	g_free(known->mount);
	g_free(known->why);
	g_free(known);
}

static struct known *known_new(const char *path, const char *pipeline, const char *mount)
{
	struct known *known = g_new0(struct known, 1);

	known->path = g_strdup(path);
	known->pipeline = g_strdup(pipeline);
	known->mount = g_strdup(mount);
	return known;
}

static struct known *find(const struct inboxes *inboxes, const char *path)
{
	for (guint i = 0; i < inboxes->all->len; i++) {
		struct known *known = g_ptr_array_index(inboxes->all, i);
		if (strcmp(known->path, path) == 0)
			return known;
	}
	return NULL;
}

static void load(struct inboxes *inboxes)
{
	g_autofree char *text = NULL;
	g_autoptr(JsonObject) root = NULL;

	if (g_file_get_contents(inboxes->path, &text, NULL, NULL))
		root = json_parse_object(text, -1, NULL);
	JsonArray *list = root ? json_array(root, "inboxes") : NULL;
	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		JsonObject *entry = json_object_at(list, i);
		g_autofree char *path = json_path(entry, "path");
		g_autofree char *mount = json_path(entry, "mount");
		if (path && g_path_is_absolute(path))
			g_ptr_array_add(inboxes->all, known_new(path, json_string(entry, "pipeline", ""), mount));
	}
}

static void store(const struct inboxes *inboxes)
{
	g_autoptr(JsonObject) root = json_object_new();
	g_autoptr(GError) error = NULL;
	JsonArray *list = json_array_new();

	for (guint i = 0; i < inboxes->all->len; i++) {
		const struct known *known = g_ptr_array_index(inboxes->all, i);
		JsonObject *entry = json_object_new();
		json_set_path(entry, "path", known->path);
		json_object_set_string_member(entry, "pipeline", known->pipeline);
		if (known->mount)
			json_set_path(entry, "mount", known->mount);
		json_array_add_object_element(list, entry);
	}
	json_object_set_array_member(root, "inboxes", list);
	g_autofree char *text = json_object_text(root);
	if (!g_file_set_contents_full(inboxes->path, text, -1,
		    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error))
		log_warning("the inboxes cannot be remembered: %s", error->message);
}

struct inboxes *inboxes_new(const char *state, struct waiting *waiting)
{
	struct inboxes *inboxes = g_new0(struct inboxes, 1);

	inboxes->path = g_build_filename(state, "inboxes.json", NULL);
	inboxes->waiting = waiting;
	inboxes->all = g_ptr_array_new_with_free_func(known_free);
	inboxes->end = g_cancellable_new();
	load(inboxes);
	return inboxes;
}

void inboxes_free(struct inboxes *inboxes)
{
	if (!inboxes)
		return;
	g_cancellable_cancel(inboxes->end); /* the thread's answer is thrown away */
	g_object_unref(inboxes->end);
	g_ptr_array_unref(inboxes->all);
	g_free(inboxes->path);
	g_free(inboxes);
}

char *inboxes_mount(const struct inboxes *inboxes, const char *path, bool *known)
{
	const struct known *found = inboxes ? find(inboxes, path) : NULL;

	*known = found != NULL;
	return found ? g_strdup(found->mount) : NULL;
}

void inboxes_set(struct inboxes *inboxes, const GPtrArray *now, char **spared)
{
	for (guint i = 0; i < inboxes->all->len; i++) {
		struct known *known = g_ptr_array_index(inboxes->all, i);
		known->live = false;
		known->spared = g_strv_contains((const char *const *)spared, known->pipeline);
	}
	for (guint i = 0; i < now->len; i++) {
		const struct inbox *inbox = now->pdata[i];
		struct known *known = find(inboxes, inbox->path);
		if (!known) {
			known = known_new(inbox->path, inbox->pipeline, NULL);
			g_ptr_array_add(inboxes->all, known);
		}
		if (known->files)
			waiting_more(inboxes->waiting, known->pipeline, known->path, 0, NULL);
		known->files = 0;
		known->live = true;
		g_free(known->pipeline);
		known->pipeline = g_strdup(inbox->pipeline);
	}
	store(inboxes);
	inboxes->look_us = 0;
}

/* ---- on the thread */

static guint64 count_files(const char *path, bool at_top, guint64 most)
{
	g_autoptr(GPtrArray) names = beneath_list(path);
	guint64 count = 0;

	for (guint i = 0; names && i < names->len && count < most; i++) {
		if (inbox_ignores(names->pdata[i], at_top))
			continue;
		g_autofree char *inner = g_build_filename(path, names->pdata[i], NULL);
		count += beneath_is_folder(inner) ? count_files(inner, false, most - count) : 1;
	}
	return count;
}

/* What was claimed goes back under its name, or a free one beside it. Returns how many could not. */
static guint give_back(const struct inbox *inbox, struct known *known)
{
	bool rest;
	g_autoptr(GPtrArray) claims = claim_recover(inbox, CLAIMS_AT_ONCE, &rest);
	guint stuck = rest;

	for (guint i = 0; i < claims->len; i++) {
		g_autoptr(GError) error = NULL;
		struct claim *claim = claims->pdata[i];
		if (claim_give_back(claim, &error)) {
			known->back++;
			continue;
		}
		stuck++;
		log_warning("%s: it cannot go back to its inbox yet: %s", claim->path, error->message);
	}
	return stuck;
}

static void look_at_left(struct known *known)
{
	g_autoptr(GError) error = NULL;
	struct stat status;

	if (inbox_is_away(known->path, known->mount)) {
		known->files = 1;
		known->why = g_strdup_printf(
			"no definition names this inbox any more, and its file system (%s) is not mounted: pictures may lie in it",
			known->mount);
		return;
	}
	if (beneath_stat(known->path, &status) != 0 || !S_ISDIR(status.st_mode)) {
		known->over = true;
		return;
	}
	int lock = inbox_lock(known->path, &error);
	known->over = error != NULL; /* it is another mill's by now */
	if (error)
		return;
	struct inbox *inbox = inbox_new(known->pipeline, known->path, true, NULL, 0);
	guint stuck = give_back(inbox, known);
	known->files = stuck + count_files(known->path, true, COUNT_MOST);
	known->over = known->files == 0;
	if (known->files)
		known->why = g_strdup_printf(
			"no definition names this inbox any more (it was that of %s): name it in one (inbox: %s), or empty the folder",
			known->pipeline, known->path);
	inbox_free(inbox);
	if (lock >= 0)
		close(lock);
}

static void look(GTask *task, gpointer source, gpointer data, GCancellable *end)
{
	GPtrArray *list = data;

	(void)source;
	for (guint i = 0; i < list->len && !g_cancellable_is_cancelled(end); i++) {
		struct known *known = list->pdata[i];
		if (!known->live) {
			look_at_left(known);
		} else if (!inbox_is_away(known->path, known->mount) && beneath_is_folder(known->path)) {
			g_free(known->mount);
			known->mount = inbox_mount(known->path);
		}
	}
	g_task_return_boolean(task, TRUE);
}

/* ---- on the loop again */

static void tell(struct inboxes *inboxes, struct known *known, const struct known *seen)
{
	if (seen->back)
		log_warning("%s: %u pictures that lay claimed here are in sight again: %s", known->path, seen->back,
			seen->why ? seen->why : "");
	if (waiting_more(inboxes->waiting, known->pipeline, known->path, seen->files, seen->why))
		log_warning("%s: %s", known->path, seen->files ? seen->why : "it is empty, and forgotten");
	known->files = seen->files;
}

static void looked(GObject *source, GAsyncResult *result, gpointer data)
{
	struct inboxes *inboxes = data;
	GTask *task = G_TASK(result);
	GPtrArray *list = g_task_get_task_data(task);
	bool changed = false;

	(void)source;
	if (!g_task_propagate_boolean(task, NULL)) /* the end: inboxes are no more */
		return;
	inboxes->looking = false;
	for (guint i = 0; i < list->len; i++) {
		const struct known *seen = list->pdata[i];
		struct known *known = find(inboxes, seen->path);
		if (!known || known->live != seen->live)
			continue;
		if (!known->live)
			tell(inboxes, known, seen);
		changed |= seen->over || g_strcmp0(known->mount, seen->mount) != 0;
		g_free(known->mount);
		known->mount = g_strdup(seen->mount);
		if (seen->over)
			g_ptr_array_remove(inboxes->all, known);
	}
	if (changed)
		store(inboxes);
}

void inboxes_tick(struct inboxes *inboxes)
{
	if (!inboxes || inboxes->looking || clock_now_us() < inboxes->look_us)
		return;
	GPtrArray *list = g_ptr_array_new_with_free_func(known_free);
	for (guint i = 0; i < inboxes->all->len; i++) {
		const struct known *known = g_ptr_array_index(inboxes->all, i);
		struct known *copy = known_new(known->path, known->pipeline, known->mount);
		copy->live = known->live;
		if (known->spared && !known->live)
			known_free(copy);
		else
			g_ptr_array_add(list, copy);
	}
	g_autoptr(GTask) task = g_task_new(NULL, inboxes->end, looked, inboxes);
	g_task_set_task_data(task, list, (GDestroyNotify)g_ptr_array_unref);
	inboxes->looking = true;
	inboxes->look_us = clock_now_us() + LOOK_US;
	g_task_run_in_thread(task, look);
}
