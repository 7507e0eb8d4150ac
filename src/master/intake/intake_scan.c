/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Inboxes: found, walked when that is due, lost. */
#include "master/intake/intake_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/error.h"
#include "base/log.h"
#include "master/inbox/claim_register.h"
#include "master/inbox/inbox_lock.h"
#include "master/intake/intake_backlog.h"
#include "master/intake/intake_prune.h"
#include "master/intake/intake_room.h"
#include "master/intake/intake_settle.h"
#include "master/intake/intake_source.h"
#include "master/intake/intake_state.h"
#include "master/intake/intake_watch.h"
#include "master/intake/intake_writers.h"
#include "master/intake/watched_inbox.h"

enum {
	CHECK_MISSING_US = 200 * 1000, /* an inbox that is not there, for the first ten seconds */
	MISSING_LONG_US = 10 * 1000 * 1000,
};

/* File systems on which another machine, or a program behind FUSE, changes files without an event here. */
static const char *remote_name(int descriptor)
{
	static const struct {
		guint32 magic;
		const char *name;
	} remote[] = {
		{NFS_SUPER_MAGIC, "NFS"},
		{SMB_SUPER_MAGIC, "SMB"},
		{SMB2_SUPER_MAGIC, "SMB"},
		{CIFS_SUPER_MAGIC, "SMB"},
		{CEPH_SUPER_MAGIC, "Ceph"},
		{AFS_SUPER_MAGIC, "AFS"},
		{AFS_FS_MAGIC, "AFS"},
		{CODA_SUPER_MAGIC, "Coda"},
		{V9FS_MAGIC, "9p"},
		{FUSE_SUPER_MAGIC, "FUSE"},
		{0x786f4256, "VirtualBox's"},
	};
	struct statfs status;

	if (fstatfs(descriptor, &status) != 0)
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(remote); i++)
		if ((guint32)status.f_type == remote[i].magic)
			return remote[i].name;
	return NULL;
}

void scan_stop(struct watched_inbox *inbox)
{
	if (inbox->pass)
		inbox->source->end(g_steal_pointer(&inbox->pass));
}

static void start_pass(struct watched_inbox *inbox)
{
	room_begin_backlog(inbox);
	inbox->generation++;
	inbox->backlog.more = false;
	inbox->backlog.stale = true; /* should it have to stop */
	inbox->backlog.unlisted_before = inbox->backlog.unlisted;
	inbox->backlog.unlisted = 0;
	inbox->pass = inbox->source->begin();
}

static void pass_is_over(struct intake *intake, struct watched_inbox *inbox)
{
	int number = inbox->pass->number;
	bool watched = inbox->pass->watched;

	scan_stop(inbox);
	inbox->backlog.left = 0;
	inbox->folder.polled = !watched || inbox->folder.remote;
	inbox->scan_us = clock_now_us() + (inbox->folder.polled ? intake_poll_us : intake_reconcile_us);
	if (number == 0) {
		watch_release_unmet(intake, inbox);
		if (intake->events.walked)
			intake->events.walked(inbox->settings, intake->events.user);
		if (watched)
			watched_inbox_why(intake, inbox, NULL);
		return;
	}
	g_autofree char *why = g_strdup_printf("the inbox cannot be looked into: %s", g_strerror(number));
	watched_inbox_why(intake, inbox, why);
	inbox->scan_us = clock_now_us() + MIN(intake_poll_us, intake_reconcile_us);
}

void scan_inbox(struct intake *intake, struct watched_inbox *inbox)
{
	bool due = inbox->scan_us <= clock_now_us(), room = room_to_walk(intake, inbox);

	if (!inbox->pass && !due && !(inbox->backlog.more && room))
		return;
	inbox->scan_us = G_MAXINT64;
	if (!inbox->pass) {
		start_pass(inbox);
	} else {
		/* Not again from the start: files that it has not come to would never have their turn. Another one follows. */
		inbox->backlog.more |= due;
		if (!room)
			return;
	}
	inbox->stretch_us = clock_now_us();
	while (room_to_note(intake, inbox))
		if (!inbox->source->next(intake, inbox, inbox->pass)) {
			pass_is_over(intake, inbox);
			return;
		}
}

void scan_close(struct intake *intake, struct watched_inbox *inbox)
{
	scan_stop(inbox);
	inbox->backlog.more = inbox->backlog.stale = false;
	inbox->backlog.left = inbox->backlog.unlisted = inbox->backlog.unlisted_before = 0;
	watch_release(intake, inbox, NULL);
	settle_forget(intake, inbox, NULL);
	writers_forget(intake, inbox->settings->path);
	prune_forget(inbox);
	backlog_untell(intake, inbox);
	inbox->folder.open = false;
	if (inbox->folder.lock >= 0)
		close(inbox->folder.lock);
	if (inbox->folder.name >= 0)
		close(inbox->folder.name);
	inbox->folder.lock = inbox->folder.name = -1;
}

