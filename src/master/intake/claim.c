/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Claims. rename(2) decides who has a file: it is in the inbox or in INBOX/.dropmill/ID/, at any moment and after any
 * crash, and only one claim can get it. See intake.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/error.h"
#include "base/log.h"
#include "base/sniff.h"
#include "base/testing/crash.h"
#include "master/intake/intake_private.h"

/* Nine characters of milliseconds, so that names sort by time, and four at random against other runs. The milliseconds never repeat, and never
 * come before those of a claim that was found, even when the clock is set back: pictures of one name are milled in the order of their drop. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
enum { TIME_DIGITS = 9, RANDOM_DIGITS = 4 };
#define AHEAD_MOST_MS (10 * 366 * 86400 * G_GINT64_CONSTANT(1000))
static GMutex last_lock;
static gint64 last_ms;

char *claim_new_id(void)
{
	char id[TIME_DIGITS + 1 + RANDOM_DIGITS + 1];

	g_mutex_lock(&last_lock);
	last_ms = MAX(last_ms + 1, clock_wall_us() / 1000);
	gint64 when = last_ms;
	g_mutex_unlock(&last_lock);
	for (int i = TIME_DIGITS; i-- > 0; when /= 32)
		id[i] = digits[when % 32];
	id[TIME_DIGITS] = '-';
	guint32 random = g_random_int();
	for (int i = TIME_DIGITS + 1; i < TIME_DIGITS + 1 + RANDOM_DIGITS; i++, random /= 32)
		id[i] = digits[random % 32];
	id[sizeof(id) - 1] = '\0';
	return g_strdup(id);
}

void claim_seen_id(const char *id)
{
	gint64 when = 0;

	for (int i = 0; i < TIME_DIGITS; i++) {
		const char *digit = id[i] ? strchr(digits, id[i]) : NULL;
		if (!digit) /* put there by hand */
			return;
		when = when * 32 + (digit - digits);
	}
	/* From far ahead: no clock was ever set so wrong, and nothing could sort after the last of all names. */
	if (when > clock_wall_us() / 1000 + AHEAD_MOST_MS)
		return;
	g_mutex_lock(&last_lock);
	last_ms = MAX(last_ms, when);
	g_mutex_unlock(&last_lock);
}

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

/* NAME.reason.txt; a name too long for that loses its middle, since the end has the number that tells it apart. */
char *claim_reason_path(const char *path)
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

/* Through a file in the claim's own folder, where a crash leaves it to nobody's harm. */
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
	g_autofree char *explained = claim_reason_path(failed);
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
		g_autofree char *explained = claim_reason_path(target);
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
	failed_add(claim);
	return true;
}
