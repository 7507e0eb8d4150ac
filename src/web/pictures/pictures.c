/* SPDX-License-Identifier: GPL-2.0-or-later
 * Thumbnails: asked for, waited for, kept: see pictures.h. */
#include "web/pictures/pictures.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/log.h"
#include "status/snapshot.h"
#include "web/http/fields.h"
#include "web/http/files.h"
#include "web/pictures/thumb_folder.h"
#include "web/pictures/thumbnailer.h"

#define RETRY_S 2
/* What cannot be made is not tried again for some time. */
#define FAILURES_KEPT 2000
/* So many may be wished for at a time; the oldest wish is dropped for a new one, since nobody looks at that any more. */
#define WISHES_KEPT 500
#define NEWS_KEPT 1000

struct wish {
	char *key, *path, *allow;
	int size;
};

/* How a wish ended, for each address under which it was wished for. */
struct news {
	guint64 number;
	char *url, *why; /* why: NULL when it was made */
};

struct pictures {
	char *folder;
	GMutex lock;
	GCond changed;
	GQueue wishes;        /* struct wish: newest first, since somebody looks at that now */
	GHashTable *wanted;   /* keys in wishes or at work, to a GPtrArray of the addresses that wait for them */
	GHashTable *failures; /* key to why */
	GQueue news;          /* struct news: newest last */
	guint64 last;         /* number of the newest */
	gint64 bytes;         /* in the folder; -1: not counted yet */
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

static void news_free(struct news *news)
{
	g_free(news->url);
	g_free(news->why);
	g_free(news);
}

/* ---- the thread */

static void keep(struct pictures *pictures, const struct wish *wish, GBytes *bytes, const char *type)
{
	bool webp = strcmp(type, "image/webp") == 0;
	g_autofree char *name = g_strconcat(wish->key, webp ? ".webp" : ".jpg", NULL);
	g_autoptr(GError) error = NULL;

	if (!thumb_folder_put(pictures->folder, name, bytes, &error)) {
		log_warning("a thumbnail cannot be kept: %s", error->message);
		return;
	}
	if (pictures->bytes >= 0)
		pictures->bytes += (gint64)g_bytes_get_size(bytes);
	if (pictures->bytes < 0 || pictures->bytes > THUMB_FOLDER_BYTES)
		pictures->bytes = thumb_folder_sweep(pictures->folder);
}

/* The end of a wish, under the lock. */
static void tell(struct pictures *pictures, const char *key, const char *why)
{
	const GPtrArray *urls = g_hash_table_lookup(pictures->wanted, key);

	for (guint i = 0; urls && i < urls->len; i++) {
		struct news *news = g_new(struct news, 1);
		*news = (struct news){++pictures->last, g_strdup(urls->pdata[i]), g_strdup(why)};
		g_queue_push_tail(&pictures->news, news);
	}
	while (g_queue_get_length(&pictures->news) > NEWS_KEPT)
		news_free(g_queue_pop_head(&pictures->news));
	g_hash_table_remove(pictures->wanted, key);
}

static void make(struct pictures *pictures, const struct wish *wish)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autofree char *type = NULL;

	if (files_make_folder(pictures->folder, &error))
		type = thumbnailer_make(pictures->maker, wish->path, wish->size, wish->allow, &bytes, &error);
	if (type)
		keep(pictures, wish, bytes, type);
	g_mutex_lock(&pictures->lock);
	if (!type) {
		if (g_hash_table_size(pictures->failures) >= FAILURES_KEPT)
			g_hash_table_remove_all(pictures->failures);
		g_hash_table_insert(pictures->failures, g_strdup(wish->key), g_strdup(error->message));
	}
	tell(pictures, wish->key, type ? NULL : error->message);
	g_mutex_unlock(&pictures->lock);
	snapshot_wake();
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
	g_queue_init(&pictures->news);
	pictures->wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
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
	g_queue_clear_full(&pictures->news, (GDestroyNotify)news_free);
	g_hash_table_unref(pictures->wanted);
	g_hash_table_unref(pictures->failures);
	g_cond_clear(&pictures->changed);
	g_mutex_clear(&pictures->lock);
	g_free(pictures->folder);
	g_free(pictures);
}

/* ---- requests */

