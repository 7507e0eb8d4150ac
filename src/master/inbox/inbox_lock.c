/* SPDX-License-Identifier: GPL-2.0-or-later
 * One mill to an inbox: two would take each other's claims up as those of an earlier run. Two locks, which both go with the process and leave
 * no file. The name of a socket, made of the folder's identity, exists as long as the inbox is open. This machine (one network
 * namespace) knows it, and it keeps no mount busy. An flock() on the folder holds everywhere, and keeps the mount busy: it is held while there is
 * anything in hand, so that an idle inbox can be unmounted. See inbox_lock.h. */
#include "master/inbox/inbox_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/error.h"
#include "master/inbox/inbox_owner.h"

enum {
	LISTENERS = 16, /* others that ask who we are, until we look the next time */
	SILENT = -1,
};

/* The process that /proc/locks names for this inode; 0: unknown (another machine or another pid namespace). Device numbers are not
 * compared: those of overlay and btrfs differ from what stat() says. */
static int holder(guint64 inode)
{
	g_autofree char *text = NULL;
	int found = 0;

	if (!g_file_get_contents("/proc/locks", &text, NULL, NULL))
		return 0;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line && !found; line++) {
		int pid;
		unsigned major, minor;
		unsigned long long number;
		if (sscanf(*line, "%*d: FLOCK %*s %*s %d %x:%x:%llu", &pid, &major, &minor, &number) == 4 &&
			number == inode)
			found = pid;
	}
	return found;
}

static void refuse(GError **error, int pid)
{
	g_autofree char *who = pid > 0         ? g_strdup_printf("process %d", pid)
			       : pid == SILENT ? g_strdup("which does not answer just now")
					       : g_strdup("on another machine or in a container");

	fail(error, ERROR_RETRY,
		"another dropmill (%s) has this inbox; stop it, or give this pipeline another inbox; it is taken up when it is free",
		who);
}

int inbox_lock(const char *path, GError **error)
{
	struct stat status;
	int descriptor = beneath_open(path, O_RDONLY | O_DIRECTORY, 0);

	/* The walk reports what cannot be opened; a file system without locks (some network ones) goes without. */
	if (descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return descriptor;
	int pid = fstat(descriptor, &status) == 0 ? holder(status.st_ino) : 0;
	close(descriptor);
	refuse(error, pid);
	return -1;
}

/* Who listens under this name; 0: nobody, or somebody who may not keep a mill from this inbox; SILENT: one that may, and does not answer. */
static int listener(const struct sockaddr_un *address, socklen_t length, const struct stat *inbox)
{
	struct ucred peer = {.pid = SILENT};
	socklen_t size = sizeof peer;
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool asked = descriptor >= 0 && connect(descriptor, (const struct sockaddr *)address, length) == 0;
	/* More have asked than it took: it hangs, and has the inbox all the same. */
	bool silent = descriptor >= 0 && !asked && errno == EAGAIN;
	bool known = asked ? getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0
			   : silent && inbox_listener_user(address, length, &peer.uid);

	if (descriptor >= 0)
		close(descriptor);
	if (!known) /* by a kernel before 5.3: two mills in one inbox would be worse than none */
		return silent ? SILENT : 0;
	return peer.uid == 0 || peer.uid == geteuid() || peer.uid == inbox->st_uid ? peer.pid : 0;
}

int inbox_name(const struct stat *inbox, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = g_snprintf(address.sun_path + 1, sizeof address.sun_path - 1,
		"dropmill/inbox/%" PRIx64 ":%" PRIx64, (guint64)inbox->st_dev, (guint64)inbox->st_ino);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (gsize)length);
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (descriptor < 0)
		return -1;
	if (bind(descriptor, (struct sockaddr *)&address, size) == 0 && listen(descriptor, LISTENERS) == 0)
		return descriptor;
	int pid = errno == EADDRINUSE ? listener(&address, size, inbox) : 0;
	close(descriptor);
	if (pid)
		refuse(error, pid);
	return -1;
}

void inbox_name_answer(int descriptor)
{
	int asked;

	while (descriptor >= 0 && (asked = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(asked);
}
