/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a message may name: see path_allowlist.h. */
#include "sandbox/path_allowlist.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/disk/roots.h"
#include "base/error.h"

struct place {
	char *given, *folder; /* real, or as given when it was not there */
	enum place_use use;
	dev_t device;
	ino_t inode; /* 0: it was not there */
	bool opens;
};

static bool confined;
static GArray *places; /* struct place */

void path_allowlist_confine(void)
{
	confined = true;
}

/* Links are followed, but not those of /proc that lead into other processes. */
static int open_path(const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

	/* A kernel, or the sandbox of a container, without it. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open(path, O_PATH | O_CLOEXEC);
	return fd;
}

/* NULL with errno. */
static char *real_path(const char *path)
{
	int fd = open_path(path);

	if (fd < 0)
		return NULL;
	g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
	char *real = g_file_read_link(link, NULL);
	close(fd);
	if (!real)
		errno = ENOENT;
	return real;
}

static bool opens(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void path_allowlist_add(const char *folder, enum place_use use)
{
	struct stat status;
	char *real = real_path(folder);
	struct place place = {.given = g_strdup(folder), .folder = real ? real : g_strdup(folder), .use = use};

	if (real && stat(real, &status) == 0) {
		place.device = status.st_dev;
		place.inode = status.st_ino;
		place.opens = opens(real);
		if (S_ISDIR(status.st_mode)) {
			beneath_add(folder, BENEATH_OWN);
			beneath_add(real, BENEATH_OWN);
		}
	}
	if (!places)
		places = g_array_new(FALSE, FALSE, sizeof(struct place));
	g_array_append_val(places, place);
}

/* A share that is mounted again often has the numbers of before. The kernel knows better: its rules are of the mount that went. */
static bool is_another(const struct place *place, const struct stat *now)
{
	return now->st_ino != place->inode || now->st_dev != place->device ||
	       (place->opens && !opens(place->given) && errno == EACCES);
}

const char *path_allowlist_changed(void)
{
	struct stat status;

	for (guint i = 0; confined && places && i < places->len; i++) {
		const struct place *place = &g_array_index(places, struct place, i);
		if (stat(place->given, &status) == 0 && is_another(place, &status))
			return place->given;
	}
	return NULL;
}

bool path_allowlist_any(void)
{
	return !confined || (places && places->len > 0);
}

void path_allowlist_each(void (*tell)(const char *folder, enum place_use use, void *user), void *user)
{
	for (guint i = 0; places && i < places->len; i++) {
		const struct place *place = &g_array_index(places, struct place, i);
		tell(place->folder, place->use, user);
	}
}

static bool lies_in(const char *path, const char *folder)
{
	gsize length = strlen(folder);

	if (length == 1) /* "/" */
		return true;
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* A path whose end, from the place on, is also the end of its real path: no link below the place was followed. */
static bool same_end(const char *path, const char *real, const char *folder)
{
	const char *end = real + strlen(folder);
	gsize length = strlen(path), rest = strlen(end);

	return strcmp(folder, "/") == 0 || (rest <= length && strcmp(path + length - rest, end) == 0);
}

static bool allowed(const char *path, const char *real, enum place_use use)
{
	for (guint i = 0; places && i < places->len; i++) {
		const struct place *place = &g_array_index(places, struct place, i);
		if (place->use >= use && lies_in(real, place->folder) && same_end(path, real, place->folder))
			return true;
	}
	return false;
}

/* Its folder's real path with its name, which must be an ordinary one and no link. */
static char *real_target(const char *path)
{
	g_autofree char *folder = g_path_get_dirname(path);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : "";
	g_autofree char *real = real_path(folder);
	struct stat status;

	if (!real)
		return NULL;
	char *target = g_build_filename(real, name, NULL);
	bool odd = !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
	if (!odd && (lstat(target, &status) != 0 || !S_ISLNK(status.st_mode)))
		return target;
	g_free(target);
	errno = odd ? EINVAL : ELOOP;
	return NULL;
}

char *path_allowlist_find(const char *path, enum place_use use, GError **error)
{
	if (!confined)
		return g_strdup(path);
	g_autofree char *real =
		g_path_is_absolute(path) ? (use == PLACE_WRITE ? real_target(path) : real_path(path)) : NULL;
	if (!real && g_path_is_absolute(path)) {
		/* A folder for outputs that disappeared may come back, or somebody sees that the picture waits for it.
		 * This is not the picture's fault. */
		if (use == PLACE_WRITE)
			fail(error, ERROR_RETRY, "%s: %s", path, g_strerror(errno));
		else
			fail_errno(error, "%s", path);
		return NULL;
	}
	if (real && allowed(path, real, use))
		return g_steal_pointer(&real);
	fail(error, ERROR_RETRY, "%s lies outside of what this worker may %s (--allow)", path,
		use == PLACE_WRITE ? "write" : "read");
	return NULL;
}
