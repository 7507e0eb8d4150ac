/* SPDX-License-Identifier: GPL-2.0-or-later
 * Cores that may be used: see cores.h. */
#include "base/cores.h"

#include <stdio.h>
#include <string.h>

/* "200000 100000": two cores; "max 100000": no limit. 0: none. */
static guint quota_of(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "cpu.max", NULL), *text = NULL;
	guint64 quota, period;

	if (!g_file_get_contents(path, &text, NULL, NULL) ||
		sscanf(text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &quota, &period) != 2 || quota == 0 ||
		period == 0)
		return 0;
	return (guint)MIN((quota + period - 1) / period, G_MAXINT);
}

guint cores_of_quota(const char *groups, const char *mount)
{
	const char *line = g_str_has_prefix(groups, "0::/") ? groups : strstr(groups, "\n0::/");
	guint least = 0;

	if (!line)
		return 0;
	line = strchr(line, '/');
	g_autofree char *below = g_strndup(line, strcspn(line, "\n")), *folder = g_build_filename(mount, below, NULL);
	/* A group may be named that is above the mount: nothing is read there. */
	while (g_str_has_prefix(folder, mount) && !strstr(folder, "/..")) {
		guint quota = quota_of(folder);
		if (quota && (!least || quota < least))
			least = quota;
		char *end = strrchr(folder, '/');
		if (!end)
			break;
		*end = '\0';
	}
	return least;
}

guint cores_allowed(void)
{
	g_autofree char *groups = NULL;
	guint cores = g_get_num_processors(), quota = 0;

	if (g_file_get_contents("/proc/self/cgroup", &groups, NULL, NULL))
		quota = cores_of_quota(groups, "/sys/fs/cgroup");
	return quota ? MIN(cores, quota) : cores;
}
