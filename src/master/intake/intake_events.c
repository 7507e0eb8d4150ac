/* SPDX-License-Identifier: GPL-2.0-or-later
 * What an event in a folder means: see intake_events.h. */
#include "master/intake/intake_events.h"

#include <string.h>
#include <sys/inotify.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/log.h"
#include "master/intake/intake_prune.h"
#include "master/intake/intake_scan.h"
#include "master/intake/intake_settle.h"
#include "master/intake/intake_state.h"
#include "master/intake/intake_walk.h"
#include "master/intake/intake_watch.h"
#include "master/intake/intake_writers.h"
#include "master/intake/watched_inbox.h"

enum {
	EVENTS_AT_ONCE = 4096, /* between two looks at the timers */
	JUST_MADE_US = 60 * G_USEC_PER_SEC,
};

/* The watch of a folder ended: it is deleted or unmounted. Another of the same name may be there by now. */
static void lost(struct intake *intake, struct watched_inbox *inbox, const char *relative)
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

/* rsync --delete and other mirrors delete what the sender does not have. A mirror does not rename one of these
 * folders, or put a link in its place. The mill itself may remove one that it just made, when its disk failed. */
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

static void happened(struct intake *intake, const struct watch_event *event)
{
	struct watched_inbox *inbox = event->inbox;
	guint32 mask = event->mask;
	const char *name = event->name;
	bool at_top = *event->folder == '\0';

	if (mask & IN_MOVE_SELF && at_top)
		inbox->folder.check_us = 0;
	if (mask & IN_ATTRIB && !name)
		settle_retry(intake, inbox);
	if (mask & IN_ISDIR && name && at_top)
		own_folder_event(inbox, mask, name);
	if (!name || inbox_ignores(name, at_top))
		return;
	/* Copies: the event may make the folder's own strings go. */
	g_autofree char *relative = at_top ? g_strdup(name) : g_build_filename(event->folder, name, NULL);
	g_autofree char *path = g_build_filename(event->path, name, NULL);
	if (!(mask & IN_ISDIR))
		writers_event(intake, mask, event->cookie, path);
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

bool events_run(struct intake *intake)
{
	struct watch_event event;

	watch_renew(intake);
	for (int i = 0; i < EVENTS_AT_ONCE; i++) {
		if (!watch_next(intake, &event))
			return false;
		if (event.inbox && event.mask & IN_IGNORED)
			lost(intake, event.inbox, event.folder);
		else if (event.inbox)
			happened(intake, &event);
	}
	return true;
}
