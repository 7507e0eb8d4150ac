/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libinotifytools, and nothing else of intake knows it. We use initialize, one watch to a folder, and next event;
 * which folder a watch is for is our own map. What its source (3.22.6.0) demands of us:
 *
 * - It lists a watch under the name it was given and never forgets one that the kernel dropped, so the same name asked
 *   again answers with the old descriptor. Each watch gets a name of its own: unique_name().
 * - Its remove function prints to standard error when the kernel was faster. It is not used: a watch that is of no use
 *   any more loses its inbox and is ignored; when many have, the library is started afresh.
 * - A folder added twice leaks in the library. We look it up by device and inode first.
 * - Its buffer of events outlives inotifytools_cleanup(): the rest is read and dropped after the next start.
 * - It waits with select(), so its descriptor has to be below FD_SETSIZE, and the descriptor has no CLOEXEC.
 */
#include "master/intake/intake_watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inotifytools/inotify.h>
#include <inotifytools/inotifytools.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/error.h"
#include "base/log.h"
#include "master/intake/intake_state.h"
#include "master/intake/intake_writers.h"
#include "master/intake/watched_inbox.h"

guint intake_dead_at_most = 1024;

enum {
	MASK = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB |
	       IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
	DEAD_FACTOR = 8, /* so many times as many dead watches are borne while files are being written */
};

/* A folder that inotify watches. The kernel's watch stays when it is of no use any more: inbox is NULL then. */
struct folder {
	int wd;
	guint64 device, inode;
	struct watched_inbox *inbox;
	char *path, *relative; /* relative is "" for the inbox itself */
	guint generation;
};

static void folder_free(gpointer data)
{
	struct folder *folder = data;

	g_free(folder->path);
	g_free(folder->relative);
	g_free(folder);
}

static guint identity_hash(gconstpointer data)
{
	const struct folder *folder = data;
	return (guint)(folder->inode ^ folder->inode >> 32 ^ folder->device * 31);
}

static gboolean identity_same(gconstpointer a, gconstpointer b)
{
	const struct folder *first = a, *second = b;
	return first->device == second->device && first->inode == second->inode;
}

static char *limit_of(const char *name)
{
	g_autofree char *path = g_strdup_printf("/proc/sys/fs/inotify/%s", name);
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_strdup("unknown");
	return g_strdup(g_strstrip(text));
}

/* ENOSPC of inotify is not a full disk, EMFILE not only our own descriptors: the limit by its name, and the cure. */
static bool fail_inotify(GError **error, int number, const char *limit)
{
	g_autofree char *current = limit_of(limit);
	guint64 better = MAX(g_ascii_strtoull(current, NULL, 10) * 4, 1024);

	return fail(error, ERROR_RETRY,
		"inotify: %s: the limit fs.inotify.%s (%s) is used up; `sysctl fs.inotify.%s=%" G_GUINT64_FORMAT
		"` raises it",
		g_strerror(number), limit, current, limit, better);
}

/* Descriptors of this process that are inotify's. */
static GHashTable *inotify_descriptors(void)
{
	GHashTable *found = g_hash_table_new(NULL, NULL);
	DIR *folder = opendir("/proc/self/fd");

	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		char target[64];
		gssize length = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		if (length <= 0)
			continue;
		target[length] = '\0';
		if (strstr(target, "inotify"))
			g_hash_table_add(found, GINT_TO_POINTER(atoi(entry->d_name)));
	}
	if (folder)
		closedir(folder);
	return found;
}

/* The library keeps its descriptor to itself: it is the one that is there after its start and was not before. -1 when
 * that is not exactly one, because another thread opened its own at the same moment. */
static int new_descriptor(GHashTable *before)
{
	g_autoptr(GHashTable) after = inotify_descriptors();
	GHashTableIter iterator;
	gpointer key;
	int found = -1;
	guint count = 0;

	g_hash_table_iter_init(&iterator, after);
	while (g_hash_table_iter_next(&iterator, &key, NULL))
		if (!g_hash_table_contains(before, key)) {
			found = GPOINTER_TO_INT(key);
			count++;
		}
	return count == 1 ? found : -1;
}

/* EMFILE stands for two limits; this is the other. */
static bool descriptors_left(void)
{
	int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (descriptor >= 0)
		close(descriptor);
	return descriptor >= 0;
}

