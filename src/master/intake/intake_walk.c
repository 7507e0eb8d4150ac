/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What lies in folders. The order is everything: first the watch, then the walk, so that a file that comes in between is seen twice and
 * not never.
 *
 * The walk of a whole inbox stops when the table is full, keeps its place, and goes on from there when there is room again. So a hundred
 * thousand files are read once, and those that the folder lists last have their turn, too. Files that it reads in one stretch are taken
 * in the order in which they came to the inbox (see by_due() in intake_settle.c). */
#include "master/intake/intake_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/disk/beneath.h"
#include "master/intake/intake_room.h"
#include "master/intake/intake_settle.h"
#include "master/intake/intake_source.h"
#include "master/intake/intake_state.h"
#include "master/intake/intake_watch.h"
#include "master/intake/watched_inbox.h"

/* Over an inbox, or over a folder of it. */
struct walk {
	struct pass pass;
	enum arrival arrival; /* how its files came */
	bool whole;           /* reads folders that are watched already, too */
	GQueue folders;       /* relative paths, owned: still to be read */
	char *relative;       /* of the folder that is being read */
	DIR *folder;          /* it; NULL: none is */
};

static char *path_in(const struct watched_inbox *inbox, const char *relative)
{
	return *relative ? g_build_filename(inbox->settings->path, relative, NULL) : g_strdup(inbox->settings->path);
}

/* One that has no events is walked every few seconds, and says why unless that lies in its nature. */
static void poll_inbox(struct intake *intake, struct watched_inbox *inbox, const GError *error)
{
	inbox->folder.polled = true;
	inbox->scan_us = MIN(inbox->scan_us, clock_now_us() + intake_poll_us);
	g_autofree char *why = g_strdup_printf("%s; until then the mill looks at this inbox every %g s", error->message,
		(double)intake_poll_us / G_USEC_PER_SEC);
	watched_inbox_why(intake, inbox, why);
}

/* Whether it is a folder; 0 or errno. status is filled in for folders. */
static int is_folder(const struct dirent *entry, int descriptor, struct stat *status, bool *folder)
{
	*folder = false;
	if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_DIR)
		return 0;
	if (fstatat(descriptor, entry->d_name, status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	*folder = S_ISDIR(status->st_mode);
	return 0;
}

/* False: a folder of this inbox, that is to be read as well: its path below the inbox, owned, is added to the queue. */
static bool is_entry(struct intake *intake, struct watched_inbox *inbox, const char *folder, const struct dirent *entry,
	int descriptor, char **relative, GQueue *folders)
{
	struct stat status;
	bool is;
	char *name = *folder ? g_build_filename(folder, entry->d_name, NULL) : g_strdup(entry->d_name);
	int number = is_folder(entry, descriptor, &status, &is);

	*relative = NULL;
	if (number) {
		settle_folder(intake, inbox, name, number);
	} else if (is) {
		g_autofree char *path = path_in(inbox, name);
		if (watched_inbox_at(intake, path, status.st_dev, status.st_ino)) {
			g_free(name);
			return false;
		}
		if (inbox->settings->recursive) {
			g_queue_push_tail(folders, name);
			return false;
		}
	}
	*relative = name;
	return number == 0;
}

static void entry_seen(
	struct intake *intake, struct watched_inbox *inbox, const struct dirent *entry, struct walk *walk)
{
	g_autofree char *relative = NULL;
	const char *folder = walk->relative;

	if (inbox_ignores(entry->d_name, *folder == '\0')) /* "." and "..", too */
		return;
	if (is_entry(intake, inbox, folder, entry, dirfd(walk->folder), &relative, &walk->folders))
		settle_notice(intake, inbox, relative, walk->arrival);
}

/* *folder is NULL when it need not be read: it was watched all the time (unless whole), or cannot be. Returns 0 or errno. */
static int open_folder(struct intake *intake, struct watched_inbox *inbox, const char *relative, bool whole,
	DIR **folder, bool *watched)
{
	g_autofree char *path = path_in(inbox, relative);
	g_autoptr(GError) error = NULL;
	bool fresh;
	/* The inbox itself may be a link to where it really is; below it links are not followed. */
	int descriptor = beneath_open(path, O_RDONLY | O_DIRECTORY, 0);

	*folder = NULL;
	if (descriptor < 0)
		return errno;
	if (!watch_folder(intake, inbox, relative, path, descriptor, &fresh, &error)) {
		*watched = false;
		poll_inbox(intake, inbox, error);
	}
	*folder = fresh || whole ? fdopendir(descriptor) : NULL;
	if (*folder)
		counter_add(COUNTER_FOLDERS);
	else
		close(descriptor);
	return 0;
}

static struct walk *begin_at(const char *top, enum arrival arrival, bool whole)
{
	struct walk *walk = g_new0(struct walk, 1);

	walk->pass.watched = true;
	walk->arrival = arrival;
	walk->whole = whole;
	g_queue_push_tail(&walk->folders, g_strdup(top));
	return walk;
}

static struct pass *begin(void)
{
	return &begin_at("", ARRIVED_WALKED, true)->pass;
}

static void end(struct pass *pass)
{
	struct walk *walk = (struct walk *)pass;

	g_queue_clear_full(&walk->folders, g_free);
	g_free(walk->relative);
	if (walk->folder)
		closedir(walk->folder);
	g_free(walk);
}

/* False: there is none left. */
static bool next_folder(struct intake *intake, struct watched_inbox *inbox, struct walk *walk)
{
	while (!walk->folder && !g_queue_is_empty(&walk->folders)) {
		g_free(walk->relative);
		walk->relative = g_queue_pop_head(&walk->folders);
		int number =
			open_folder(intake, inbox, walk->relative, walk->whole, &walk->folder, &walk->pass.watched);
		if (*walk->relative)
			settle_folder(intake, inbox, walk->relative, number);
		else
			walk->pass.number = number;
	}
	return walk->folder != NULL;
}

static bool next(struct intake *intake, struct watched_inbox *inbox, struct pass *pass)
{
	struct walk *walk = (struct walk *)pass;

	if (!next_folder(intake, inbox, walk))
		return false;
	struct dirent *entry = readdir(walk->folder);
	if (entry)
		entry_seen(intake, inbox, entry, walk);
	else
		closedir(g_steal_pointer(&walk->folder));
	return true;
}

void walk_folder(struct intake *intake, struct watched_inbox *inbox, const char *relative, enum arrival arrival)
{
	struct pass *pass = &begin_at(relative, arrival, false)->pass;

	while (next(intake, inbox, pass))
		;
	end(pass);
}

static guint64 count(struct intake *intake, struct watched_inbox *inbox)
{
	GQueue folders = G_QUEUE_INIT;
	guint64 number = 0;

	g_queue_push_tail(&folders, g_strdup(""));
	for (char *relative; (relative = g_queue_pop_head(&folders)); g_free(relative)) {
		g_autofree char *path = path_in(inbox, relative);
		DIR *folder = beneath_opendir(path);
		if (!folder)
			continue;
		counter_add(COUNTER_FOLDERS);
		for (struct dirent *entry; (entry = readdir(folder));) {
			g_autofree char *name = NULL;
			if (!inbox_ignores(entry->d_name, *relative == '\0') &&
				is_entry(intake, inbox, relative, entry, dirfd(folder), &name, &folders))
				number++;
		}
		closedir(folder);
	}
	return number;
}

const struct source walk_source = {NULL, begin, next, end, count};
