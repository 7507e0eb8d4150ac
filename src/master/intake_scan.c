/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Folders: found, walked, lost, and what an event in one means. The order is everything: first the watch, then the
 * walk, so that a file that comes in between is seen twice and not never. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/tally.h"
#include "master/intake_private.h"

gint64 intake_reconcile_us = 60 * G_USEC_PER_SEC;
gint64 intake_poll_us = 2 * G_USEC_PER_SEC;
gint64 intake_check_us = G_USEC_PER_SEC; /* a folder that is open somewhere is deleted without an event */

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

static char *path_in(const struct box *box, const char *relative)
{
	return *relative ? g_build_filename(box->inbox->path, relative, NULL) : g_strdup(box->inbox->path);
}

/* One that has no events is walked every few seconds, and says why unless that lies in its nature. */
static void poll_box(struct intake *intake, struct box *box, const GError *error)
{
	box->polled = true;
	box->scan_us = MIN(box->scan_us, clock_now_us() + intake_poll_us);
	g_autofree char *why = g_strdup_printf("%s; until then this inbox is looked at every %g s", error->message,
		(double)intake_poll_us / G_USEC_PER_SEC);
	intake_box_why(intake, box, why);
}

static void entry_seen(struct intake *intake, struct box *box, const char *folder, const struct dirent *entry,
	int descriptor, enum arrival arrival, GQueue *folders)
{
	bool top = *folder == '\0';
	struct stat status;
	g_autofree char *relative = top ? g_strdup(entry->d_name) : g_build_filename(folder, entry->d_name, NULL);
	bool is_folder = entry->d_type == DT_DIR;

	if (entry->d_type == DT_UNKNOWN || is_folder) {
		if (fstatat(descriptor, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
			settle_folder(intake, box, relative, errno);
			return;
		}
		is_folder = S_ISDIR(status.st_mode);
	}
	if (is_folder) {
		g_autofree char *path = path_in(box, relative);
		if (intake_box_at(intake, path, status.st_dev, status.st_ino))
			return;
		if (box->inbox->recursive) {
			g_queue_push_tail(folders, g_steal_pointer(&relative));
			return;
		}
	}
	settle_notice(intake, box, relative, arrival);
}

/* One folder; those in it are added to the queue. whole: even when it was watched all the time. */
static int walk_one(struct intake *intake, struct box *box, const char *relative, enum arrival arrival, bool whole,
	GQueue *folders, bool *watched)
{
	g_autofree char *path = path_in(box, relative);
	g_autoptr(GError) error = NULL;
	bool fresh;
	/* The inbox itself may be a link to where it really is; below it links are not followed. */
	int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (*relative ? O_NOFOLLOW : 0));

	if (descriptor < 0)
		return errno;
	if (!watch_folder(intake, box, relative, path, descriptor, &fresh, &error)) {
		*watched = false;
		poll_box(intake, box, error);
	}
	DIR *folder = fresh || whole ? fdopendir(descriptor) : NULL;
	if (!folder) {
		close(descriptor);
		return 0;
	}
	tally(TALLY_FOLDERS);
	for (struct dirent *entry; (entry = readdir(folder));) /* "." and ".." start with a dot: ignored */
		if (!inbox_ignores(entry->d_name, *relative == '\0'))
			entry_seen(intake, box, relative, entry, dirfd(folder), arrival, folders);
	closedir(folder);
	return 0;
}

/* 0 or errno of the top folder. */
static int walk(
	struct intake *intake, struct box *box, const char *top, enum arrival arrival, bool whole, bool *watched)
{
	GQueue folders = G_QUEUE_INIT;
	int result = walk_one(intake, box, top, arrival, whole, &folders, watched);

	if (*top)
		settle_folder(intake, box, top, result);
	for (char *relative; (relative = g_queue_pop_head(&folders));) {
		settle_folder(
			intake, box, relative, walk_one(intake, box, relative, arrival, whole, &folders, watched));
		g_free(relative);
	}
	return result;
}

void scan_folder(struct intake *intake, struct box *box, const char *relative, enum arrival arrival)
{
	bool watched = true;
	walk(intake, box, relative, arrival, false, &watched);
}

