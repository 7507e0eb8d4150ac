/* SPDX-License-Identifier: GPL-2.0-or-later
 * A folder as one output: see folder.h. */
#include "base/disk/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/disk/beneath.h"
#include "base/disk/carry.h"
#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/error.h"

/* Calls visit for every regular file below path (relative: its name from there) and, after what is in them, for folders. */
static bool walk(const char *path, const char *relative,
	bool (*visit)(const char *path, const char *relative, const struct stat *status, void *user, GError **error),
	void *user, GError **error)
{
	g_autoptr(GPtrArray) names = beneath_list(path);
	bool ok = names || beneath_fail(error, path, NULL, "%s", path);

	counter_add(COUNTER_FOLDERS);
	for (guint i = 0; ok && i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *inner = g_build_filename(path, name, NULL);
		g_autofree char *inner_relative = *relative ? g_build_filename(relative, name, NULL) : g_strdup(name);
		struct stat status;
		if (beneath_stat(inner, &status) != 0)
			ok = fail_errno_at(error, PLACE_OUTPUT, "%s", inner);
		else if (S_ISDIR(status.st_mode))
			ok = walk(inner, inner_relative, visit, user, error);
		else if (!S_ISREG(status.st_mode))
			ok = fail(error, ERROR_SYSTEM, "%s is neither a file nor a folder", inner);
		if (ok && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
			ok = visit(inner, inner_relative, &status, user, error);
	}
	return ok;
}

static bool pack_one(const char *path, const char *relative, const struct stat *status, void *user, GError **error)
{
	GVariantBuilder *builder = user;
	int descriptor;

	if (!S_ISREG(status->st_mode))
		return true;
	descriptor = beneath_open(path, O_RDONLY | O_NOFOLLOW, 0);
	if (descriptor < 0)
		return beneath_fail(error, path, NULL, "%s", path);
	g_autoptr(GMappedFile) mapped = g_mapped_file_new_from_fd(descriptor, FALSE, error);
	close(descriptor);
	if (!mapped)
		return false;
	g_variant_builder_open(builder, G_VARIANT_TYPE("(ayay)"));
	g_variant_builder_add_value(builder, g_variant_new_bytestring(relative));
	g_autoptr(GBytes) bytes = g_mapped_file_get_bytes(mapped);
	g_variant_builder_add_value(builder, g_variant_new_from_bytes(G_VARIANT_TYPE("ay"), bytes, TRUE));
	g_variant_builder_close(builder);
	return true;
}

GBytes *folder_pack(const char *path, GError **error)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ayay)"));
	if (!walk(path, "", pack_one, &builder, error)) {
		g_variant_builder_clear(&builder);
		return NULL;
	}
	g_autoptr(GVariant) all = g_variant_ref_sink(g_variant_builder_end(&builder));
	return g_variant_get_data_as_bytes(all);
}

/* A relative name without "..", "." and empty parts. */
static bool stays_inside(const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name, "/", -1);

	for (char **part = parts; *part; part++)
		if (!**part || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
			return false;
	return *name != '\0';
}

static bool sync_folder(const char *path, const char *relative, const struct stat *status, void *user, GError **error)
{
	(void)relative;
	(void)user;
	return !S_ISDIR(status->st_mode) || files_sync(path, error);
}

/* The bytes are those of such a list to the last one. GLib takes any bytes, and reads nothing out of those that are none. */
static bool is_packed(GVariant *all)
{
	gsize size = g_variant_get_size(all), count = g_variant_n_children(all), sum = 0;
	gsize offset = size <= G_MAXUINT8 ? 1 : size <= G_MAXUINT16 ? 2 : size <= G_MAXUINT32 ? 4 : 8;

	for (gsize i = 0; i < count; i++) {
		g_autoptr(GVariant) entry = g_variant_get_child_value(all, i);
		gsize length = g_variant_get_size(entry);
		if (length == 0)
			return false;
		sum += length + offset;
	}
	return count > 0 && sum == size;
}

bool folder_unpack(GBytes *bytes, const char *path, GError **error)
{
	g_autoptr(GVariant) all = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE("a(ayay)"), bytes, FALSE));

	if (!is_packed(all))
		return fail(error, ERROR_SYSTEM, "%zu bytes that came over the bus as a folder are none",
			g_bytes_get_size(bytes));
	if (beneath_mkdir(path, 0777) != 0)
		return beneath_fail(error, path, NULL, "%s", path);
	for (gsize i = 0; i < g_variant_n_children(all); i++) {
		g_autoptr(GVariant) entry = g_variant_get_child_value(all, i);
		g_autoptr(GVariant) name = g_variant_get_child_value(entry, 0);
		g_autoptr(GVariant) data = g_variant_get_child_value(entry, 1);
		const char *relative = g_variant_get_bytestring(name);
		g_autofree char *file = g_build_filename(path, relative, NULL);
		g_autofree char *parent = g_path_get_dirname(file);
		gsize length = g_variant_get_size(data);
		const char *contents = length ? g_variant_get_data(data) : "";

		if (!stays_inside(relative))
			return fail(error, ERROR_SYSTEM, "a folder that came over the bus names '%s'", relative);
		if (beneath_make_folders(parent) != 0)
			return beneath_fail(error, parent, NULL, "%s", parent);
		if (!files_write(file, contents, length, error))
			return false;
	}
	return walk(path, "", sync_folder, NULL, error) && files_sync(path, error);
}

