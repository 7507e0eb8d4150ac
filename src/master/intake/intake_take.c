/* SPDX-License-Identifier: GPL-2.0-or-later
 * The last looks at a file that was quiet for long enough, and its claim: see intake_take.h. */
#include "master/intake/intake_take.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/error.h"
#include "base/log.h"
#include "master/intake/intake_prune.h"
#include "master/intake/intake_room.h"
#include "master/intake/intake_scan.h"
#include "master/intake/intake_settle.h"
#include "master/intake/intake_state.h"
#include "master/intake/intake_walk.h"
#include "master/intake/intake_writers.h"
#include "master/intake/watched_inbox.h"

enum {
	RUN_US = 20 * 1000,              /* of claiming, between two looks at events */
	CLAIMS_AT_ONCE = 16,             /* to one round of fsync */
	CONFIRM_LEAST_US = 20 * 1000,    /* to the second look at a file that changed */
	AGAIN_LEAST_US = 50 * 1000,      /* to the next look at one that is being written, however short settle is */
	TOLD_AFTER_US = 2 * 1000 * 1000, /* before that, being written needs no explanation */
	PASSIVE_US = 60 * 1000 * 1000,   /* what is not a picture's file may become one */
	WRITER_AGAIN_US = 10 * 1000 * 1000,
};

/* A file that did not change for this time is taken, whatever events said about a writer. */
#define WRITER_MOST_US (3600 * (gint64)G_USEC_PER_SEC)

bool intake_leases = true;

static void passive(struct intake *intake, struct pending *file, const char *why)
{
	settle_park(intake, file, why, clock_now_us() + PASSIVE_US);
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
	gint64 now = clock_now_us(), next_us = MAX(due_us, now + CONFIRM_LEAST_US);

	if (now - file->first_us > TOLD_AFTER_US)
		settle_park(intake, file, "still being written", next_us);
	else
		settle_arm(file, next_us);
}

/* Until when a file is left alone because somebody has it open for writing; 0: nobody is known to. A read lease is refused while any
 * process has. Where we may not ask (another owner's file, network file systems), events tell of writers on this machine. They are believed
 * for a bounded time: the end of one may have been missed. A lease that is broken sends a signal: one that is ignored by default. */
static gint64 written_until(struct intake *intake, const struct pending *file, int descriptor)
{
	gint64 now = clock_now_us();

	fcntl(descriptor, F_SETSIG, SIGURG);
	if (intake_leases && fcntl(descriptor, F_SETLEASE, F_RDLCK) == 0) {
		fcntl(descriptor, F_SETLEASE, F_UNLCK);
		return 0;
	}
	if (intake_leases && errno == EAGAIN)
		return now + MAX(file->inbox->settings->settle_us, AGAIN_LEAST_US);
	/* Its end comes as an event. */
	return writers_have(intake, file->path) && now < file->same_us + WRITER_MOST_US ? now + WRITER_AGAIN_US : 0;
}

/* An original that stays, or may be one: then there is nothing to take, or not yet. */
static bool is_known(struct intake *intake, struct pending *file, int descriptor)
{
	struct stat status;

	if (!intake->events.known || fstat(descriptor, &status) != 0)
		return false;
	enum intake_known known =
		intake->events.known(file->inbox->settings, file->relative, &status, file->told, intake->events.user);
	if (known == KNOWN_DONE) {
		log_debug("%s: is done and stays: left alone", file->path);
		settle_drop(intake, file);
	} else if (known == KNOWN_ASKED) {
		file->told = false;
		passive(intake, file, "its content is compared with the original that was processed under this name");
	}
	return known != KNOWN_NOT;
}

