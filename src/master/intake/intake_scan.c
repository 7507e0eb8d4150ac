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

static void start_walk(struct intake *intake, struct box *box)
{
	box->scan_us = G_MAXINT64;
	walk_start(intake, box);
}

static void walk_is_over(struct intake *intake, struct box *box, int number, bool watched)
{
	box->polled = !watched || box->remote;
	box->scan_us = clock_now_us() + (box->polled ? intake_poll_us : intake_reconcile_us);
	if (number == 0) {
		watch_release_unmet(intake, box);
		if (intake->events.walked)
			intake->events.walked(box->inbox, intake->events.user);
		if (watched)
			intake_box_why(intake, box, NULL);
		return;
	}
	g_autofree char *why = g_strdup_printf("the inbox cannot be looked into: %s", g_strerror(number));
	intake_box_why(intake, box, why);
	box->scan_us = clock_now_us() + MIN(intake_poll_us, intake_reconcile_us);
}

void scan_box(struct intake *intake, struct box *box)
{
	bool due = box->scan_us <= clock_now_us(), watched;
	int number;

	if (!box->walk && (due || (box->more && room_to_walk(intake, box)))) {
		start_walk(intake, box);
	} else if (box->walk) {
		/* Not anew, for what lies where it has not come to would never have its turn: once more when it is through. */
		box->more |= due;
		box->scan_us = G_MAXINT64;
		if (!room_to_walk(intake, box))
			return;
	} else {
		return;
	}
	if (walk_go_on(intake, box, &number, &watched))
		walk_is_over(intake, box, number, watched);
}

void scan_close(struct intake *intake, struct box *box)
{
	walk_stop(box);
	box->more = box->stale = false;
	box->left = box->unlisted = box->unlisted_before = 0;
	watch_release(intake, box, NULL);
	settle_forget(intake, box, NULL);
	writers_forget(intake, box->inbox->path);
	prune_forget(box);
	room_untell(intake, box);
	box->open = false;
	if (box->lock >= 0)
		close(box->lock);
	if (box->name >= 0)
		close(box->name);
	box->lock = box->name = -1;
}

bool scan_hold(struct intake *intake, struct box *box)
{
	g_autoptr(GError) error = NULL;

	if (box->lock >= 0)
		return true;
	box->lock = inbox_lock(box->inbox->path, &error);
	if (!error)
		return true;
	scan_close(intake, box);
	box->check_us = 0; /* tells why */
	return false;
}

void scan_rest(struct box *box)
{
	bool idle = !box->walk && !box->recover && !box->candidates && claim_count(box->inbox->path) == 0;

	if (box->lock < 0 || !idle)
		return;
	close(box->lock);
	box->lock = -1;
}

/* Both locks, or an error. */
static void lock_box(struct box *box, const struct stat *status, GError **error)
{
	g_autoptr(GError) cause = NULL;

	box->name = inbox_name(status, &cause);
	if (!cause)
		box->lock = inbox_lock(box->inbox->path, &cause);
	if (!cause)
		return;
	if (box->name >= 0)
		close(box->name);
	box->name = -1;
	g_propagate_error(error, g_steal_pointer(&cause));
}

static void open_box(struct intake *intake, struct box *box, const struct stat *status)
{
	int descriptor = beneath_open(box->inbox->path, O_PATH | O_DIRECTORY, 0);
	const char *remote = descriptor >= 0 ? remote_name(descriptor) : NULL;

	if (descriptor >= 0)
		close(descriptor);
	if (remote)
		log_info("%s: %s file systems give no events for changes made elsewhere: looked at every %g s",
			box->inbox->path, remote, (double)intake_poll_us / G_USEC_PER_SEC);
	box->remote = remote != NULL;
	box->device = status->st_dev;
	box->inode = status->st_ino;
	box->open = box->recover = true;
	box->missing_us = 0;
	box->scan_us = 0;
	scan_box(intake, box);
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
void scan_check(struct intake *intake, struct box *box, bool create)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *why = NULL;
	gint64 now = clock_now_us();
	struct stat status;

	box->hopeless = false;
	/* One that never was is made as soon as that can be. */
	create |= !box->inbox->was && !box->seen;
	if (!box->open && inbox_is_away(box->inbox->path, box->inbox->mount))
		why = g_strdup_printf(
			"the inbox is not there: its file system (%s) is not mounted; it is taken up as soon as it is",
			box->inbox->mount);
	else if (create && !files_make_folder(box->inbox->path, &error)) {
		why = g_strdup_printf("%s; it is tried again, and taken up as soon as it is there", error->message);
		box->hopeless = error_kind(error) == ERROR_INPUT;
	} else if (beneath_stat(box->inbox->path, &status) != 0)
		why = not_there(box->inbox->path, errno);
	else if (!S_ISDIR(status.st_mode))
		why = g_strdup("the inbox is not a folder");
	g_clear_error(&error);
	if (!why) {
		box->seen = true;
		box->check_us = now + intake_check_us;
		if (box->open && (box->device != status.st_dev || box->inode != status.st_ino))
			scan_close(intake, box);
		inbox_name_answer(box->name);
		if (box->open)
			return;
		lock_box(box, &status, &error);
		if (!error) {
			open_box(intake, box, &status);
			return;
		}
		why = g_strdup(error->message);
	}
	if (box->open)
		scan_close(intake, box);
	if (!box->missing_us)
		box->missing_us = now;
	box->check_us = now + (now - box->missing_us < MISSING_LONG_US ? CHECK_MISSING_US : intake_check_us);
	intake_box_why(intake, box, why);
}

