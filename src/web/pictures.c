/* SPDX-License-Identifier: GPL-2.0-or-later
 * Thumbnails: asked for, waited for, kept: see pictures.h. */
#include "web/pictures.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "web/files.h"
#include "web/thumbnailer.h"

#define KEPT_BYTES (256 * (gint64)1024 * 1024)
/* So many requests wait at a time, each for so long; others ask again. */
#define WAITERS 12
#define PATIENCE_US (8 * G_USEC_PER_SEC)
#define RETRY_S 2
/* What cannot be made is not tried again for some time. */
#define FAILURES_KEPT 2000

struct wish {
	char *key, *path, *allow;
	int size;
};

struct pictures {
	char *folder;
	GMutex lock;
	GCond changed;
	GQueue wishes;        /* struct wish: newest first, since somebody looks at that now */
	GHashTable *wanted;   /* keys in wishes or at work */
	GHashTable *failures; /* key to why */
	guint waiting;
	gint64 bytes; /* in the folder; -1: not counted yet */
	bool stop;
	struct thumbnailer *maker;
	GThread *thread;
};

static void wish_free(struct wish *wish)
{
	g_free(wish->key);
	g_free(wish->path);
	g_free(wish->allow);
	g_free(wish);
}

/* ---- the folder */

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

/* Counts what is there and removes what was looked at longest ago, down to nine tenths of the bound. */
static gint64 sweep(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(kept_free);
	const char *name;
	gint64 bytes = 0;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat status;
		if (g_str_has_suffix(name, ".tmp")) {
			unlink(path); /* of an earlier run */
			continue;
		}
		if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode))
			continue;
		struct kept *kept = g_new(struct kept, 1);
		*kept = (struct kept){g_steal_pointer(&path), status.st_size,
			status.st_atim.tv_sec * G_USEC_PER_SEC + status.st_atim.tv_nsec / 1000};
		bytes += kept->bytes;
		g_ptr_array_add(all, kept);
	}
	if (bytes <= KEPT_BYTES)
		return bytes;
	g_ptr_array_sort(all, by_use);
	for (guint i = 0; i < all->len && bytes > KEPT_BYTES / 10 * 9; i++) {
		const struct kept *kept = g_ptr_array_index(all, i);
		if (unlink(kept->path) == 0)
			bytes -= kept->bytes;
	}
	return bytes;
}

static const char *const endings[][2] = {{".jpg", "image/jpeg"}, {".webp", "image/webp"}};

/* The kept file and its type; NULL: none. */
static char *find_kept(const struct pictures *pictures, const char *key, const char **type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
		g_autofree char *name = g_strconcat(key, endings[i][0], NULL);
		g_autofree char *path = g_build_filename(pictures->folder, name, NULL);
		/* It was looked at now; when it was made stays, since its ETag has that. */
		const struct timespec times[] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
		if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0) {
			*type = endings[i][1];
			return g_steal_pointer(&path);
		}
	}
	return NULL;
}

/* ---- the thread */

static void keep(struct pictures *pictures, const struct wish *wish, const char *temp, const char *type)
{
	bool webp = strcmp(type, "image/webp") == 0;
	g_autofree char *name = g_strconcat(wish->key, webp ? ".webp" : ".jpg", NULL);
	g_autofree char *path = g_build_filename(pictures->folder, name, NULL);
	struct stat status;

	if (stat(temp, &status) != 0 || rename(temp, path) != 0)
		return;
	if (pictures->bytes >= 0)
		pictures->bytes += status.st_size;
	if (pictures->bytes < 0 || pictures->bytes > KEPT_BYTES)
		pictures->bytes = sweep(pictures->folder);
}

static void make(struct pictures *pictures, const struct wish *wish)
{
	g_autofree char *temp = g_strdup_printf("%s/%s.tmp", pictures->folder, wish->key);
	g_autoptr(GError) error = NULL;
	g_autofree char *type = NULL;

	if (files_make_folder(pictures->folder, &error))
		type = thumbnailer_make(pictures->maker, wish->path, wish->size, wish->allow, temp, &error);
	if (type)
		keep(pictures, wish, temp, type);
	else
		unlink(temp);
	g_mutex_lock(&pictures->lock);
	if (!type) {
		if (g_hash_table_size(pictures->failures) >= FAILURES_KEPT)
			g_hash_table_remove_all(pictures->failures);
		g_hash_table_insert(pictures->failures, g_strdup(wish->key), g_strdup(error->message));
	}
	g_hash_table_remove(pictures->wanted, wish->key);
	g_cond_broadcast(&pictures->changed);
	g_mutex_unlock(&pictures->lock);
}

static gpointer run(gpointer data)
{
	struct pictures *pictures = data;

	g_mutex_lock(&pictures->lock);
	while (!pictures->stop) {
		struct wish *wish = g_queue_pop_head(&pictures->wishes);
		if (!wish) {
			gint64 until = clock_now_us() + THUMBNAILER_IDLE_US;
			bool woken = g_cond_wait_until(&pictures->changed, &pictures->lock, until);
			if (!woken && g_queue_is_empty(&pictures->wishes))
				thumbnailer_rest(pictures->maker);
			continue;
		}
		g_mutex_unlock(&pictures->lock);
		make(pictures, wish);
		wish_free(wish);
		g_mutex_lock(&pictures->lock);
	}
	g_mutex_unlock(&pictures->lock);
	return NULL;
}

