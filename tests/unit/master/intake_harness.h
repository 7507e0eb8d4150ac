/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a mill's inboxes without the mill: a temporary folder, an intake on it, and what it handed out.
 * Thread:    the test's; the intake's callbacks write under the lock.
 * Ownership: static; harness_start/harness_stop as cmocka's set-up and teardown.
 */
#pragma once

#include "../unit.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "master/commit/kept_originals_records.h"
#include "master/inbox/claim_end.h"
#include "master/inbox/claim_id.h"
#include "master/inbox/claim_recover.h"
#include "master/inbox/claim_register.h"
#include "master/inbox/failures.h"
#include "master/inbox/inbox_lock.h"
#include "master/intake/intake_settle.h"
#include "master/intake/intake_state.h"
#include "master/intake/intake_take.h"
#include "master/intake/intake_watch.h"
#include "master/intake/watched_inbox.h"

#define SETTLE_US (40 * 1000)
#define DEADLINE_US (5 * G_USEC_PER_SEC)

static struct {
	char *root; /* the temporary folder; inboxes lie below it */
	struct intake *intake;
	GMutex lock;
	GCond changed;
	GPtrArray *claims;   /* struct claim */
	GHashTable *waiting; /* path → why */
	GPtrArray *history;  /* every `waiting` call: "path: why" */
	bool hold;           /* the callback blocks while this is set */
	bool holding;
	guint queue;  /* claims of an inbox at a time */
	guint64 more; /* files that wait besides, as last told */
	char *more_why;
	struct kept *kept; /* the test's; NULL: no original stays */
	guint walks;       /* that came to their end */
} h;

static inline void on_claimed(struct claim *claim, void *user)
{
	(void)user;
	g_mutex_lock(&h.lock);
	g_ptr_array_add(h.claims, claim);
	h.holding = h.hold;
	g_cond_broadcast(&h.changed);
	while (h.hold)
		g_cond_wait(&h.changed, &h.lock);
	g_mutex_unlock(&h.lock);
}

static inline void on_waiting(const char *pipeline, const char *path, const char *why, void *user)
{
	(void)pipeline;
	(void)user;
	g_mutex_lock(&h.lock);
	if (why)
		g_hash_table_replace(h.waiting, g_strdup(path), g_strdup(why));
	else
		g_hash_table_remove(h.waiting, path);
	g_ptr_array_add(h.history, g_strdup_printf("%s: %s", path, why ? why : "over"));
	g_cond_broadcast(&h.changed);
	g_mutex_unlock(&h.lock);
}

static inline void on_more(const char *pipeline, const char *inbox, guint64 count, const char *why, void *user)
{
	(void)pipeline;
	(void)inbox;
	(void)user;
	g_mutex_lock(&h.lock);
	h.more = count;
	g_free(h.more_why);
	h.more_why = g_strdup(why);
	g_cond_broadcast(&h.changed);
	g_mutex_unlock(&h.lock);
}

static inline enum intake_known on_known(
	const struct inbox *inbox, const char *relative, const struct stat *status, bool told, void *user)
{
	(void)user;
	return h.kept ? kept_look(h.kept, inbox, relative, status, told) : KNOWN_NOT;
}

static inline void on_gone(const struct inbox *inbox, const char *relative, bool deleted, void *user)
{
	(void)user;
	if (h.kept)
		kept_gone(h.kept, inbox, relative, deleted);
}

static inline void on_walked(const struct inbox *inbox, void *user)
{
	(void)user;
	if (h.kept)
		kept_walked(h.kept, inbox);
	g_mutex_lock(&h.lock);
	h.walks++;
	g_cond_broadcast(&h.changed);
	g_mutex_unlock(&h.lock);
}

static inline guint64 on_kept(const struct inbox *inbox, void *user)
{
	(void)user;
	return h.kept ? kept_count(h.kept, inbox->pipeline) : 0;
}

