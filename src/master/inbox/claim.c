/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Claims. rename(2) decides who has a file: it is in the inbox or in INBOX/.dropmill/ID/, at any moment and after any
 * crash, and only one claim can get it. See claim.h. */
#include "master/inbox/claim.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/error.h"
#include "base/log.h"
#include "base/sniff.h"
#include "base/testing/crash.h"
#include "master/inbox/claim_id.h"
#include "master/inbox/claim_register.h"

void claim_free(struct claim *claim)
{
	if (!claim)
		return;
	if (claim->id && !claim->is_copy)
		claim_unregister(claim->id);
	g_free(claim->id);
	g_free(claim->pipeline);
	g_free(claim->inbox);
	g_free(claim->relative);
	g_free(claim->path);
	g_free(claim->left_at);
	g_free(claim);
}

struct claim *claim_copy(const struct claim *claim)
{
	struct claim *copy = g_memdup2(claim, sizeof *claim);

	copy->id = g_strdup(claim->id);
	copy->pipeline = g_strdup(claim->pipeline);
	copy->inbox = g_strdup(claim->inbox);
	copy->relative = g_strdup(claim->relative);
	copy->path = g_strdup(claim->path);
	copy->left_at = g_strdup(claim->left_at);
	copy->is_copy = true;
	return copy;
}

/* Undoes a rename, for a file that was not what it seemed. */
static void put_back(const char *from, const char *to)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *place = files_move_beside(from, to, &error);

	if (!place)
		log_error("a claim could not be undone; the file is taken up at the next start: %s", error->message);
}

static bool fail_claim(GError **error, int number, const char *path)
{
	errno = number;
	if (number == EXDEV)
		return fail(error, ERROR_RETRY, "cannot be claimed: it lies on another file system than its inbox");
	return beneath_fail(error, path, NULL, "cannot be claimed");
}

/* The rename and what makes it last. */
static bool move_in(const char *from, const char *to, int descriptor, const struct stamp *seen, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(to);
	struct stat opened, moved;

	if (beneath_make_folders(folder) != 0)
		return fail_claim(error, errno, to);
	CRASH_POINT("claim.before_rename");
	if (beneath_rename(from, to, 0) != 0)
		return fail_claim(error, errno, from);
	CRASH_POINT("claim.renamed");
	/* Between the look and the rename it may have grown, or another file may have got its name. */
	bool same = fstat(descriptor, &opened) == 0 && beneath_stat(to, &moved) == 0;
	if (same) {
		struct stamp now = stamp_of(&opened), there = stamp_of(&moved);
		same = stamp_same(&now, seen) && stamp_same(&there, seen);
	}
	if (!same) {
		put_back(to, from);
		return fail(error, ERROR_RETRY, "still being written");
	}
	return true;
}

struct claim *claim_take(const struct inbox *inbox, const char *relative, int descriptor, const struct stamp *seen,
	gint64 seen_wall_us, GError **error)
{
	guint8 head[SNIFF_BYTES];
	g_autofree char *id = claim_new_id();
	g_autofree char *claims = g_build_filename(inbox->path, CLAIMS_FOLDER, NULL);
	g_autofree char *from = g_build_filename(inbox->path, relative, NULL);
	g_autofree char *to = g_build_filename(claims, id, relative, NULL);
	gssize length = pread(descriptor, head, sizeof(head), 0);

	if (length < 0) {
		fail_errno_at(error, PLACE_ORIGINAL, "cannot be read");
		return NULL;
	}
	if (!move_in(from, to, descriptor, seen, error)) {
		g_autofree char *left = g_path_get_dirname(to);
		files_prune(left, claims);
		return NULL;
	}
	claim_register(id, inbox->path);
	struct claim *claim = g_new0(struct claim, 1);
	claim->id = g_steal_pointer(&id);
	claim->pipeline = g_strdup(inbox->pipeline);
	claim->inbox = g_strdup(inbox->path);
	claim->relative = g_strdup(relative);
	claim->path = g_steal_pointer(&to);
	claim->format = sniff_format(head, (gsize)length);
	claim->bytes = seen->bytes;
	claim->mtime_ns = seen->mtime_ns;
	claim->dropped_wall_us = seen_wall_us;
	return claim;
}

static void sync_quietly(const char *folder)
{
	g_autoptr(GError) error = NULL;

	/* The claim stands, only not for a power cut; when the disk is at fault, what follows will find out. */
	if (!files_sync(folder, &error))
		log_warning("a claim may not outlast a power cut: %s", error->message);
}

/* From this folder up to those of all claims, and without that one: a sub-folder's file lies some folders deep. */
static void sync_up(const char *folder, const char *claims)
{
	g_autofree char *current = g_strdup(folder);

	while (strlen(current) > strlen(claims)) {
		sync_quietly(current);
		char *parent = g_path_get_dirname(current);
		g_free(current);
		current = parent;
	}
}

/* The folders that the files came to first, then those that they left: a power cut in between shows a file in both
 * places rather than in none. On journaling file systems the first does most of the work, and what several claims share
 * is done once. */
void claim_sync(const GPtrArray *taken)
{
	g_autoptr(GHashTable) shared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iterator;
	gpointer folder;

	CRASH_POINT("claim.before_sync");
	for (guint i = 0; i < taken->len; i++) {
		const struct claim *claim = taken->pdata[i];
		g_autofree char *from = g_build_filename(claim->inbox, claim->relative, NULL);
		g_autofree char *claims = g_build_filename(claim->inbox, CLAIMS_FOLDER, NULL);
		g_autofree char *target = g_path_get_dirname(claim->path);
		sync_up(target, claims);
		g_hash_table_add(shared, g_steal_pointer(&claims));
		g_hash_table_add(shared, g_strdup(claim->inbox));
		g_hash_table_add(shared, g_path_get_dirname(from));
	}
	g_hash_table_iter_init(&iterator, shared);
	while (g_hash_table_iter_next(&iterator, &folder, NULL))
		if (beneath_is_folder(folder)) /* the users' may be gone by now */
			sync_quietly(folder);
}