gint64 folder_packed_bytes(GBytes *bytes)
{
	g_autoptr(GVariant) all = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE("a(ayay)"), bytes, FALSE));
	gint64 sum = 0;

	for (gsize i = 0; i < g_variant_n_children(all); i++) {
		g_autoptr(GVariant) entry = g_variant_get_child_value(all, i);
		g_autoptr(GVariant) data = g_variant_get_child_value(entry, 1);
		sum += (gint64)g_variant_get_size(data);
	}
	return sum;
}

static bool add_bytes(const char *path, const char *relative, const struct stat *status, void *user, GError **error)
{
	gint64 *sum = user;

	(void)path;
	(void)relative;
	(void)error;
	*sum += S_ISREG(status->st_mode) ? status->st_size : 0;
	return true;
}

gint64 folder_bytes(const char *path)
{
	gint64 sum = 0;
	struct stat status;

	if (beneath_stat(path, &status) != 0)
		return 0;
	if (!S_ISDIR(status.st_mode))
		return status.st_size;
	walk(path, "", add_bytes, &sum, NULL);
	return sum;
}

static bool begin_writing(const char *path, const char *relative, const struct stat *status, void *user, GError **error)
{
	(void)relative;
	(void)user;
	if (!S_ISREG(status->st_mode))
		return true;
	int fd = beneath_open(path, O_RDONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fail_errno_at(error, PLACE_OUTPUT, "%s", path);
	/* What it cannot do, or begins in vain, fsync does and tells. */
	(void)!sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	close(fd);
	return true;
}

static bool sync_one(const char *path, const char *relative, const struct stat *status, void *user, GError **error)
{
	(void)relative;
	(void)status;
	(void)user;
	return files_sync(path, error);
}

/* The writes of all files begin before the first wait: half the time for a pyramid's thousands of files. */
bool folder_sync(const char *path, GError **error)
{
	return walk(path, "", begin_writing, NULL, error) && walk(path, "", sync_one, NULL, error) &&
	       files_sync(path, error);
}

/* Paths that could not be removed. */
#define LEFT_MOST 10000
static GMutex left_lock;
static GQueue left = G_QUEUE_INIT;

static void leave(const char *path)
{
	g_mutex_lock(&left_lock);
	g_queue_push_tail(&left, g_strdup(path));
	if (left.length > LEFT_MOST) /* swept at the next start */
		g_free(g_queue_pop_head(&left));
	g_mutex_unlock(&left_lock);
}

static gpointer remove_thread(gpointer data)
{
	g_autofree char *path = data;

	files_remove_tree(path);
	if (beneath_is_folder(path))
		leave(path);
	return NULL;
}

void folder_discard(const char *path)
{
	if (beneath_unlink(path) == 0 || errno == ENOENT)
		return;
	if (errno == EISDIR)
		g_thread_unref(g_thread_new("remove", remove_thread, g_strdup(path)));
	else
		leave(path);
}

void folder_discard_again(void)
{
	g_mutex_lock(&left_lock);
	GQueue now = left;
	g_queue_init(&left);
	g_mutex_unlock(&left_lock);
	for (char *path; (path = g_queue_pop_head(&now)); g_free(path))
		folder_discard(path);
}

/* From another file system: a copy beside it takes its place. */
static bool replace_across(const char *temp, const char *final, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(final);
	auto_struct(carried) copy = carry(temp, parent, error);

	if (!copy)
		return false;
	bool done = folder_replace(copy->path, final, error);
	carry_discard(done ? temp : copy->path);
	return done;
}

bool folder_replace(const char *temp, const char *final, GError **error)
{
	struct stat status;

	if (beneath_stat(final, &status) != 0)
		return files_rename(temp, final) == 0 || beneath_fail(error, final, temp, "%s", final);
	if (!S_ISDIR(status.st_mode)) {
		errno = ENOTDIR;
		return fail_errno_at(error, PLACE_OUTPUT, "%s is in the way of a folder", final);
	}
	/* Both at once, where the file system can: at no moment is there none. */
	if (beneath_rename(temp, final, RENAME_EXCHANGE) == 0) {
		files_remove_tree(temp);
		return true;
	}
	if (errno == EXDEV)
		return replace_across(temp, final, error);
	g_autofree char *aside = g_strconcat(temp, "~", NULL);
	if (beneath_rename(final, aside, 0) != 0)
		return beneath_fail(error, final, NULL, "%s", final);
	if (beneath_rename(temp, final, 0) != 0) {
		beneath_fail(error, final, temp, "%s", final);
		/* The old one is better than none; when that fails, too, it lies beside. */
		(void)!beneath_rename(aside, final, 0);
		return false;
	}
	files_remove_tree(aside);
	return true;
}