struct pictures *pictures_new(const char *folder)
{
	struct pictures *pictures = g_new0(struct pictures, 1);

	pictures->folder = g_strdup(folder);
	g_mutex_init(&pictures->lock);
	g_cond_init(&pictures->changed);
	g_queue_init(&pictures->wishes);
	pictures->wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	pictures->failures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	pictures->bytes = -1;
	pictures->maker = thumbnailer_new();
	pictures->thread = g_thread_new("pictures", run, pictures);
	return pictures;
}

void pictures_stop(struct pictures *pictures)
{
	g_mutex_lock(&pictures->lock);
	pictures->stop = true;
	g_cond_broadcast(&pictures->changed);
	g_mutex_unlock(&pictures->lock);
	thumbnailer_stop(pictures->maker);
}

void pictures_free(struct pictures *pictures)
{
	if (!pictures)
		return;
	pictures_stop(pictures);
	g_thread_join(pictures->thread);
	thumbnailer_free(pictures->maker);
	g_queue_clear_full(&pictures->wishes, (GDestroyNotify)wish_free);
	g_hash_table_unref(pictures->wanted);
	g_hash_table_unref(pictures->failures);
	g_cond_clear(&pictures->changed);
	g_mutex_clear(&pictures->lock);
	g_free(pictures->folder);
	g_free(pictures);
}

/* ---- requests */

static bool wanted_size(const struct request *request, int *size)
{
	static const int sizes[] = {160, 320, 640, 1600};
	g_autoptr(GHashTable) given =
		g_uri_parse_params(request->query ? request->query : "", -1, "&", G_URI_PARAMS_WWW_FORM, NULL);
	const char *text = given ? g_hash_table_lookup(given, "size") : NULL;
	guint64 number = 320;

	if (text && !g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT, &number, NULL))
		return false;
	*size = (int)number;
	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
		if (*size == sizes[i])
			return true;
	return false;
}

/* Another file in the same place is another picture; and what may be made of it changes with what is allowed. */
static char *key_of(const struct stat *status, int size, const char *allow)
{
	g_autofree char *text = g_strdup_printf("%llx %llx %llx %llx.%09ld %d%s", (unsigned long long)status->st_dev,
		(unsigned long long)status->st_ino, (unsigned long long)status->st_size,
		(unsigned long long)status->st_mtim.tv_sec, status->st_mtim.tv_nsec, size, allow ? allow : "");
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	return g_strndup(sum, 32);
}

/* Until it is made, or cannot be. False: not yet. why: NULL when it was made. */
static bool wait_for(
	struct pictures *pictures, const char *key, const char *path, const char *allow, int size, char **why)
{
	gint64 until = clock_now_us() + PATIENCE_US;
	bool over;

	g_mutex_lock(&pictures->lock);
	*why = g_strdup(g_hash_table_lookup(pictures->failures, key));
	if (!*why && !g_hash_table_contains(pictures->wanted, key)) {
		struct wish *wish = g_new(struct wish, 1);
		*wish = (struct wish){g_strdup(key), g_strdup(path), g_strdup(allow), size};
		g_queue_push_head(&pictures->wishes, wish);
		g_hash_table_add(pictures->wanted, g_strdup(key));
		g_cond_broadcast(&pictures->changed);
	}
	bool room = pictures->waiting < WAITERS;
	pictures->waiting += room;
	while (room && !*why && !pictures->stop && g_hash_table_contains(pictures->wanted, key))
		if (!g_cond_wait_until(&pictures->changed, &pictures->lock, until))
			break;
	pictures->waiting -= room;
	over = !g_hash_table_contains(pictures->wanted, key);
	if (!*why)
		*why = g_strdup(g_hash_table_lookup(pictures->failures, key));
	g_mutex_unlock(&pictures->lock);
	return over;
}

int pictures_answer(struct pictures *pictures, struct request *request, const char *path, const char *allow)
{
	struct stat status;
	const char *type = NULL;
	int size;

	if (!wanted_size(request, &size))
		return answer_error(request, 400, "size is one of 160, 320, 640, 1600");
	if (!path || lstat(path, &status) != 0 || !S_ISREG(status.st_mode))
		return answer_error(request, 404, "there is no such file any more");
	if (!pictures)
		return answer_error(request, 404, "this page makes no thumbnails");
	g_autofree char *key = key_of(&status, size, allow);
	g_autofree char *kept = find_kept(pictures, key, &type);
	g_autofree char *why = NULL;
	if (!kept && !wait_for(pictures, key, path, allow, size, &why)) {
		request->retry_s = RETRY_S;
		return answer_error(request, 503, "it is being made; ask again");
	}
	if (why)
		return answer_error(request, 404, "no thumbnail: %s", why);
	if (!kept)
		kept = find_kept(pictures, key, &type);
	return files_send_inline(request, kept, type);
}
