/* SPDX-License-Identifier: GPL-2.0-or-later
 * A look at an output before it gets its name: see output_check.h. */
#include "master/commit/output_check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/disk/beneath.h"
#include "base/error.h"
#include "base/file_format.h"
#include "base/sniff.h"

/* What a file must begin with. A pyramid that is a file is a ZIP archive, which is not the format of a picture. */
static const char *format_of(const guint8 *head, gsize length)
{
	return length >= 4 && memcmp(head, "PK\3\4", 4) == 0 ? "dz" : sniff_format(head, length);
}

static bool check_head(int fd, const struct output_wanted *wanted, GError **error)
{
	guint8 head[SNIFF_BYTES];
	gssize length = pread(fd, head, sizeof head, 0);

	if (length < 0)
		return fail_errno(error, "the output cannot be read");
	const char *found = format_of(head, (gsize)length);
	if (wanted->format ? g_strcmp0(found, wanted->format) == 0 : file_format_is_kept(found))
		return true;
	return fail(error, ERROR_SYSTEM, "the output is not a %s file: its first bytes are those of %s",
		wanted->format ? wanted->format : "picture", found ? found : "no known format");
}

static bool check_file(const char *path, const struct output_wanted *wanted, GError **error)
{
	struct stat status;
	int fd = beneath_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0 || fstat(fd, &status) != 0) {
		fail_errno(error, "the output cannot be read");
		if (fd >= 0)
			close(fd);
		return false;
	}
	bool good = true;
	if (S_ISDIR(status.st_mode))
		good = fail(error, ERROR_SYSTEM, "the output is a folder, a file was asked for");
	else if (!S_ISREG(status.st_mode))
		good = fail(error, ERROR_SYSTEM, "the output is not a regular file");
	else if (status.st_size != wanted->bytes)
		good = fail(error, ERROR_SYSTEM,
			"the output has %" G_GINT64_FORMAT " bytes, its report says %" G_GINT64_FORMAT,
			(gint64)status.st_size, wanted->bytes);
	good = good && check_head(fd, wanted, error);
	close(fd);
	return good;
}

bool output_is_pyramid(const char *path)
{
	static const char *const signs[] = {"ImageProperties.xml", "info.json", "blank.png", NULL};
	DIR *dir = beneath_opendir(path);
	bool found = false;

	counter_add(COUNTER_FOLDERS);
	for (struct dirent *entry; !found && dir && (entry = readdir(dir));)
		found = g_str_has_suffix(entry->d_name, ".dzi") || g_strv_contains(signs, entry->d_name);
	if (dir)
		closedir(dir);
	return found;
}

bool output_check(const char *path, const struct output_wanted *wanted, GError **error)
{
	struct stat status;

	if (!wanted->folder)
		return check_file(path, wanted, error);
	if (beneath_stat(path, &status) != 0)
		return fail_errno(error, "the output cannot be read");
	if (!S_ISDIR(status.st_mode))
		return fail(error, ERROR_SYSTEM, "the output is a file, a folder was asked for");
	return output_is_pyramid(path) ||
	       fail(error, ERROR_SYSTEM, "the output is a folder without the description of a pyramid");
}
