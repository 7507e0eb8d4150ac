/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Files that are seen and not taken yet. Each has a timer. A file leaves the table when it is claimed or gone; one that is
 * too young, unreadable or not a file gets another look. A walk of the inbox finds those again that do not fit: see intake_room.c.
 *
 * A file is claimed when it has been quiet for the inbox's settle time and is the same (size, mtime) at two looks. It must be readable,
 * and no process may have it open for writing. One that was moved in is complete and needs only the last two. */
#include "master/intake/intake_settle.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "master/intake/intake_prune.h"
#include "master/intake/intake_room.h"
#include "master/intake/intake_state.h"
#include "master/intake/watched_inbox.h"

guint intake_parked_most = 2000;

enum {
	FAILED_FIRST_US = 1000 * 1000, /* doubled with each failure, up to: */
	FAILED_LAST_US = 30 * 1000 * 1000,
};

static void pending_free(gpointer data)
{
	struct pending *file = data;

	if (file->parked)
		file->inbox->parked--;
	else
		file->inbox->candidates--;
	g_sequence_remove(file->timer);
	g_free(file->path);
	g_free(file->why);
	g_free(file);
}

void settle_init(struct intake *intake)
{
	intake->fresh = g_ptr_array_new();
	intake->pending = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, pending_free);
}

void settle_finish(struct intake *intake)
{
	g_clear_pointer(&intake->pending, g_hash_table_destroy);
	g_clear_pointer(&intake->fresh, g_ptr_array_unref);
}

/* Files that a walk found in one stretch are due at the same time. The one that came to the inbox first goes first. When they came
 * within a tick of the kernel's clock, the name decides. */
static int by_due(gconstpointer a, gconstpointer b, gpointer user)
{
	const struct pending *first = a, *second = b;

	(void)user;
	if (first->due_us != second->due_us)
		return first->due_us < second->due_us ? -1 : 1;
	if (first->came_us != second->came_us)
		return first->came_us < second->came_us ? -1 : 1;
	return first->came_us ? strcmp(first->path, second->path) : 0;
}

void settle_arm(struct pending *file, gint64 due_us)
{
	file->due_us = due_us;
	if (file->timer)
		g_sequence_sort_changed(file->timer, by_due, NULL);
	else
		file->timer = g_sequence_insert_sorted(file->inbox->timers, file, by_due, NULL);
}

static void tell(struct intake *intake, struct pending *file, const char *why)
{
	if (g_strcmp0(file->why, why) == 0)
		return;
	g_free(file->why);
	file->why = g_strdup(why);
	if (intake->events.waiting)
		intake->events.waiting(file->inbox->settings->pipeline, file->path, why, intake->events.user);
}

void settle_drop(struct intake *intake, struct pending *file)
{
	tell(intake, file, NULL);
	g_hash_table_remove(intake->pending, file->path);
}

void settle_park(struct intake *intake, struct pending *file, const char *why, gint64 due_us)
{
	struct watched_inbox *inbox = file->inbox;

	if (!file->parked && inbox->parked >= intake_parked_most) {
		inbox->backlog.unlisted += why != NULL;
		settle_drop(intake, file);
		return;
	}
	if (!file->parked) {
		inbox->candidates--;
		inbox->parked++;
		file->parked = true;
	}
	tell(intake, file, why);
	settle_arm(file, due_us);
}

void settle_failed(struct intake *intake, struct pending *file, const char *why)
{
	gint64 pause = FAILED_FIRST_US;

	for (guint i = 0; i < file->failures && pause < FAILED_LAST_US; i++)
		pause *= 2;
	file->failures++;
	settle_park(intake, file, why, clock_now_us() + MIN(pause, FAILED_LAST_US));
}

void settle_failed_errno(struct intake *intake, struct pending *file, const char *what, int number)
{
	g_autofree char *why = g_strdup_printf("%s: %s", what, g_strerror(number));
	settle_failed(intake, file, why);
}

static struct pending *add_pending(
	struct intake *intake, struct watched_inbox *inbox, char *path /* takes */, const char *relative)
{
	struct pending *file = g_new0(struct pending, 1);

	file->inbox = inbox;
	file->path = path;
	file->relative = path + strlen(path) - strlen(relative);
	file->first_us = clock_now_us();
	file->first_wall_us = clock_wall_us();
	inbox->candidates++;
	settle_arm(file, G_MAXINT64);
	g_hash_table_insert(intake->pending, file->path, file);
	return file;
}

/* True when it is what it was at the last look. */
bool settle_look(struct pending *file, const struct stat *status)
{
	struct stamp now = stamp_of(status);

	if (stamp_same(&now, &file->seen))
		return true;
	file->seen = now;
	file->same_us = clock_now_us();
	return false;
}

gint64 settle_time(const struct watched_inbox *inbox)
{
	return inbox->folder.polled || inbox->folder.remote ? MAX(inbox->settings->settle_us, 2 * intake_poll_us)
							    : inbox->settings->settle_us;
}

/* When it came, as far as known: a rename or a write sets its ctime. One that came with its folder may have lain elsewhere for years;
 * it was not here before the backlog that it was found in. */
static void found(struct pending *file, const struct stat *status)
{
	file->came_us = status->st_ctim.tv_sec * G_USEC_PER_SEC + status->st_ctim.tv_nsec / 1000;
	file->first_wall_us = MIN(file->first_wall_us, MAX(file->came_us, file->inbox->backlog.since_wall_us));
}