static bool wanted_size(const char *query, int *size)
{
	static const int sizes[] = {160, 320, 640, 1600};
	g_autoptr(GHashTable) given = g_uri_parse_params(query ? query : "", -1, "&", G_URI_PARAMS_WWW_FORM, NULL);
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

/* Under the lock. */
static void drop_oldest_wish(struct pictures *pictures)
{
	struct wish *oldest = g_queue_pop_tail(&pictures->wishes);

	tell(pictures, oldest->key, "others were asked for meanwhile; ask again");
	wish_free(oldest);
}

/* Puts it on the list unless it is there. url: under which its end is reported, or NULL. Returns why it cannot be made,
 * owned; or NULL. */
static char *wish_for(
	struct pictures *pictures, const char *key, const struct picture *picture, int size, const char *url)
{
	g_mutex_lock(&pictures->lock);
	char *why = g_strdup(g_hash_table_lookup(pictures->failures, key));
	GPtrArray *urls = g_hash_table_lookup(pictures->wanted, key);
	if (!why && !urls) {
		struct wish *wish = g_new(struct wish, 1);
		*wish = (struct wish){g_strdup(key), g_strdup(picture->path), g_strdup(picture->allow), size};
		if (g_queue_get_length(&pictures->wishes) >= WISHES_KEPT)
			drop_oldest_wish(pictures);
		g_queue_push_head(&pictures->wishes, wish);
		urls = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(pictures->wanted, g_strdup(key), urls);
		g_cond_broadcast(&pictures->changed);
	}
	if (!why && url && urls->len < WISHES_KEPT && !g_ptr_array_find_with_equal_func(urls, url, g_str_equal, NULL))
		g_ptr_array_add(urls, g_strdup(url));
	g_mutex_unlock(&pictures->lock);
	return why;
}

struct found {
	int status; /* 200: kept is there; 503: not yet; 400 and 404: why */
	char *kept, *why;
	const char *type; /* of kept */
};

static struct found find(struct pictures *pictures, const struct picture *picture, const char *url)
{
	struct found found = {.status = 404};
	struct stat status;
	int size;

	if (!wanted_size(picture->query, &size)) {
		found.status = 400;
		found.why = g_strdup("size is one of 160, 320, 640, 1600");
	} else if (!picture->path || !beneath_known(picture->path) || beneath_stat(picture->path, &status) != 0 ||
		   !S_ISREG(status.st_mode)) {
		found.why = g_strdup("there is no such file any more");
	} else if (!pictures) {
		found.why = g_strdup("this page makes no thumbnails");
	} else {
		g_autofree char *key = key_of(&status, size, picture->allow);
		found.kept = thumb_folder_find(pictures->folder, key, &found.type);
		if (!found.kept)
			found.why = wish_for(pictures, key, picture, size, url);
		found.status = found.kept ? 200 : found.why ? 404 : 503;
	}
	return found;
}

int pictures_answer(struct pictures *pictures, struct request *request, const struct picture *picture)
{
	struct found found = find(pictures, picture, NULL);
	g_autofree char *kept = found.kept, *why = found.why;

	if (kept)
		return files_send_inline(request, kept, found.type);
	request->retry_s = RETRY_S;
	if (found.status == 503)
		return answer_error(request, 503, "it is being made; ask again");
	return answer_error(request, found.status, "no thumbnail: %s", why);
}

struct shown_picture {
	const char *url, *state, *why;
};
static const char *const picture_states[] = {"ready", "making", "none", NULL};
static const struct field picture_fields[] = {
	{"url", MEMBER(struct shown_picture, url), .about = "The address as it was asked."},
	{"state", MEMBER(struct shown_picture, state), .words = picture_states},
	{"why", MEMBER(struct shown_picture, why), .unknown = NULL_IF_NONE, .about = "Why there is none."},
	{0},
};
static const struct table picture_table = {.fields = picture_fields};
static const struct field pictures_fields[] = {
	{"pictures", MEMBER(struct shown_pictures, pictures), .of = &picture_table},
	{0},
};
const struct table pictures_table = {"Pictures",
	"Which thumbnails can be loaded. Also the data of the stream's event: pictures.", .fields = pictures_fields};

static JsonObject *state_object(const char *url, const char *state, const char *why)
{
	return fields_object(&picture_table, &(const struct shown_picture){url, state, why});
}

JsonObject *pictures_state(struct pictures *pictures, const struct picture *picture, const char *url)
{
	struct found found = find(pictures, picture, url);
	g_autofree char *kept = found.kept, *why = found.why;

	return state_object(url, kept ? "ready" : why ? "none" : "making", why);
}

guint64 pictures_last(struct pictures *pictures)
{
	if (!pictures)
		return 0;
	g_mutex_lock(&pictures->lock);
	guint64 last = pictures->last;
	g_mutex_unlock(&pictures->lock);
	return last;
}

JsonArray *pictures_news(struct pictures *pictures, guint64 above, guint64 *last)
{
	JsonArray *array = json_array_new();

	g_mutex_lock(&pictures->lock);
	GList *link = pictures->news.tail;
	while (link && link->prev && ((const struct news *)link->prev->data)->number > above)
		link = link->prev;
	for (; link; link = link->next) {
		const struct news *news = link->data;
		if (news->number > above)
			json_array_add_object_element(
				array, state_object(news->url, news->why ? "none" : "ready", news->why));
	}
	*last = pictures->last;
	g_mutex_unlock(&pictures->lock);
	return array;
}