static bool start_library(struct intake *intake, GError **error)
{
	for (int attempt = 0; attempt < 5; attempt++) {
		g_autoptr(GHashTable) before = inotify_descriptors();
		if (!inotifytools_initialize()) {
			int number = inotifytools_error();
			return number == EMFILE && descriptors_left()
				       ? fail_inotify(error, number, "max_user_instances")
				       : fail(error, ERROR_RETRY, "inotify cannot be used: %s", g_strerror(number));
		}
		intake->watches.descriptor = new_descriptor(before);
		if (intake->watches.descriptor >= 0 && intake->watches.descriptor < FD_SETSIZE)
			return true;
		inotifytools_cleanup();
		intake->watches.descriptor = -1;
	}
	return fail(error, ERROR_RETRY, "inotify cannot be used: its descriptor was not found or is too high");
}

void watch_open(struct intake *intake)
{
	g_autoptr(GError) error = NULL;

	intake->watches.folders = g_hash_table_new_full(NULL, NULL, NULL, folder_free);
	intake->watches.by_identity = g_hash_table_new(identity_hash, identity_same);
	intake->writers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	intake->watches.dead = 0;
	intake->watches.descriptor = -1;
	g_clear_pointer(&intake->watches.error, g_free);
	if (!start_library(intake, &error)) {
		intake->watches.error = g_strdup(error->message);
		intake->watches.retry_us = clock_now_us() + intake_reconcile_us;
		return;
	}
	fcntl(intake->watches.descriptor, F_SETFD, FD_CLOEXEC);
	while (inotifytools_next_events(0, 1)) /* of the time before the last clean-up; there is no watch yet */
		;
}

void watch_close(struct intake *intake)
{
	if (intake->watches.descriptor >= 0)
		inotifytools_cleanup();
	intake->watches.descriptor = -1;
	g_clear_pointer(&intake->watches.by_identity, g_hash_table_destroy);
	g_clear_pointer(&intake->watches.folders, g_hash_table_destroy);
	g_clear_pointer(&intake->writers, g_hash_table_destroy);
	g_clear_pointer(&intake->watches.error, g_free);
	g_clear_pointer(&intake->watches.lost, g_free);
}

/* A name for an open folder that no other watch had: "/" and "./" are the digits of a serial number, and mean nothing
 * to the kernel. By descriptor it also is the very folder that was opened, whatever its path is by now. */
static char *unique_name(struct intake *intake, int descriptor)
{
	GString *name = g_string_new(NULL);

	g_string_printf(name, "/proc/self/fd/%d/", descriptor);
	for (guint serial = ++intake->watches.serial; serial; serial >>= 1)
		g_string_append(name, serial & 1 ? "./" : "/");
	return g_string_free(name, FALSE);
}

static struct folder *add_watch(struct intake *intake, int descriptor, guint64 device, guint64 inode, GError **error)
{
	g_autofree char *name = unique_name(intake, descriptor);

	if (!inotifytools_watch_file(name, MASK)) {
		int number = inotifytools_error();
		if (number == ENOSPC)
			fail_inotify(error, number, "max_user_watches");
		else
			fail(error, ERROR_RETRY, "inotify: %s", g_strerror(number));
		return NULL;
	}
	struct folder *folder = g_new0(struct folder, 1);
	folder->wd = inotifytools_wd_from_filename(name);
	folder->device = device;
	folder->inode = inode;
	/* File systems that change a folder's numbers: the kernel knows better that it is the same one. */
	struct folder *known = g_hash_table_lookup(intake->watches.folders, GINT_TO_POINTER(folder->wd));
	if (known)
		g_hash_table_remove(intake->watches.by_identity, known);
	g_hash_table_replace(intake->watches.folders, GINT_TO_POINTER(folder->wd), folder);
	g_hash_table_replace(intake->watches.by_identity, folder, folder);
	return folder;
}

bool watch_folder(struct intake *intake, struct watched_inbox *inbox, const char *relative, const char *path,
	int descriptor, bool *fresh, GError **error)
{
	struct stat status;

	*fresh = true;
	if (intake->watches.descriptor < 0)
		return fail(error, ERROR_RETRY, "%s", intake->watches.error);
	if (fstat(descriptor, &status) != 0)
		return fail_errno(error, "cannot be looked at");
	struct folder key = {.device = status.st_dev, .inode = status.st_ino};
	struct folder *folder = g_hash_table_lookup(intake->watches.by_identity, &key);
	if (!folder)
		folder = add_watch(intake, descriptor, key.device, key.inode, error);
	else if (!folder->inbox)
		intake->watches.dead--;
	if (!folder)
		return false;
	*fresh = folder->inbox != inbox || g_strcmp0(folder->path, path) != 0;
	if (*fresh) {
		g_free(folder->path);
		g_free(folder->relative);
		folder->path = g_strdup(path);
		folder->relative = g_strdup(relative);
		folder->inbox = inbox;
	}
	folder->generation = inbox->generation;
	return true;
}

