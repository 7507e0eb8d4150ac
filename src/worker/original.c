/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where a whole task's picture is: see original.h. */
#include "worker/original.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/error.h"
#include "sandbox/path_allowlist.h"

/* libvips opens and reads a file's start many times; for a small one that costs more than to read it once. */
#define SMALL_BYTES (1 << 20)

static bool is_small(int picture)
{
	struct stat status;

	return fstat(picture, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= SMALL_BYTES;
}

enum result_status original_find(
	const struct task *task, const char *path, GBytes **bytes, int *picture, char **real, GError **error)
{
	*picture = -1;
	if (task->plane == PLANE_INLINE && task->file) {
		*picture = body_spool(task->file);
		return RESULT_OK;
	}
	if (task->plane == PLANE_INLINE) {
		*bytes = g_bytes_ref(task->payload);
		return RESULT_OK;
	}
	/* A worker that cannot reach the file, or may not, is the wrong one for this task, not a fault of the file. */
	g_autofree char *found = path_allowlist_find(path, PLACE_READ, error);
	if (!found)
		return RESULT_REFUSED;
	*picture = beneath_open(found, O_RDONLY | O_NONBLOCK, 0);
	int number = errno;
	if (*picture < 0 && number == ENOENT)
		fail(error, ERROR_RETRY, "%s is not there", found);
	else if (*picture < 0)
		beneath_fail(error, found, NULL, "cannot open it");
	if (*picture < 0)
		return number == ENOENT || number == ELOOP ? RESULT_REFUSED : RESULT_RETRY;
	if (is_small(*picture)) {
		*bytes = files_read_all(*picture, SMALL_BYTES);
		number = errno;
		close(*picture);
		*picture = -1;
		errno = number;
		return *bytes || fail_errno(error, "%s", found) ? RESULT_OK : RESULT_RETRY;
	}
	*real = g_steal_pointer(&found);
	return RESULT_OK;
}
