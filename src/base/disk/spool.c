/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files without a name: see spool.h. */
#include "base/disk/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/error.h"
#include "base/testing/fault.h"

static int open_nameless(const char *folder, GError **error)
{
	/* `once` has no state folder before it needs one. The next call shows whether it could be made. */
	beneath_make_folders(folder);
	int fd = beneath_open(folder, O_TMPFILE | O_RDWR, 0600);

	if (fd >= 0)
		return fd;
	g_autofree char *name = g_build_filename(folder, "spool-XXXXXX", NULL);
	fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		fail_errno(error, "%s: cannot make a spool file", folder);
	else
		beneath_unlink(name);
	return fd;
}

int spool_open(const char *folder, gsize size, GError **error)
{
	int fd = open_nameless(folder, error);

	if (fd < 0)
		return -1;
	int number = posix_fallocate(fd, 0, (off_t)size);
	if (fault_is_on("spool"))
		number = ENOSPC;
	if (number == 0)
		return fd;
	close(fd);
	errno = number;
	fail_errno(error, "cannot reserve %zu bytes in %s", size, folder);
	return -1;
}

bool spool_was_kept(int fd, GError **error)
{
	/* Tells every failed write of the file since it was opened; waits, where its first page is being written, for that one. What is not a
	 * disk's cannot tell. */
	if (sync_file_range(fd, 0, 1, SYNC_FILE_RANGE_WAIT_BEFORE) == 0 || errno == EINVAL || errno == ENOSYS ||
		errno == ESPIPE)
		return true;
	return fail_errno(error, "the spool file could not be written to disk, and what lay in it is not trusted");
}