/* Waits for an expression that the intake's thread makes true. */
#define await(expression)                                                                                              \
	do {                                                                                                           \
		gint64 deadline = g_get_monotonic_time() + DEADLINE_US;                                                \
		g_mutex_lock(&h.lock);                                                                                 \
		bool came = true;                                                                                      \
		while (!(expression) && came)                                                                          \
			came = g_cond_wait_until(&h.changed, &h.lock, deadline);                                       \
		bool is = (expression);                                                                                \
		g_mutex_unlock(&h.lock);                                                                               \
		if (!is)                                                                                               \
			print_error("awaited in vain: %s\n", #expression);                                             \
		assert_true(is);                                                                                       \
	} while (0)

static inline char *at(const char *relative)
{
	return g_build_filename(h.root, relative, NULL);
}

static inline void make_folder(const char *relative)
{
	g_autofree char *path = at(relative);
	assert_int_equal(g_mkdir_with_parents(path, 0777), 0);
}

/* Written in place, as cp does. */
static inline void put(const char *relative, const char *text)
{
	g_autofree char *path = at(relative);
	int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
	close(descriptor);
}

static inline void move(const char *from, const char *to)
{
	g_autofree char *source = at(from);
	g_autofree char *target = at(to);
	assert_int_equal(rename(source, target), 0);
}

static inline bool exists(const char *relative)
{
	g_autofree char *path = at(relative);
	struct stat status;
	return lstat(path, &status) == 0;
}

static inline char *content(const char *relative)
{
	g_autofree char *path = at(relative);
	char *text = NULL;
	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

static inline void assert_content(const char *relative, const char *expected)
{
	g_autofree char *text = content(relative);
	assert_non_null(text);
	assert_string_equal(text, expected);
}

/* Call with the lock, or within await(). */
static inline struct claim *claim_of(const char *relative)
{
	for (guint i = 0; i < h.claims->len; i++) {
		struct claim *claim = h.claims->pdata[i];
		if (strcmp(claim->relative, relative) == 0)
			return claim;
	}
	return NULL;
}

static inline const char *waiting_at(const char *relative)
{
	g_autofree char *path = at(relative);
	return g_hash_table_lookup(h.waiting, path);
}

/* Waits for what shows on disk only. */
static inline void await_exists(const char *relative)
{
	gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
	while (!exists(relative) && g_get_monotonic_time() < deadline)
		g_usleep(2000);
	assert_true(exists(relative));
}

/* For what must not happen: everything dropped before `relative` had its chance when that is claimed. */
static inline void drop_and_await(const char *relative)
{
	put(relative, "the last one");
	const char *slash = strchr(relative, '/');
	await(claim_of(slash + 1));
}

static inline GPtrArray *inboxes(struct inbox *first, struct inbox *second)
{
	GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)inbox_free);
	g_ptr_array_add(list, first);
	if (second)
		g_ptr_array_add(list, second);
	return list;
}

static inline struct inbox *inbox_settling(const char *relative, gint64 settle_us)
{
	g_autofree char *path = at(relative);
	return inbox_new(relative, path, true, NULL, settle_us);
}

static inline struct inbox *inbox_at(const char *relative, bool recursive, char **accept)
{
	g_autofree char *path = at(relative);
	return inbox_new(relative, path, recursive, accept, SETTLE_US);
}

static inline void start_with(GPtrArray *list)
{
	static const struct intake_events events = {.claimed = on_claimed,
		.waiting = on_waiting,
		.more = on_more,
		.known = on_known,
		.gone = on_gone,
		.walked = on_walked,
		.kept = on_kept};
	g_autoptr(GError) error = NULL;

	h.intake = intake_new(list, h.queue, &events, &error);
	if (!h.intake)
		print_error("%s\n", error->message);
	assert_non_null(h.intake);
}

static inline void start(const char *inbox)
{
	start_with(inboxes(inbox_at(inbox, true, NULL), NULL));
}

static inline void stop_intake(void)
{
	g_mutex_lock(&h.lock);
	struct intake *intake = g_steal_pointer(&h.intake);
	g_mutex_unlock(&h.lock);
	intake_free(intake);
}

static inline int harness_start(void **state)
{
	h.root = g_dir_make_tmp("dropmill-intake-XXXXXX", NULL);
	h.claims = g_ptr_array_new_with_free_func((GDestroyNotify)claim_free);
	h.history = g_ptr_array_new_with_free_func(g_free);
	h.waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	h.hold = h.holding = false;
	h.queue = 100000;
	h.more = 0;
	return h.root ? 0 : -1;
}

static inline int harness_stop(void **state)
{
	g_mutex_lock(&h.lock);
	h.hold = false;
	g_cond_broadcast(&h.changed);
	g_mutex_unlock(&h.lock);
	stop_intake();
	files_remove_tree(h.root);
	g_clear_pointer(&h.root, g_free);
	g_clear_pointer(&h.more_why, g_free);
	g_clear_pointer(&h.claims, g_ptr_array_unref);
	g_clear_pointer(&h.history, g_ptr_array_unref);
	g_clear_pointer(&h.waiting, g_hash_table_unref);
	return 0;
}

#define INTAKE_TEST(name) cmocka_unit_test_setup_teardown(name, harness_start, harness_stop)
