/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Files in _failed/ whose writer was not done after all: one that grows or changes there is taken again, without a person. It is remembered
 * for an hour after it failed or changed last, looked at less and less often, and taken again a few times at most, each time after a longer
 * quiet. Looks, not events: it matters most where there are none (a share on which a writer elsewhere stalls).
 *
 * Failures come on any thread; the rest is intake's. The lock guards all of it. */
#include <string.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/display.h"
#include "base/log.h"
#include "master/intake/intake_private.h"

gint64 intake_failed_us = G_USEC_PER_SEC;

enum {
	REMEMBERED_MOST = 1000,
	ROUNDS_MOST = 8,
	PAUSES_MOST = 60, /* of intake_failed_us, between two looks */
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

void failed_add(const struct claim *claim)
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

static void take_again(struct intake *intake, struct box *box, struct failure *failure)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_steal_pointer(&failure->path);
	g_autofree char *reason = claim_reason_path(path);
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
	gint64 quiet_us = MAX(settle_time(box), intake_failed_us << failure->rounds);
	failure->rounds++;
	settle_returned(intake, box, place + strlen(failure->inbox) + 1, clock_now_us() + quiet_us);
}

/* False: it is not worth remembering any more. */
static bool look(struct intake *intake, struct box *box, struct failure *failure)
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
	failure->look_us = now + MIN(now - failure->failed_us, PAUSES_MOST * intake_failed_us);
	bool same = is.bytes == failure->bytes && is.mtime_ns == failure->mtime_ns;
	if (!same && failure->rounds < ROUNDS_MOST)
		take_again(intake, box, failure);
	return true;
}

void failed_look(struct intake *intake, struct box *box)
{
	GHashTableIter iterator;
	gpointer value;

	g_mutex_lock(&failures_lock);
	if (failures) {
		g_hash_table_iter_init(&iterator, failures);
		while (g_hash_table_iter_next(&iterator, NULL, &value)) {
			struct failure *failure = value;
			if (strcmp(failure->inbox, box->inbox->path) == 0 && !look(intake, box, failure))
				g_hash_table_iter_remove(&iterator);
		}
	}
	g_mutex_unlock(&failures_lock);
}

void failed_forget_all(void)
{
	g_mutex_lock(&failures_lock);
	g_clear_pointer(&failures, g_hash_table_destroy);
	g_mutex_unlock(&failures_lock);
}
