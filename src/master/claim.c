/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Claims. rename(2) decides who has a file: it is in the inbox or in INBOX/.dropmill/ID/, at any moment and after any
 * crash, and only one claim can get it. See intake.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/sniff.h"
#include "master/intake_private.h"

struct identity identity_of(const struct stat *status)
{
	return (struct identity){
		.device = status->st_dev,
		.inode = status->st_ino,
		.bytes = status->st_size,
		.mtime_ns = status->st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + status->st_mtim.tv_nsec,
	};
}

bool identity_equal(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes && a->mtime_ns == b->mtime_ns;
}

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
	if (claim->id)
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
static bool move_in(const char *from, const char *to, int descriptor, const struct identity *seen, GError **error)
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
		struct identity now = identity_of(&opened), there = identity_of(&moved);
		same = identity_equal(&now, seen) && identity_equal(&there, seen);
	}
	if (!same) {
		put_back(to, from);
		return fail(error, ERROR_RETRY, "still being written");
	}
	return true;
}

struct claim *claim_take(const struct inbox *inbox, const char *relative, int descriptor, const struct identity *seen,
	gint64 seen_wall_us, GError **error)
{
	guint8 head[SNIFF_BYTES];
	g_autofree char *id = claim_new_id();
	g_autofree char *claims = g_build_filename(inbox->path, CLAIMS_FOLDER, NULL);
	g_autofree char *from = g_build_filename(inbox->path, relative, NULL);
	g_autofree char *to = g_build_filename(claims, id, relative, NULL);
	gssize length = pread(descriptor, head, sizeof(head), 0);

	if (length < 0) {
		fail_errno(error, "cannot be read");
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
	claim->device = seen->device;
	claim->inode = seen->inode;
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

/* The folders that the files came to first, then those that they left: a power cut in between shows a file in both
 * places rather than in none. On journaling file systems the first does most of the work, and what several claims share
 * is done once. */
void claim_sync(const GPtrArray *claims)
{
	g_autoptr(GHashTable) shared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iterator;
	gpointer folder;

	CRASH_POINT("claim.before_sync");
	for (guint i = 0; i < claims->len; i++) {
		const struct claim *claim = claims->pdata[i];
		g_autofree char *target = g_path_get_dirname(claim->path);
		g_autofree char *from = g_build_filename(claim->inbox, claim->relative, NULL);
		sync_quietly(target);
		g_hash_table_add(shared, g_build_filename(claim->inbox, CLAIMS_FOLDER, NULL));
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
	struct identity now = identity_of(&status);
	struct identity then = {claim->device, claim->inode, claim->bytes, claim->mtime_ns};
	if (identity_equal(&now, &then))
		return CLAIM_SAME;
	fail(error, ERROR_RETRY, "the original was written to while it was in work");
	return CLAIM_CHANGED;
}

/* The end of a claim: nothing of it is left in .dropmill/. */
static void finish(const struct claim *claim)
{
	g_autofree char *folder = g_path_get_dirname(claim->path);
	g_autofree char *claims = g_build_filename(claim->inbox, CLAIMS_FOLDER, NULL);

	files_prune(folder, claims);
	claim_unregister(claim->id);
}

/* Moves the original below the inbox: to top/RELATIVE, or to RELATIVE when top is NULL. Returns the path it got. */
static char *move_out(const struct claim *claim, const char *to, GError **error)
{
	struct stat status;

	if (beneath_stat(claim->path, &status) != 0 && errno == ENOENT) {
		fail(error, ERROR_INPUT, "the original was removed while it was in work");
		return NULL;
	}
	return files_move_beside(claim->path, to, error);
}

static bool move_out_and_finish(struct claim *claim, const char *to, GError **error)
{
	char *place = move_out(claim, to, error);

	CRASH_POINT("archive.moved");
	if (!place)
		return false;
	g_free(claim->left_at);
	claim->left_at = place;
	finish(claim);
	return true;
}

bool claim_archive(struct claim *claim, GError **error)
{
	g_autofree char *to = g_build_filename(claim->inbox, DONE_FOLDER, claim->relative, NULL);
	return move_out_and_finish(claim, to, error);
}

bool claim_give_back(struct claim *claim, GError **error)
{
	g_autofree char *to = g_build_filename(claim->inbox, claim->relative, NULL);
	return move_out_and_finish(claim, to, error);
}

bool claim_delete(struct claim *claim, GError **error)
{
	if (beneath_unlink(claim->path) != 0 && errno != ENOENT)
		return beneath_fail(error, claim->path, NULL, "cannot delete the original");
	if (!files_sync_folder_of(claim->path, error))
		return false;
	finish(claim);
	return true;
}

/* NAME.reason.txt; a name too long for that loses its middle, since the end has the number that tells it apart. */
static char *reason_path(const char *path)
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
	int descriptor = beneath_open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
	FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
	if (!file)
		return beneath_fail(error, temporary, NULL, "cannot write the reason file");
	bool written = fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
	int number = errno;
	fclose(file);
	CRASH_POINT("fail.reason_temp");
	if (written && files_move(temporary, path, error))
		return true;
	beneath_unlink(temporary);
	errno = number;
	return written ? false : fail_errno(error, "cannot write the reason file");
}

void claim_excuse(const struct claim *claim)
{
	g_autofree char *top = g_build_filename(claim->inbox, FAILED_FOLDER, NULL);
	g_autofree char *failed = g_build_filename(top, claim->relative, NULL);
	g_autofree char *explained = reason_path(failed);
	g_autofree char *folder = g_path_get_dirname(failed);
	struct stat status;

	if (beneath_stat(failed, &status) != 0 && errno == ENOENT && beneath_unlink(explained) == 0)
		files_prune(folder, top);
}

bool claim_fail(struct claim *claim, const char *reason, GError **error)
{
	static GMutex one_at_a_time; /* two failures of one name must not write each other's reason */
	g_autofree char *wanted = g_build_filename(claim->inbox, FAILED_FOLDER, claim->relative, NULL);
	g_autofree char *target = g_strdup(wanted);
	g_autofree char *explained = reason_path(target);
	G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&one_at_a_time);
	struct stat status;

	if (beneath_stat(claim->path, &status) != 0 && errno == ENOENT)
		return fail(error, ERROR_INPUT, "the original was removed while it was in work");
	/* A reason without its file is what a retry or a crash left behind: written over. */
	for (unsigned number = 1; beneath_stat(target, &status) == 0; number++) {
		g_free(target);
		g_free(explained);
		target = files_numbered(wanted, number);
		explained = reason_path(target);
	}
	/* The reason first: no file may ever lie in _failed/ without one. */
	if (!write_reason(claim, explained, reason, error))
		return false;
	CRASH_POINT("fail.reason_written");
	g_autofree char *place = move_out(claim, target, error);
	CRASH_POINT("fail.moved");
	if (!place) {
		beneath_unlink(explained);
		return false;
	}
	g_autofree char *matching = reason_path(place);
	if (strcmp(matching, explained) != 0 && !files_move(explained, matching, error))
		return false;
	g_free(claim->left_at);
	claim->left_at = g_steal_pointer(&place);
	finish(claim);
	return true;
}
