/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Files that are seen and not taken yet. Each has a timer, and nothing leaves the table but by being claimed or by
 * being gone: what is too young, unreadable or no file at all is looked at again, sooner or later.
 *
 * A file is claimed when it has been quiet for the inbox's settle time, is the same (size, mtime) at two looks, can be
 * read, and no process has it open for writing. One that was moved in is complete and needs only the last two. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "master/intake_private.h"

enum {
	RUN_US = 20 * 1000,              /* of claiming, between two looks at events */
	CLAIMS_AT_ONCE = 16,             /* to one round of fsync */
	CONFIRM_LEAST_US = 20 * 1000,    /* to the second look at a file that changed */
	AGAIN_LEAST_US = 50 * 1000,      /* to the next look at one that is being written, however short settle is */
	TOLD_AFTER_US = 2 * 1000 * 1000, /* before that, being written needs no explanation */
	FAILED_FIRST_US = 1000 * 1000,   /* doubled with each failure, up to: */
	FAILED_LAST_US = 30 * 1000 * 1000,
	PASSIVE_US = 60 * 1000 * 1000, /* what is not a picture's file may become one */
	EMPTY_FACTOR = 4,              /* settle times: an empty file is mostly one that is about to be written */
};

struct pending {
	struct box *box;
	char *path, *relative;
	GSequenceIter *timer;
	gint64 due_us;
	gint64 quiet_us;      /* not to be claimed before */
	gint64 same_us;       /* since when it has been `seen` */
	struct identity seen; /* at the last look */
	bool moved;           /* complete when it came */
	bool put_back;        /* our own undone claim: its event means nothing */
	guint failures;       /* in a row */
	gint64 first_us, first_wall_us;
	char *why; /* last told */
};

static void pending_free(gpointer data)
{
	struct pending *file = data;

	g_sequence_remove(file->timer);
	g_free(file->path);
	g_free(file->relative);
	g_free(file->why);
	g_free(file);
}

void settle_init(struct intake *intake)
{
	intake->timers = g_sequence_new(NULL);
	intake->fresh = g_ptr_array_new();
	intake->pending = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, pending_free);
}

void settle_finish(struct intake *intake)
{
	g_clear_pointer(&intake->pending, g_hash_table_destroy);
	g_clear_pointer(&intake->timers, g_sequence_free);
	g_clear_pointer(&intake->fresh, g_ptr_array_unref);
}

static int by_due(gconstpointer a, gconstpointer b, gpointer user)
{
	const struct pending *first = a, *second = b;
	(void)user;
	return first->due_us < second->due_us ? -1 : first->due_us > second->due_us;
}

static void arm(struct intake *intake, struct pending *file, gint64 due_us)
{
	file->due_us = due_us;
	if (file->timer)
		g_sequence_sort_changed(file->timer, by_due, NULL);
	else
		file->timer = g_sequence_insert_sorted(intake->timers, file, by_due, NULL);
}

static void tell(struct intake *intake, struct pending *file, const char *why)
{
	if (g_strcmp0(file->why, why) == 0)
		return;
	g_free(file->why);
	file->why = g_strdup(why);
	if (intake->events.waiting)
		intake->events.waiting(file->box->inbox->pipeline, file->path, why, intake->events.user);
}

static void forget(struct intake *intake, struct pending *file)
{
	tell(intake, file, NULL);
	g_hash_table_remove(intake->pending, file->path);
}

/* Somebody has to act first, and may do so at any time. */
static void failed(struct intake *intake, struct pending *file, const char *why)
{
	gint64 pause = FAILED_FIRST_US;

	for (guint i = 0; i < file->failures && pause < FAILED_LAST_US; i++)
		pause *= 2;
	file->failures++;
	tell(intake, file, why);
	arm(intake, file, clock_now_us() + MIN(pause, FAILED_LAST_US));
}

static void failed_errno(struct intake *intake, struct pending *file, const char *what, int number)
{
	g_autofree char *why = g_strdup_printf("%s: %s", what, g_strerror(number));
	failed(intake, file, why);
}

static void passive(struct intake *intake, struct pending *file, const char *why)
{
	tell(intake, file, why);
	arm(intake, file, clock_now_us() + PASSIVE_US);
}

