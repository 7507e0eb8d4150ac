/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a file was: see stamp.h. */
#include "base/disk/stamp.h"

#include <fcntl.h>
#include <fts.h>
#include <unistd.h>

#include "base/disk/beneath.h"

#define SECOND_NS G_GINT64_CONSTANT(1000000000)
/* Windows keeps 100 ns, some archives microseconds. */
#define CUT_NS 1000

gint64 stamp_ns(const struct timespec *time)
{
	return time->tv_sec * SECOND_NS + time->tv_nsec;
}

static bool add(const FTSENT *entry, struct stamp *stamp)
{
	switch (entry->fts_info) {
	case FTS_D: /* counted when it is left */
		return true;
	case FTS_F:
		stamp->bytes += entry->fts_statp->st_size;
		break;
	case FTS_DP:
		break;
	default: /* a link, a device, or what cannot be read: the mill makes none of these */
		return false;
	}
	stamp->mtime_ns = MAX(stamp->mtime_ns, stamp_ns(&entry->fts_statp->st_mtim));
	return true;
}

struct stamp stamp_of(const struct stat *status)
{
	return (struct stamp){status->st_size, stamp_ns(&status->st_mtim)};
}

bool stamp_same(const struct stamp *a, const struct stamp *b)
{
	return a->bytes == b->bytes && a->mtime_ns == b->mtime_ns;
}

static bool add_all(int folder, struct stamp *stamp)
{
	g_autofree char *top = g_strdup_printf("/proc/self/fd/%d/.", folder);
	FTS *walk = fts_open((char *const[]){top, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	bool complete = walk != NULL;
	guint entries = 0;

	for (FTSENT *entry; complete && (entry = fts_read(walk)); entries++)
		complete = add(entry, stamp);
	if (walk)
		fts_close(walk);
	return complete && entries;
}

bool stamp_take(const char *path, struct stamp *stamp)
{
	struct stat status;

	*stamp = STAMP_UNKNOWN;
	if (beneath_stat(path, &status) != 0)
		return false;
	if (S_ISREG(status.st_mode)) {
		*stamp = stamp_of(&status);
		return true;
	}
	int folder = S_ISDIR(status.st_mode) ? beneath_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0) : -1;
	if (folder < 0)
		return false;
	*stamp = (struct stamp){0, G_MININT64};
	bool complete = add_all(folder, stamp);
	close(folder);
	if (!complete)
		*stamp = STAMP_UNKNOWN;
	return complete;
}

bool stamp_equal(const struct stamp *was, const struct stamp *is)
{
	gint64 gap = was->mtime_ns - is->mtime_ns;
	bool coarse = is->mtime_ns % SECOND_NS == 0 && ABS(gap) < 2 * SECOND_NS;

	return was->bytes >= 0 && was->bytes == is->bytes && ((gap >= 0 && gap < CUT_NS) || coarse);
}
