/* SPDX-License-Identifier: GPL-2.0-or-later
 * Reads and writes of all bytes: see io.h. */
#include "base/disk/io.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* at -1: where the descriptor is. */
static bool write_all(int fd, const guint8 *bytes, gsize length, gint64 at)
{
	for (gsize done = 0; done < length;) {
		gssize n = at < 0 ? write(fd, bytes + done, length - done)
				  : pwrite(fd, bytes + done, length - done, (off_t)at + (off_t)done);
		if (n == 0)
			errno = EIO;
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		done += (gsize)MAX(n, 0);
	}
	return true;
}

bool io_write(int fd, const void *bytes, gsize length)
{
	return write_all(fd, bytes, length, -1);
}

bool io_write_at(int fd, const void *bytes, gsize length, gint64 at)
{
	return write_all(fd, bytes, length, at);
}

gssize io_read_at(int fd, void *bytes, gsize length, gint64 at)
{
	gsize done = 0;

	while (done < length) {
		gssize n = pread(fd, (guint8 *)bytes + done, length - done, (off_t)at + (off_t)done);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -1;
		done += (gsize)MAX(n, 0);
	}
	return (gssize)done;
}

int io_memory_file(const char *name, const void *bytes, gsize length)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0 || io_write(fd, bytes, length))
		return fd;
	int number = errno;
	close(fd);
	errno = number;
	return -1;
}
