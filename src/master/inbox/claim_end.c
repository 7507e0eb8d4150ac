/* SPDX-License-Identifier: GPL-2.0-or-later
 * What becomes of a claim: see claim_end.h. */
#include "master/inbox/claim_end.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/disk/stamp.h"
#include "base/error.h"
#include "base/testing/crash.h"
#include "master/inbox/claim_register.h"
#include "master/inbox/failures.h"
#include "master/inbox/inbox.h"

enum claim_state claim_look(const struct claim *claim, GError **error)
{
	struct stat status;

	if (beneath_stat(claim->path, &status) != 0 && errno == ENOENT) {
		fail(error, ERROR_INPUT, "the original was removed while it was in work");
		return CLAIM_GONE;
	}
	if (beneath_stat(claim->path, &status) != 0) {
		beneath_fail(error, claim->path, NULL, "the original cannot be looked at");
		return CLAIM_UNKNOWN;
	}
	struct stamp now = stamp_of(&status);
	if (stamp_same(&now, &(struct stamp){claim->bytes, claim->mtime_ns}))
		return CLAIM_SAME;
	fail(error, ERROR_RETRY, "the original was written to while it was in work");
	return CLAIM_CHANGED;
}

/* Moves the original below the inbox to this path, or beside. A try before may have renamed it already, and failed to make that last. */
static bool move_out(struct claim *claim, const char *to, GError **error)
{
	struct stat status;

	if (claim->left_at)
		return true;
	if (beneath_stat(claim->path, &status) != 0 && errno == ENOENT)
		return fail(error, ERROR_INPUT, "the original was removed while it was in work");
	claim->left_at = files_rename_beside(claim->path, to, claim->inbox, error);
	return claim->left_at != NULL;
}

bool claim_archive(struct claim *claim, GError **error)
{
	g_autofree char *to = g_build_filename(claim->inbox, DONE_FOLDER, claim->relative, NULL);
	return move_out(claim, to, error);
}

bool claim_delete(struct claim *claim, GError **error)
{
	return beneath_unlink(claim->path) == 0 || errno == ENOENT ||
	       beneath_fail(error, claim->path, NULL, "cannot delete the original");
}

bool claim_settle(const struct claim *claim, struct sync_once *once, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(claim->path);
	g_autofree char *claims = g_build_filename(claim->inbox, CLAIMS_FOLDER, NULL);

	if (claim->left_at && !sync_once_folder_of(once, claim->left_at, error))
		return false;
	CRASH_POINT("archive.moved");
	files_prune(folder, claims);
	return true;
}

bool claim_finish(const struct claim *claim, struct sync_once *once, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(claim->path);
	g_autofree char *claims = g_build_filename(claim->inbox, CLAIMS_FOLDER, NULL);

	/* With its folder its old name is gone, which is one fsync for all claims. */
	if (!sync_once_folder(once, beneath_is_folder(folder) ? folder : claims, error))
		return false;
	claim_unregister(claim->id);
	return true;
}

bool claim_close(const struct claim *claim, GError **error)
{
	return claim_settle(claim, NULL, error) && claim_finish(claim, NULL, error);
}

bool claim_give_back(struct claim *claim, GError **error)
{
	g_autofree char *to = g_build_filename(claim->inbox, claim->relative, NULL);
	return move_out(claim, to, error) && claim_close(claim, error);
}

/* Through a file in the claim's own folder, where it does no harm after a crash. */
static bool write_reason(const struct claim *claim, const char *path, const char *reason, GError **error)
{
	g_autofree char *temporary =
		g_build_filename(claim->inbox, CLAIMS_FOLDER, claim->id, REASON_ENDING, NULL); /* hidden */
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *valid = g_utf8_make_valid(reason, -1);
	g_autofree char *text = g_strconcat(valid, g_str_has_suffix(valid, "\n") ? "" : "\n", NULL);

	if (!files_make_folder(folder, error))
		return false;
	/* Never into what lies there: of an earlier try, or put there by whoever may write to the inbox. */
	beneath_unlink(temporary);
	if (!files_write(temporary, text, strlen(text), error))
		return false;
	CRASH_POINT("fail.reason_temp");
	if (files_move(temporary, path, error))
		return true;
	beneath_unlink(temporary);
	return false;
}

void claim_excuse(const struct claim *claim)
{
	g_autofree char *top = g_build_filename(claim->inbox, FAILED_FOLDER, NULL);
	g_autofree char *failed = g_build_filename(top, claim->relative, NULL);
	g_autofree char *explained = failures_reason_path(failed);
	g_autofree char *folder = g_path_get_dirname(failed);
	struct stat status;

	if (beneath_stat(failed, &status) != 0 && errno == ENOENT && beneath_unlink(explained) == 0)
		files_prune(folder, top);
}

/* To _failed/, under the first free name, its reason before it: no file may ever lie there without one. */
static bool rename_failed(struct claim *claim, const char *reason, GError **error)
{
	g_autofree char *mirrored = g_build_filename(claim->inbox, FAILED_FOLDER, claim->relative, NULL);
	g_autofree char *outer = g_path_get_dirname(mirrored);
	g_autofree char *name = g_path_get_basename(mirrored);
	struct stat status;

	if (beneath_stat(claim->path, &status) != 0 && errno == ENOENT)
		return fail(error, ERROR_INPUT, "the original was removed while it was in work");
	g_autofree char *folder = files_make_folder_beside(outer, claim->inbox, error);
	g_autofree char *wanted = folder ? g_build_filename(folder, name, NULL) : NULL;
	if (!wanted)
		return false;
	for (unsigned number = 0;; number++) {
		g_autofree char *target = number ? files_numbered(wanted, number) : g_strdup(wanted);
		g_autofree char *explained = failures_reason_path(target);
		if (beneath_stat(target, &status) == 0 && !files_same(claim->path, target))
			continue;
		/* A reason without its file is what a retry or a crash left behind: written over. */
		if (!write_reason(claim, explained, reason, error))
			return false;
		CRASH_POINT("fail.reason_written");
		if (files_rename_new(claim->path, target) == 0) {
			claim->left_at = g_steal_pointer(&target);
			return true;
		}
		int cause = errno;
		beneath_unlink(explained);
		if (cause == EEXIST && number < G_MAXINT)
			continue;
		errno = cause;
		return beneath_fail(error, target, claim->path, "cannot move the original to %s", FAILED_FOLDER);
	}
}

bool claim_fail(struct claim *claim, const char *reason, GError **error)
{
	static GMutex one_at_a_time; /* two failures of one name must not write each other's reason */
	G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&one_at_a_time);

	/* Once it lies there only the folders are left to do, and its reason stays whatever becomes of them. */
	if (!claim->left_at && !rename_failed(claim, reason, error))
		return false;
	CRASH_POINT("fail.moved");
	if (!claim_close(claim, error))
		return false;
	failures_add(claim);
	return true;
}