void scan_box(struct intake *intake, struct box *box)
{
	bool watched = true;

	box->generation++;
	box->scan_us = G_MAXINT64;
	int number = walk(intake, box, "", ARRIVED_SEEN, true, &watched);
	box->polled = !watched || box->remote;
	box->scan_us = clock_now_us() + (box->polled ? intake_poll_us : intake_reconcile_us);
	if (number == 0) {
		watch_release_unmet(intake, box);
		if (watched)
			intake_box_why(intake, box, NULL);
		return;
	}
	g_autofree char *why = g_strdup_printf("the inbox cannot be looked into: %s", g_strerror(number));
	intake_box_why(intake, box, why);
	box->scan_us = clock_now_us() + MIN(intake_poll_us, intake_reconcile_us);
}

void scan_close(struct intake *intake, struct box *box)
{
	watch_release(intake, box, NULL);
	settle_forget(intake, box, NULL);
	box->open = false;
	if (box->lock >= 0)
		close(box->lock);
	box->lock = -1;
}

static void open_box(struct intake *intake, struct box *box, const struct stat *status)
{
	int descriptor = open(box->inbox->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
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
	scan_box(intake, box);
}

/* An inbox that was there and is gone is not made again: whoever deleted it may be about to make it, or to move
 * another there, and would fail or end up inside it. */
void scan_check(struct intake *intake, struct box *box, bool create)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *why = NULL;
	gint64 now = clock_now_us();
	struct stat status;

	if (create && !files_make_folder(box->inbox->path, &error))
		why = g_strdup(error->message);
	else if (stat(box->inbox->path, &status) != 0)
		why = g_strdup_printf("the inbox is not there: %s; it is taken up as soon as it is", g_strerror(errno));
	else if (!S_ISDIR(status.st_mode))
		why = g_strdup("the inbox is not a folder");
	if (!why) {
		box->check_us = now + intake_check_us;
		if (box->open && (box->device != status.st_dev || box->inode != status.st_ino))
			scan_close(intake, box);
		if (box->open)
			return;
		box->lock = inbox_lock(box->inbox->path, &error);
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
	g_autofree char *path = path_in(box, relative);
	watch_release(intake, box, path);
	scan_folder(intake, box, relative, ARRIVED_SEEN); /* mostly: not there */
}

static void folder_event(struct intake *intake, struct box *box, guint32 mask, const char *relative, const char *path)
{
	struct stat status;

	if (mask & IN_MOVED_FROM) {
		watch_release(intake, box, path);
		settle_forget(intake, box, path);
		return;
	}
	if (lstat(path, &status) != 0) {
		settle_gone(intake, path);
		return;
	}
	struct box *inner = intake_box_at(intake, path, status.st_dev, status.st_ino);
	if (inner) {
		inner->check_us = 0;
	} else if (!box->inbox->recursive) {
		settle_notice(intake, box, relative, ARRIVED_SEEN);
	} else if (mask & (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)) {
		scan_folder(intake, box, relative, mask & IN_MOVED_TO ? ARRIVED_MOVED : ARRIVED_SEEN);
	}
}

void scan_event(struct intake *intake, struct folder *folder, guint32 mask, const char *name)
{
	struct box *box = folder->box;

	if (mask & IN_MOVE_SELF && *folder->relative == '\0')
		box->check_us = 0;
	if (mask & IN_ATTRIB && !name)
		settle_retry(intake, box);
	if (!name || inbox_ignores(name, *folder->relative == '\0'))
		return;
	/* Copies: the event may make the folder's own strings go. */
	g_autofree char *relative = *folder->relative ? g_build_filename(folder->relative, name, NULL) : g_strdup(name);
	g_autofree char *path = g_build_filename(folder->path, name, NULL);
	if (mask & IN_ISDIR)
		folder_event(intake, box, mask, relative, path);
	else if (mask & (IN_MOVED_FROM | IN_DELETE))
		settle_gone(intake, path);
	else if (mask & IN_MOVED_TO)
		settle_notice(intake, box, relative, ARRIVED_MOVED);
	else if (mask & IN_MODIFY)
		settle_notice(intake, box, relative, ARRIVED_GROWN);
	else if (mask & (IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB))
		settle_notice(intake, box, relative, ARRIVED_WRITTEN);
}