bool scan_hold(struct intake *intake, struct watched_inbox *inbox)
{
	g_autoptr(GError) error = NULL;

	if (inbox->folder.lock >= 0)
		return true;
	inbox->folder.lock = inbox_lock(inbox->settings->path, &error);
	if (!error)
		return true;
	scan_close(intake, inbox);
	inbox->folder.check_us = 0; /* tells why */
	return false;
}

void scan_rest(struct watched_inbox *inbox)
{
	bool idle = !inbox->pass && !inbox->recover && !inbox->candidates && claim_count(inbox->settings->path) == 0;

	if (inbox->folder.lock < 0 || !idle)
		return;
	close(inbox->folder.lock);
	inbox->folder.lock = -1;
}

/* Both locks, or an error. */
static void lock_inbox(struct watched_inbox *inbox, const struct stat *status, GError **error)
{
	g_autoptr(GError) cause = NULL;

	inbox->folder.name = inbox_name(status, &cause);
	if (!cause)
		inbox->folder.lock = inbox_lock(inbox->settings->path, &cause);
	if (!cause)
		return;
	if (inbox->folder.name >= 0)
		close(inbox->folder.name);
	inbox->folder.name = -1;
	g_propagate_error(error, g_steal_pointer(&cause));
}

static void open_inbox(struct intake *intake, struct watched_inbox *inbox, const struct stat *status)
{
	int descriptor = beneath_open(inbox->settings->path, O_PATH | O_DIRECTORY, 0);
	const char *remote = descriptor >= 0 ? remote_name(descriptor) : NULL;

	if (descriptor >= 0)
		close(descriptor);
	if (remote)
		log_info("%s: %s file systems give no events for changes made elsewhere: looked at every %g s",
			inbox->settings->path, remote, (double)intake_poll_us / G_USEC_PER_SEC);
	inbox->folder.remote = remote != NULL;
	inbox->folder.device = status->st_dev;
	inbox->folder.inode = status->st_ino;
	inbox->folder.open = inbox->recover = true;
	inbox->source = source_of(inbox->settings);
	inbox->folder.missing_us = 0;
	inbox->scan_us = 0;
	scan_inbox(intake, inbox);
}

static char *not_there(const char *path, int number)
{
	g_autoptr(GError) error = NULL;

	if (number != ELOOP)
		return g_strdup_printf(
			"the inbox is not there: %s; it is taken up as soon as it is", g_strerror(number));
	errno = number;
	beneath_fail(&error, path, NULL, "the inbox cannot be looked into");
	return g_strdup(error->message);
}

/* An inbox that was there and is gone is not made again. Whoever deleted it may want to make it, or to move another there,
 * and would fail or end up inside it. */
void scan_check(struct intake *intake, struct watched_inbox *inbox, bool create)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *why = NULL;
	gint64 now = clock_now_us();
	struct stat status;

	inbox->folder.hopeless = false;
	/* One that never was is made as soon as that can be. */
	create |= !inbox->settings->was && !inbox->folder.seen;
	if (!inbox->folder.open && inbox_is_away(inbox->settings->path, inbox->settings->mount))
		why = g_strdup_printf(
			"the inbox is not there: its file system (%s) is not mounted; it is taken up as soon as it is",
			inbox->settings->mount);
	else if (create && !files_make_folder(inbox->settings->path, &error)) {
		why = g_strdup_printf("%s; it is tried again, and taken up as soon as it is there", error->message);
		inbox->folder.hopeless = error_kind(error) == ERROR_INPUT;
	} else if (beneath_stat(inbox->settings->path, &status) != 0)
		why = not_there(inbox->settings->path, errno);
	else if (!S_ISDIR(status.st_mode))
		why = g_strdup("the inbox is not a folder");
	g_clear_error(&error);
	if (!why) {
		inbox->folder.seen = true;
		inbox->folder.check_us = now + intake_check_us;
		if (inbox->folder.open &&
			(inbox->folder.device != status.st_dev || inbox->folder.inode != status.st_ino))
			scan_close(intake, inbox);
		inbox_name_answer(inbox->folder.name);
		if (inbox->folder.open)
			return;
		lock_inbox(inbox, &status, &error);
		if (!error) {
			open_inbox(intake, inbox, &status);
			return;
		}
		why = g_strdup(error->message);
	}
	if (inbox->folder.open)
		scan_close(intake, inbox);
	if (!inbox->folder.missing_us)
		inbox->folder.missing_us = now;
	inbox->folder.check_us =
		now + (now - inbox->folder.missing_us < MISSING_LONG_US ? CHECK_MISSING_US : intake_check_us);
	watched_inbox_why(intake, inbox, why);
}