/* An original that stays, where nothing leaves a doubt: it never gets into the table. */
static bool is_done(struct intake *intake, const struct watched_inbox *inbox, const char *path, const char *relative)
{
	struct stat status;

	return intake->events.known && intake->events.kept(inbox->settings, intake->events.user) > 0 &&
	       beneath_stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       intake->events.known(inbox->settings, relative, &status, false, intake->events.user) == KNOWN_DONE;
}

bool settle_notice(struct intake *intake, struct watched_inbox *inbox, const char *relative, enum arrival arrival)
{
	g_autofree char *path = g_build_filename(inbox->settings->path, relative, NULL);
	struct pending *file = g_hash_table_lookup(intake->pending, path);
	bool known = file != NULL, looked = arrival == ARRIVED_SEEN || arrival == ARRIVED_WALKED;
	gint64 now = arrival == ARRIVED_WALKED ? inbox->stretch_us : clock_now_us();
	struct stat status;

	if (known && looked)
		return true;
	prune_touch(inbox, relative);
	if (looked && is_done(intake, inbox, path, relative))
		return true;
	if (!known && !(room_to_note(intake, inbox) && (arrival == ARRIVED_WALKED || !room_backlog(inbox)))) {
		room_begin_backlog(inbox);
		inbox->backlog.more = inbox->backlog.stale = true;
		return false;
	}
	if (!known)
		file = add_pending(intake, inbox, g_steal_pointer(&path), relative);
	if (!known && arrival == ARRIVED_WALKED)
		inbox->backlog.left -= inbox->backlog.left > 0;
	if (arrival == ARRIVED_MOVED && file->put_back) {
		file->put_back = false;
		return true;
	}
	/* Not at each write: there may be thousands, and the timer's look will see the last. */
	if ((arrival != ARRIVED_GROWN || !known) && beneath_stat(file->path, &status) == 0) {
		settle_look(file, &status);
		if (arrival == ARRIVED_WALKED)
			found(file, &status);
	}
	file->moved = arrival == ARRIVED_MOVED;
	file->told |= !looked;
	file->failures = 0;
	file->quiet_us = file->moved ? now : now + settle_time(inbox);
	/* A timer that is due earlier looks and goes on waiting: cheaper than to move it with each write. */
	if (!known || file->due_us > file->quiet_us)
		settle_arm(file, file->quiet_us);
	return true;
}

void settle_returned(struct intake *intake, struct watched_inbox *inbox, const char *relative, gint64 quiet_us)
{
	g_autofree char *path = g_build_filename(inbox->settings->path, relative, NULL);

	if (!settle_notice(intake, inbox, relative, ARRIVED_WRITTEN))
		return; /* a walk finds it */
	struct pending *file = g_hash_table_lookup(intake->pending, path);
	file->put_back = true;
	file->quiet_us = MAX(file->quiet_us, quiet_us);
	settle_arm(file, file->quiet_us);
}

void settle_folder(struct intake *intake, struct watched_inbox *inbox, const char *relative, int number)
{
	g_autofree char *path = g_build_filename(inbox->settings->path, relative, NULL);
	struct pending *folder = g_hash_table_lookup(intake->pending, path);

	if (number == 0 || number == ENOENT || number == ENOTDIR) {
		if (folder)
			settle_drop(intake, folder);
		return;
	}
	if (!folder)
		folder = add_pending(intake, inbox, g_steal_pointer(&path), relative);
	settle_failed_errno(intake, folder, "this folder cannot be looked into", number);
}

void settle_gone(struct intake *intake, const char *path)
{
	struct pending *file = g_hash_table_lookup(intake->pending, path);
	struct stat status;

	/* Events are late: another may have its name already. */
	if (file && beneath_stat(path, &status) != 0 && errno == ENOENT)
		settle_drop(intake, file);
}

void settle_look_again(struct intake *intake, const char *path)
{
	struct pending *file = g_hash_table_lookup(intake->pending, path);

	if (file) {
		settle_arm(file, clock_now_us());
		return;
	}
	for (guint i = 0; i < intake->inboxes->len; i++) {
		struct watched_inbox *inbox = intake->inboxes->pdata[i];
		if (inbox->folder.open && inbox_path_within(path, inbox->settings->path)) {
			settle_notice(intake, inbox, path + strlen(inbox->settings->path) + 1, ARRIVED_SEEN);
			return;
		}
	}
}

void settle_forget(struct intake *intake, struct watched_inbox *inbox, const char *path)
{
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, intake->pending);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		struct pending *file = value;
		if (file->inbox != inbox || !inbox_path_within(file->path, path))
			continue;
		tell(intake, file, NULL);
		g_hash_table_iter_remove(&iterator);
	}
}

void settle_retry(struct intake *intake, struct watched_inbox *inbox)
{
	GHashTableIter iterator;
	gpointer value;

	g_hash_table_iter_init(&iterator, intake->pending);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		struct pending *file = value;
		if (file->inbox == inbox && file->failures)
			settle_arm(file, clock_now_us());
	}
}

gint64 settle_next_us(struct intake *intake, struct watched_inbox *inbox)
{
	GSequenceIter *first = g_sequence_get_begin_iter(inbox->timers);

	if (g_sequence_iter_is_end(first) || !room_to_claim(intake, inbox))
		return G_MAXINT64;
	return ((struct pending *)g_sequence_get(first))->due_us;
}
