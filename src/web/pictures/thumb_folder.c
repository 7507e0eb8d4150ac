/* SPDX-License-Identifier: GPL-2.0-or-later
 * Kept thumbnails: see thumb_folder.h. */
#include "web/pictures/thumb_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/disk/beneath.h"

struct kept {
	char *path;
	gint64 bytes, used_us;
};

static void kept_free(gpointer data)
{
	struct kept *kept = data;

	g_free(kept->path);
	g_free(kept);
}

static gint by_use(gconstpointer a, gconstpointer b)
{
	const struct kept *x = *(struct kept *const *)a, *y = *(struct kept *const *)b;

	return x->used_us < y->used_us ? -1 : x->used_us > y->used_us;
}

gint64 thumb_folder_sweep(const char *folder)
{
	DIR *dir = beneath_opendir(folder);
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(kept_free);
	gint64 bytes = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		const char *name = entry->d_name;
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat status;
		if (g_str_has_suffix(name, ".tmp")) {
			beneath_unlink(path); /* of an earlier run */
			continue;
		}
		if (beneath_stat(path, &status) != 0 || !S_ISREG(status.st_mode))
			continue;
		struct kept *kept = g_new(struct kept, 1);
		*kept = (struct kept){g_steal_pointer(&path), status.st_size,
			status.st_atim.tv_sec * G_USEC_PER_SEC + status.st_atim.tv_nsec / 1000};
		bytes += kept->bytes;
		g_ptr_array_add(all, kept);
	}
	if (dir)
		closedir(dir);
	if (bytes <= THUMB_FOLDER_BYTES)
		return bytes;
	g_ptr_array_sort(all, by_use);
	for (guint i = 0; i < all->len && bytes > THUMB_FOLDER_BYTES / 10 * 9; i++) {
		const struct kept *kept = g_ptr_array_index(all, i);
		if (beneath_unlink(kept->path) == 0)
			bytes -= kept->bytes;
	}
	return bytes;
}

static const char *const endings[][2] = {{".jpg", "image/jpeg"}, {".webp", "image/webp"}};

char *thumb_folder_find(const char *folder, const char *key, const char **type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
		g_autofree char *name = g_strconcat(key, endings[i][0], NULL);
		g_autofree char *path = g_build_filename(folder, name, NULL);
		/* It was looked at now; when it was made stays, since its ETag has that. */
		const struct timespec times[] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
		if (beneath_touch(path, times) == 0) {
			*type = endings[i][1];
			return g_steal_pointer(&path);
		}
	}
	return NULL;
}

bool thumb_folder_put(const char *folder, const char *name, GBytes *bytes, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *temp = g_strconcat(path, ".tmp", NULL);
	gsize size = g_bytes_get_size(bytes);

	beneath_unlink(temp);
	int descriptor = beneath_open(temp, O_WRONLY | O_CREAT | O_EXCL, 0600);
	FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
	bool written = file && fwrite(g_bytes_get_data(bytes, NULL), 1, size, file) == size;
	if (file && fclose(file) != 0)
		written = false;
	/* Under a temporary name first: somebody may be reading it. */
	return (written && beneath_rename(temp, path, 0) == 0) || beneath_fail(error, path, NULL, "%s", path);
}
