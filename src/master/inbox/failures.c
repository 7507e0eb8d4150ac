/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files in _failed/ that their writer goes on writing: see failures.h. The lock guards all of it. */
#include "master/inbox/failures.h"

#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/display.h"
#include "base/log.h"
#include "master/inbox/inbox.h"

gint64 failures_look_us = G_USEC_PER_SEC;

enum {
	REMEMBERED_MOST = 1000,
	ROUNDS_MOST = 8,
	PAUSES_MOST = 60, /* of failures_look_us, between two looks */
};
#define REMEMBERED_US (3600 * (gint64)G_USEC_PER_SEC)

struct failure {
	char *place; /* INBOX/RELATIVE, where it was dropped: the key */
	char *inbox;
	char *path; /* in _failed/; NULL: it was taken again */
	gint64 bytes, mtime_ns;
	gint64 failed_us, look_us;
	guint rounds; /* so often taken again */
};

static GMutex failures_lock;
static GHashTable *failures;         /* place → struct failure, owned */
static GQueue by_age = G_QUEUE_INIT; /* of them, borrowed: the one that failed longest ago first */

static void failure_free(gpointer data)
{
	struct failure *failure = data;

	g_queue_remove(&by_age, failure);
	g_free(failure->place);
	g_free(failure->inbox);
	g_free(failure->path);
	g_free(failure);
}

/* NAME.reason.txt; a name too long for that loses its middle, since the end has the number that tells it apart. */
char *failures_reason_path(const char *path)
{
	enum { HEAD = 160, TAIL = NAME_MAX - HEAD - 3 - (sizeof(REASON_ENDING) - 1) };
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	gsize length = strlen(name);

	if (length + strlen(REASON_ENDING) <= NAME_MAX)
		return g_strconcat(path, REASON_ENDING, NULL);
	gsize head = HEAD, tail = length - TAIL;
	while (head > 1 && ((guchar)name[head] & 0xc0) == 0x80) /* not within a character of UTF-8 */
		head--;
	while (tail < length - 1 && ((guchar)name[tail] & 0xc0) == 0x80)
		tail++;
	g_autofree char *shorter = g_strdup_printf("%.*s...%s%s", (int)head, name, name + tail, REASON_ENDING);
	return g_build_filename(folder, shorter, NULL);
}

void failures_add(const struct claim *claim)
{
	g_autofree char *place = g_build_filename(claim->inbox, claim->relative, NULL);

	g_mutex_lock(&failures_lock);
	if (!failures)
		failures = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, failure_free);
	struct failure *failure = g_hash_table_lookup(failures, place);
	if (failure) {
		g_queue_remove(&by_age, failure);
	} else {
		if (by_age.length >= REMEMBERED_MOST)
			g_hash_table_remove(failures, ((struct failure *)by_age.head->data)->place);
		failure = g_new0(struct failure, 1);
		failure->place = g_steal_pointer(&place);
		failure->inbox = g_strdup(claim->inbox);
		g_hash_table_insert(failures, failure->place, failure);
	}
	g_queue_push_tail(&by_age, failure);
	g_free(failure->path);
	failure->path = g_strdup(claim->left_at);
	failure->bytes = claim->bytes;
	failure->mtime_ns = claim->mtime_ns;
	failure->failed_us = failure->look_us = clock_now_us();
	g_mutex_unlock(&failures_lock);
}

static void take_again(struct failure *failure, GArray *returned)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_steal_pointer(&failure->path);
	g_autofree char *reason = failures_reason_path(path);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *top = g_build_filename(failure->inbox, FAILED_FOLDER, NULL);
	g_autofree char *place = files_move_beside(path, failure->place, &error);
	g_autofree char *shown = display_name(failure->place);

	if (!place) {
		log_warning("%s changed after it failed, and cannot be taken again: %s", shown, error->message);
		return;
	}
	log_info("%s changed after it failed: it is taken again", shown);
	if (beneath_unlink(reason) == 0)
		files_prune(folder, top);
	struct failure_returned back = {
		g_strdup(place + strlen(failure->inbox) + 1), clock_now_us() + (failures_look_us << failure->rounds)};
	g_array_append_val(returned, back);
	failure->rounds++;
}

/* False: it is not worth remembering any more. */
static bool look(struct failure *failure, GArray *returned)
{
	gint64 now = clock_now_us();
	struct stat status;

	if (now > failure->failed_us + REMEMBERED_US)
		return false;
	if (!failure->path || now < failure->look_us)
		return true;
	if (beneath_stat(failure->path, &status) != 0 || !S_ISREG(status.st_mode))
		return false; /* somebody saw to it */
	struct stamp is = stamp_of(&status);
	failure->look_us = now + MIN(now - failure->failed_us, PAUSES_MOST * failures_look_us);
	bool same = is.bytes == failure->bytes && is.mtime_ns == failure->mtime_ns;
	if (!same && failure->rounds < ROUNDS_MOST)
		take_again(failure, returned);
	return true;
}

static void returned_clear(gpointer data)
{
	g_free(((struct failure_returned *)data)->relative);
}

GArray *failures_look(const char *inbox)
{
	GArray *returned = g_array_new(FALSE, FALSE, sizeof(struct failure_returned));
	GHashTableIter iterator;
	gpointer value;

	g_array_set_clear_func(returned, returned_clear);
	g_mutex_lock(&failures_lock);
	if (failures) {
		g_hash_table_iter_init(&iterator, failures);
		while (g_hash_table_iter_next(&iterator, NULL, &value)) {
			struct failure *failure = value;
			if (strcmp(failure->inbox, inbox) == 0 && !look(failure, returned))
				g_hash_table_iter_remove(&iterator);
		}
	}
	g_mutex_unlock(&failures_lock);
	return returned;
}

void failures_forget_all(void)
{
	g_mutex_lock(&failures_lock);
	g_clear_pointer(&failures, g_hash_table_destroy);
	g_mutex_unlock(&failures_lock);
}