static void release(struct intake *intake, struct folder *folder)
{
	folder->inbox = NULL;
	intake->watches.dead++;
}

void watch_release(struct intake *intake, struct watched_inbox *inbox, const char *path)
{
	GHashTableIter iterator;
	gpointer value;

	if (!intake->watches.folders)
		return;
	g_hash_table_iter_init(&iterator, intake->watches.folders);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		struct folder *folder = value;
		if (folder->inbox == inbox && inbox_path_within(folder->path, path))
			release(intake, folder);
	}
}

void watch_release_unmet(struct intake *intake, struct watched_inbox *inbox)
{
	GHashTableIter iterator;
	gpointer value;

	if (!intake->watches.folders)
		return;
	g_hash_table_iter_init(&iterator, intake->watches.folders);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		struct folder *folder = value;
		if (folder->inbox == inbox && folder->generation != inbox->generation)
			release(intake, folder);
	}
}

/* The kernel dropped a watch. Its name is kept until the next event. */
static void ignored(struct intake *intake, struct folder *folder, struct watch_event *event)
{
	if (folder->inbox)
		intake->watches.dead++; /* the library still lists it */
	g_free(intake->watches.lost);
	event->folder = intake->watches.lost = g_steal_pointer(&folder->relative);
	event->path = NULL;
	if (g_hash_table_lookup(intake->watches.by_identity, folder) == folder)
		g_hash_table_remove(intake->watches.by_identity, folder);
	g_hash_table_remove(intake->watches.folders, GINT_TO_POINTER(folder->wd));
}

static void overflowed(struct intake *intake)
{
	guint64 times = counter_add(COUNTER_OVERFLOWS);

	log_warning("inotify lost events, its queue was full (%" G_GUINT64_FORMAT " times so far): every inbox is "
		    "looked through; `sysctl fs.inotify.max_queued_events` makes it longer",
		times);
	writers_forget(intake, NULL); /* their end may be among the lost events */
	for (guint i = 0; i < intake->inboxes->len; i++) {
		struct watched_inbox *inbox = intake->inboxes->pdata[i];
		inbox->folder.check_us = inbox->scan_us = 0;
	}
}

/* So many watches are of no use that the library should be started afresh. Who is writing would be forgotten then: that is put off while
 * anybody is, within reason. */
static bool too_many_dead(const struct intake *intake)
{
	guint most = intake_dead_at_most + g_hash_table_size(intake->watches.folders) / 2;

	return intake->watches.dead > (g_hash_table_size(intake->writers) ? most * DEAD_FACTOR : most);
}

/* Starts the library afresh, to be rid of dead watches or to try again. What happens meanwhile, the walk finds. */
static void start_afresh(struct intake *intake)
{
	watch_close(intake);
	watch_open(intake);
	for (guint i = 0; i < intake->inboxes->len; i++)
		((struct watched_inbox *)intake->inboxes->pdata[i])->scan_us = 0;
}

void watch_renew(struct intake *intake)
{
	if (intake->watches.descriptor < 0 ? clock_now_us() >= intake->watches.retry_us : too_many_dead(intake))
		start_afresh(intake);
}

bool watch_next(struct intake *intake, struct watch_event *event)
{
	const struct inotify_event *seen = intake->watches.descriptor >= 0 ? inotifytools_next_events(0, 1) : NULL;

	if (!seen)
		return false;
	*event =
		(struct watch_event){.mask = seen->mask, .cookie = seen->cookie, .name = seen->len ? seen->name : NULL};
	if (seen->mask & IN_Q_OVERFLOW)
		overflowed(intake);
	struct folder *folder = g_hash_table_lookup(intake->watches.folders, GINT_TO_POINTER(seen->wd));
	if (!folder)
		return true;
	event->inbox = folder->inbox;
	event->folder = folder->relative;
	event->path = folder->path;
	if (seen->mask & IN_IGNORED)
		ignored(intake, folder, event);
	return true;
}