/* The last step; the file is open. */
static void take(struct intake *intake, struct pending *file, int descriptor)
{
	struct claim *claim = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_path_get_basename(file->path);
	g_autofree char *refusal = inbox_refusal(file->inbox->settings, name, descriptor);

	if (refusal)
		passive(intake, file, refusal);
	if (refusal || is_known(intake, file, descriptor))
		return;
	/* Under the lock: after intake_pause() has returned, nothing is claimed any more. */
	g_mutex_lock(&intake->orders.lock);
	bool paused = intake->orders.paused;
	if (!paused)
		claim = claim_take(
			file->inbox->settings, file->relative, descriptor, &file->seen, file->first_wall_us, &error);
	g_mutex_unlock(&intake->orders.lock);
	if (claim) {
		prune_taken(file->inbox, file->relative);
		settle_drop(intake, file);
		g_ptr_array_add(intake->fresh, claim);
	} else if (paused) {
		settle_arm(file, clock_now_us() + PASSIVE_US);
	} else {
		file->put_back = g_error_matches(error, DROPMILL_ERROR, ERROR_RETRY) && beneath_exists(file->path);
		settle_failed(intake, file, error->message);
	}
}

/* Scanners make the name and write the picture seconds or minutes later, browsers and sync programs, too. Looked at now and then all the
 * same: events may be lost, or not come at all. */
static void empty(struct intake *intake, struct pending *file, gint64 now)
{
	const struct watched_inbox *inbox = file->inbox;
	gint64 most_us = inbox->settings->wait_empty_us, end_us = file->same_us + most_us;
	gint64 pause_us = inbox->folder.polled ? settle_time(inbox) : PASSIVE_US;
	g_autofree char *why = g_strdup_printf("has 0 bytes: the mill waits for its content, %g s at most (wait_empty)",
		(double)most_us / G_USEC_PER_SEC);

	settle_park(intake, file, why, MIN(end_us, now + pause_us));
}

static void check_file(struct intake *intake, struct pending *file)
{
	struct watched_inbox *inbox = file->inbox;
	gint64 settle = inbox->settings->settle_us, now = clock_now_us(), until;
	struct stat status;
	int descriptor = beneath_open(file->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (descriptor < 0) {
		settle_failed_errno(intake, file, "cannot be read", errno);
		return;
	}
	/* By descriptor: on a network file system opening is what fetches the true size. */
	if (fstat(descriptor, &status) != 0)
		settle_failed_errno(intake, file, "cannot be looked at", errno);
	else if (!settle_look(file, &status))
		being_written(intake, file, now + (inbox->folder.polled ? settle_time(inbox) : settle / 4));
	else if (status.st_size == 0 && now < file->same_us + inbox->settings->wait_empty_us)
		empty(intake, file, now);
	else if ((until = written_until(intake, file, descriptor)))
		settle_park(intake, file, "open for writing by another program", until);
	else
		take(intake, file, descriptor);
	close(descriptor);
}

static void look(struct intake *intake, struct pending *file)
{
	const struct inbox *settings = file->inbox->settings;
	g_autofree char *name = g_path_get_basename(file->path);
	g_autofree char *refusal = inbox_refusal(settings, name, -1);
	struct stat status;

	if (beneath_stat(file->path, &status) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			settle_drop(intake, file);
		else
			settle_failed_errno(intake, file, "cannot be looked at", errno);
	} else if (S_ISDIR(status.st_mode)) {
		if (settings->recursive) {
			g_autofree char *relative = g_strdup(file->relative);
			walk_folder(intake, file->inbox, relative, ARRIVED_SEEN);
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

/* The file of this inbox that is to be looked at next; NULL: none is due. */
static struct pending *first_due(struct intake *intake, struct watched_inbox *inbox, gint64 now)
{
	GSequenceIter *first = g_sequence_get_begin_iter(inbox->timers);

	if (g_sequence_iter_is_end(first) || !room_to_claim(intake, inbox))
		return NULL;
	struct pending *file = g_sequence_get(first);
	return file->due_us <= now ? file : NULL;
}

/* A file of each inbox in turn, so that none waits for all that came to another. */
void take_run(struct intake *intake)
{
	gint64 end = clock_now_us() + RUN_US, now;
	guint idle = 0;

	while (idle < intake->inboxes->len && (now = clock_now_us()) < end && intake->fresh->len < CLAIMS_AT_ONCE) {
		struct watched_inbox *inbox = intake->inboxes->pdata[intake->turn++ % intake->inboxes->len];
		struct pending *file = first_due(intake, inbox, now);
		idle = file ? 0 : idle + 1;
		if (file && scan_hold(intake, inbox))
			look(intake, file);
	}
	hand_out(intake);
}