static struct pending *pending_at(struct intake *intake, struct box *box, const char *relative)
{
	g_autofree char *path = g_build_filename(box->inbox->path, relative, NULL);
	struct pending *file = g_hash_table_lookup(intake->pending, path);

	if (file)
		return file;
	file = g_new0(struct pending, 1);
	file->box = box;
	file->path = g_steal_pointer(&path);
	file->relative = g_strdup(relative);
	file->first_us = clock_now_us();
	file->first_wall_us = clock_wall_us();
	arm(intake, file, G_MAXINT64);
	g_hash_table_insert(intake->pending, file->path, file);
	return file;
}

/* True when it is what it was at the last look. */
static bool look(struct pending *file, const struct stat *status)
{
	struct identity now = identity_of(status);

	if (identity_equal(&now, &file->seen))
		return true;
	file->seen = now;
	file->same_us = clock_now_us();
	return false;
}

void settle_notice(struct intake *intake, struct box *box, const char *relative, enum arrival arrival)
{
	struct pending *file = pending_at(intake, box, relative);
	bool known = file->due_us != G_MAXINT64;
	gint64 now = clock_now_us();
	struct stat status;

	if (known && arrival == ARRIVED_SEEN)
		return;
	if (arrival == ARRIVED_MOVED && file->put_back) {
		file->put_back = false;
		if (lstat(file->path, &status) == 0 && status.st_ino == file->seen.inode)
			return;
	}
	/* Not at each write: there may be thousands, and the timer's look will see the last. */
	if ((arrival != ARRIVED_GROWN || !known) && lstat(file->path, &status) == 0)
		look(file, &status);
	file->moved = arrival == ARRIVED_MOVED;
	file->failures = 0;
	file->quiet_us = file->moved ? now : now + box->inbox->settle_us;
	/* A timer that is due earlier looks and goes on waiting: cheaper than to move it with each write. */
	if (!known || file->due_us > file->quiet_us)
		arm(intake, file, file->quiet_us);
}

void settle_folder(struct intake *intake, struct box *box, const char *relative, int number)
{
	g_autofree char *path = g_build_filename(box->inbox->path, relative, NULL);
	struct pending *folder = g_hash_table_lookup(intake->pending, path);

	if (number == 0 || number == ENOENT || number == ENOTDIR) {
		if (folder)
			forget(intake, folder);
		return;
	}
	failed_errno(intake, folder ? folder : pending_at(intake, box, relative), "this folder cannot be looked into",
		number);
}

void settle_gone(struct intake *intake, const char *path)
{
	struct pending *file = g_hash_table_lookup(intake->pending, path);
	struct stat status;

	/* Events are late: another may have its name already. */
	if (file && lstat(path, &status) != 0 && errno == ENOENT)
		forget(intake, file);
}

void settle_forget(struct intake *intake, struct box *box, const char *path)
{
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, intake->pending);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		struct pending *file = value;
		if (file->box != box || !inbox_path_within(file->path, path))
			continue;
		tell(intake, file, NULL);
		g_hash_table_iter_remove(&iterator);
	}
}

void settle_retry(struct intake *intake, struct box *box)
{
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, intake->pending);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		struct pending *file = value;
		if (file->box == box && file->failures)
			arm(intake, file, clock_now_us());
	}
}

static const char *kind_of(mode_t mode)
{
	return S_ISLNK(mode)    ? "a symbolic link: only files are taken"
	       : S_ISFIFO(mode) ? "a named pipe: only files are taken"
	       : S_ISSOCK(mode) ? "a socket: only files are taken"
				: "a device: only files are taken";
}

static void being_written(struct intake *intake, struct pending *file, gint64 due_us)
{
	gint64 now = clock_now_us();

	if (now - file->first_us > TOLD_AFTER_US)
		tell(intake, file, "still being written");
	arm(intake, file, MAX(due_us, now + CONFIRM_LEAST_US));
}

/* A read lease is refused while any process has the file open for writing. Where we may not ask (another owner's file,
 * network file systems), time has to tell. A lease that is broken sends a signal: one that is ignored by default. */
static bool open_for_writing(int descriptor)
{
	fcntl(descriptor, F_SETSIG, SIGURG);
	if (fcntl(descriptor, F_SETLEASE, F_RDLCK) != 0)
		return errno == EAGAIN;
	fcntl(descriptor, F_SETLEASE, F_UNLCK);
	return false;
}

