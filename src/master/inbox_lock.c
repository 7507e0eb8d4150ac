/* SPDX-License-Identifier: GPL-2.0-or-later
 * One mill to an inbox: an flock() on its folder, which goes with the process and leaves no file. Two mills would take each other's
 * claims up as those of an earlier run. See intake_private.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/error.h"
#include "master/intake_private.h"

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

int inbox_lock(const char *path, GError **error)
{
	struct stat status;
	int descriptor = beneath_open(path, O_RDONLY | O_DIRECTORY, 0);

	/* What cannot be opened is told by who walks it; a file system without locks (some network ones) goes without. */
	if (descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return descriptor;
	int pid = fstat(descriptor, &status) == 0 ? holder(status.st_ino) : 0;
	close(descriptor);
	g_autofree char *who =
		pid > 0 ? g_strdup_printf("process %d", pid) : g_strdup("on another machine or in a container");
	fail(error, ERROR_RETRY,
		"another dropmill (%s) has this inbox; stop it, or give this pipeline another inbox; it is taken up when it is free",
		who);
	return -1;
}
