/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Inboxes: found, walked when that is due, lost; and what an event in a folder means. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/error.h"
#include "base/log.h"
#include "master/inbox/claim_register.h"
#include "master/inbox/inbox_lock.h"
#include "master/intake/intake_private.h"

gint64 intake_reconcile_us = 60 * G_USEC_PER_SEC;
gint64 intake_poll_us = 2 * G_USEC_PER_SEC;
gint64 intake_check_us = G_USEC_PER_SEC; /* a folder that is open somewhere is deleted without an event */

enum {
	JUST_MADE_US = 60 * G_USEC_PER_SEC,
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

static void start_walk(struct intake *intake, struct watched_inbox *inbox)
{
	inbox->scan_us = G_MAXINT64;
	walk_start(intake, inbox);
}

static void walk_is_over(struct intake *intake, struct watched_inbox *inbox, int number, bool watched)
{
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
	bool due = inbox->scan_us <= clock_now_us(), watched;
	int number;

	if (!inbox->walk && (due || (inbox->backlog.more && room_to_walk(intake, inbox)))) {
		start_walk(intake, inbox);
	} else if (inbox->walk) {
		/* Not anew, for what lies where it has not come to would never have its turn: once more when it is through. */
		inbox->backlog.more |= due;
		inbox->scan_us = G_MAXINT64;
		if (!room_to_walk(intake, inbox))
			return;
	} else {
		return;
	}
	if (walk_go_on(intake, inbox, &number, &watched))
		walk_is_over(intake, inbox, number, watched);
}

void scan_close(struct intake *intake, struct watched_inbox *inbox)
{
	walk_stop(inbox);
	inbox->backlog.more = inbox->backlog.stale = false;
	inbox->backlog.left = inbox->backlog.unlisted = inbox->backlog.unlisted_before = 0;
	watch_release(intake, inbox, NULL);
	settle_forget(intake, inbox, NULL);
	writers_forget(intake, inbox->settings->path);
	prune_forget(inbox);
	room_untell(intake, inbox);
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
	bool idle = !inbox->walk && !inbox->recover && !inbox->candidates && claim_count(inbox->settings->path) == 0;

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

/* An inbox that was there and is gone is not made again: whoever deleted it may be about to make it, or to move
 * another there, and would fail or end up inside it. */
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

void scan_lost(struct intake *intake, struct watched_inbox *inbox, const char *relative)
{
	if (*relative == '\0') {
		/* Even when a folder of the same inode is there again: its watch is not. */
		scan_close(intake, inbox);
		scan_check(intake, inbox, false);
		return;
	}
	g_autofree char *path = g_build_filename(inbox->settings->path, relative, NULL);
	watch_release(intake, inbox, path);
	writers_forget(intake, path);
	walk_folder(intake, inbox, relative, ARRIVED_SEEN); /* mostly: not there */
}

static void folder_event(
	struct intake *intake, struct watched_inbox *inbox, guint32 mask, const char *relative, const char *path)
{
	struct stat status;

	if (mask & IN_MOVED_FROM) {
		watch_release(intake, inbox, path);
		settle_forget(intake, inbox, path);
		writers_forget(intake, path);
		prune_gone(inbox, relative, true);
		return;
	}
	if (beneath_stat(path, &status) != 0) {
		settle_gone(intake, path);
		prune_gone(inbox, relative, false);
		return;
	}
	struct watched_inbox *inner = watched_inbox_at(intake, path, status.st_dev, status.st_ino);
	if (inner) {
		inner->folder.check_us = 0;
	} else if (!inbox->settings->recursive) {
		settle_notice(intake, inbox, relative, ARRIVED_SEEN);
	} else if (mask & (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)) {
		if (mask & (IN_CREATE | IN_MOVED_TO))
			prune_came(inbox, relative);
		walk_folder(intake, inbox, relative, mask & IN_MOVED_TO ? ARRIVED_MOVED : ARRIVED_SEEN);
	}
}

static void file_gone(
	struct intake *intake, struct watched_inbox *inbox, const char *relative, const char *path, bool deleted)
{
	if (intake->events.gone)
		intake->events.gone(inbox->settings, relative, deleted, intake->events.user);
	settle_gone(intake, path);
}

/* rsync --delete and other mirrors delete what the sender does not have. Who renames one of these folders, or puts a link in its place, is no
 * mirror; and one that was just made may be taken back by the mill, whose disk failed. */
static void own_folder_event(struct watched_inbox *inbox, guint32 mask, const char *name)
{
	static const char *const own[OWN_FOLDERS] = {CLAIMS_FOLDER, DONE_FOLDER, FAILED_FOLDER};
	gint64 now = clock_now_us();

	for (guint i = 0; i < OWN_FOLDERS; i++) {
		if (strcmp(name, own[i]) != 0)
			continue;
		if (mask & IN_CREATE)
			inbox->own.made_us[i] = now;
		if (!(mask & IN_DELETE) || inbox->own.warned || now - inbox->own.made_us[i] < JUST_MADE_US)
			continue;
		inbox->own.warned = true;
		log_warning(
			"%s: another program deleted %s with what lay in it; when that is a mirror into the inbox (rsync --delete), "
			"leave --delete out, or exclude " DONE_FOLDER ", " FAILED_FOLDER " and " CLAIMS_FOLDER,
			inbox->settings->path, name);
	}
}

void scan_event(struct intake *intake, struct folder *folder, guint32 mask, guint32 cookie, const char *name)
{
	struct watched_inbox *inbox = folder->inbox;

	if (mask & IN_MOVE_SELF && *folder->relative == '\0')
		inbox->folder.check_us = 0;
	if (mask & IN_ATTRIB && !name)
		settle_retry(intake, inbox);
	if (mask & IN_ISDIR && name && *folder->relative == '\0')
		own_folder_event(inbox, mask, name);
	if (!name || inbox_ignores(name, *folder->relative == '\0'))
		return;
	/* Copies: the event may make the folder's own strings go. */
	g_autofree char *relative = *folder->relative ? g_build_filename(folder->relative, name, NULL) : g_strdup(name);
	g_autofree char *path = g_build_filename(folder->path, name, NULL);
	if (!(mask & IN_ISDIR))
		writers_event(intake, mask, cookie, path);
	if (mask & IN_ISDIR)
		folder_event(intake, inbox, mask, relative, path);
	else if (mask & (IN_MOVED_FROM | IN_DELETE))
		file_gone(intake, inbox, relative, path, mask & IN_DELETE);
	else if (mask & IN_MOVED_TO)
		settle_notice(intake, inbox, relative, ARRIVED_MOVED);
	else if (mask & IN_MODIFY)
		settle_notice(intake, inbox, relative, ARRIVED_GROWN);
	else if (mask & (IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB))
		settle_notice(intake, inbox, relative, ARRIVED_WRITTEN);
}