static bool is_known(struct intake *intake, const struct pending *file)
{
	const struct identity *seen = &file->seen;

	return intake->events.known && intake->events.known(file->box->inbox->pipeline, seen->device, seen->inode,
					       seen->bytes, seen->mtime_ns, intake->events.user);
}

/* The last step; the file is open. */
static void take(struct intake *intake, struct pending *file, int descriptor)
{
	struct claim *claim = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_path_get_basename(file->path);
	g_autofree char *refusal = inbox_refusal(file->box->inbox, name, descriptor);

	if (refusal || is_known(intake, file)) {
		passive(intake, file, refusal);
		return;
	}
	/* Under the lock: after intake_pause() has returned, nothing is claimed any more. */
	g_mutex_lock(&intake->lock);
	bool paused = intake->paused;
	if (!paused)
		claim = claim_take(
			file->box->inbox, file->relative, descriptor, &file->seen, file->first_wall_us, &error);
	g_mutex_unlock(&intake->lock);
	if (claim) {
		forget(intake, file);
		g_ptr_array_add(intake->fresh, claim);
	} else if (paused) {
		arm(intake, file, clock_now_us() + PASSIVE_US);
	} else {
		struct stat status;
		file->put_back = lstat(file->path, &status) == 0 && status.st_ino == file->seen.inode;
		failed(intake, file, error->message);
	}
}

static void check_file(struct intake *intake, struct pending *file)
{
	struct box *box = file->box;
	gint64 settle = box->inbox->settle_us, now = clock_now_us();
	struct stat status;
	int descriptor = open(file->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (descriptor < 0) {
		failed_errno(intake, file, "cannot be read", errno);
		return;
	}
	/* By descriptor: on a network file system opening is what fetches the true size. */
	if (fstat(descriptor, &status) != 0)
		failed_errno(intake, file, "cannot be looked at", errno);
	else if (!look(file, &status))
		being_written(intake, file, now + settle / 4);
	else if (status.st_size == 0 && !file->moved && now < file->same_us + EMPTY_FACTOR * settle)
		arm(intake, file, file->same_us + EMPTY_FACTOR * settle);
	else if (open_for_writing(descriptor)) {
		tell(intake, file, "open for writing by another program");
		arm(intake, file, now + MAX(settle, AGAIN_LEAST_US));
	} else
		take(intake, file, descriptor);
	close(descriptor);
}

static void check(struct intake *intake, struct pending *file)
{
	const struct inbox *inbox = file->box->inbox;
	g_autofree char *name = g_path_get_basename(file->path);
	g_autofree char *refusal = inbox_refusal(inbox, name, -1);
	struct stat status;

	if (lstat(file->path, &status) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			forget(intake, file);
		else
			failed_errno(intake, file, "cannot be looked at", errno);
	} else if (S_ISDIR(status.st_mode)) {
		if (inbox->recursive) {
			g_autofree char *relative = g_strdup(file->relative);
			scan_folder(intake, file->box, relative, ARRIVED_SEEN);
		} else {
			passive(intake, file, "a folder: this inbox takes none (recursive: false)");
		}
	} else if (!S_ISREG(status.st_mode)) {
		passive(intake, file, kind_of(status.st_mode));
	} else if (refusal) {
		passive(intake, file, refusal);
	} else if (file->quiet_us > clock_now_us()) {
		being_written(intake, file, file->quiet_us);
	} else {
		check_file(intake, file);
	}
}

static void hand_out(struct intake *intake)
{
	if (intake->fresh->len)
		claim_sync(intake->fresh);
	for (guint i = 0; i < intake->fresh->len; i++)
		intake->events.claimed(intake->fresh->pdata[i], intake->events.user);
	g_ptr_array_set_size(intake->fresh, 0);
}

void settle_run(struct intake *intake)
{
	gint64 end = clock_now_us() + RUN_US, now;

	while ((now = clock_now_us()) < end && intake->fresh->len < CLAIMS_AT_ONCE && settle_next_us(intake) <= now)
		check(intake, g_sequence_get(g_sequence_get_begin_iter(intake->timers)));
	hand_out(intake);
}

gint64 settle_next_us(struct intake *intake)
{
	if (g_sequence_is_empty(intake->timers))
		return G_MAXINT64;
	return ((struct pending *)g_sequence_get(g_sequence_get_begin_iter(intake->timers)))->due_us;
}