void scan_lost(struct intake *intake, struct box *box, const char *relative)
{
	if (*relative == '\0') {
		/* Even when a folder of the same inode is there again: its watch is not. */
		scan_close(intake, box);
		scan_check(intake, box, false);
		return;
	}
	g_autofree char *path = g_build_filename(box->inbox->path, relative, NULL);
	watch_release(intake, box, path);
	writers_forget(intake, path);
	walk_folder(intake, box, relative, ARRIVED_SEEN); /* mostly: not there */
}

static void folder_event(struct intake *intake, struct box *box, guint32 mask, const char *relative, const char *path)
{
	struct stat status;

	if (mask & IN_MOVED_FROM) {
		watch_release(intake, box, path);
		settle_forget(intake, box, path);
		writers_forget(intake, path);
		prune_gone(box, relative, true);
		return;
	}
	if (beneath_stat(path, &status) != 0) {
		settle_gone(intake, path);
		prune_gone(box, relative, false);
		return;
	}
	struct box *inner = intake_box_at(intake, path, status.st_dev, status.st_ino);
	if (inner) {
		inner->check_us = 0;
	} else if (!box->inbox->recursive) {
		settle_notice(intake, box, relative, ARRIVED_SEEN);
	} else if (mask & (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)) {
		if (mask & (IN_CREATE | IN_MOVED_TO))
			prune_came(box, relative);
		walk_folder(intake, box, relative, mask & IN_MOVED_TO ? ARRIVED_MOVED : ARRIVED_SEEN);
	}
}

static void file_gone(struct intake *intake, struct box *box, const char *relative, const char *path, bool deleted)
{
	if (intake->events.gone)
		intake->events.gone(box->inbox, relative, deleted, intake->events.user);
	settle_gone(intake, path);
}

/* rsync --delete and other mirrors delete what the sender does not have. Who renames one of these folders, or puts a link in its place, is no
 * mirror; and one that was just made may be taken back by the mill, whose disk failed. */
static void own_folder_event(struct box *box, guint32 mask, const char *name)
{
	static const char *const own[OWN_FOLDERS] = {CLAIMS_FOLDER, DONE_FOLDER, FAILED_FOLDER};
	gint64 now = clock_now_us();

	for (guint i = 0; i < OWN_FOLDERS; i++) {
		if (strcmp(name, own[i]) != 0)
			continue;
		if (mask & IN_CREATE)
			box->made_us[i] = now;
		if (!(mask & IN_DELETE) || box->warned || now - box->made_us[i] < JUST_MADE_US)
			continue;
		box->warned = true;
		log_warning(
			"%s: another program deleted %s with what lay in it; when that is a mirror into the inbox (rsync --delete), "
			"leave --delete out, or exclude " DONE_FOLDER ", " FAILED_FOLDER " and " CLAIMS_FOLDER,
			box->inbox->path, name);
	}
}

void scan_event(struct intake *intake, struct folder *folder, guint32 mask, guint32 cookie, const char *name)
{
	struct box *box = folder->box;

	if (mask & IN_MOVE_SELF && *folder->relative == '\0')
		box->check_us = 0;
	if (mask & IN_ATTRIB && !name)
		settle_retry(intake, box);
	if (mask & IN_ISDIR && name && *folder->relative == '\0')
		own_folder_event(box, mask, name);
	if (!name || inbox_ignores(name, *folder->relative == '\0'))
		return;
	/* Copies: the event may make the folder's own strings go. */
	g_autofree char *relative = *folder->relative ? g_build_filename(folder->relative, name, NULL) : g_strdup(name);
	g_autofree char *path = g_build_filename(folder->path, name, NULL);
	if (!(mask & IN_ISDIR))
		writers_event(intake, mask, cookie, path);
	if (mask & IN_ISDIR)
		folder_event(intake, box, mask, relative, path);
	else if (mask & (IN_MOVED_FROM | IN_DELETE))
		file_gone(intake, box, relative, path, mask & IN_DELETE);
	else if (mask & IN_MOVED_TO)
		settle_notice(intake, box, relative, ARRIVED_MOVED);
	else if (mask & IN_MODIFY)
		settle_notice(intake, box, relative, ARRIVED_GROWN);
	else if (mask & (IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB))
		settle_notice(intake, box, relative, ARRIVED_WRITTEN);
}
