/* SPDX-License-Identifier: GPL-2.0-or-later
 * Strips that are encoded beside each other, joined in order: see parallel_save.h. */
#include "image/write/parallel/parallel_save.h"
#include "definition/pipeline.h"

#include "base/error.h"
#include "image/encode/format_prepare.h"
#include "image/encode/format_saver.h"
#include "image/table/auto.h"
#include "image/write/parallel/strips.h"

/* So much is worth a thread's start, and loses nothing to speak of at its edges; less would leave cores idle at the picture's end. */
#define STRIP_PIXELS 1000000
/* Of pixels, in all strips that are encoded at a time; a saver's own buffers come to as much again. */
#define MEMORY_MOST (64 << 20)

static const struct parallel_save_kind *const kinds[] = {&parallel_jpeg, &parallel_png, &parallel_tiff};

/* Does every strip fit into the room that its rows have, wherever it lies in the bands? Else its last row would wait for room that only the end
 * of the strip makes. */
static bool fits(const struct parallel_save_flow *flow, int rows)
{
	return (rows > 0 && rows <= flow->band_rows && flow->band_rows % rows == 0) ||
	       rows + flow->band_rows <= flow->room_rows;
}

/* A multiple of the unit with about STRIP_PIXELS; 0: none fits. */
static int choose_rows(const struct parallel_save_flow *flow, int unit, const VipsImage *image)
{
	int units = VIPS_MAX(1, STRIP_PIXELS / image->Xsize / unit);

	/* One that divides a band ends when the band does. */
	for (int n = units; n > 0; n--)
		if (flow->band_rows % (n * unit) == 0)
			return n * unit;
	for (int n = units; n > 0; n--)
		if (fits(flow, n * unit))
			return n * unit;
	return 0;
}

static const struct parallel_save_kind *find_kind(const char *format)
{
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_str_equal(kinds[i]->format, format))
			return kinds[i];
	return NULL;
}

struct parallel_save *parallel_save_new(VipsImage *image, const char *format, JsonObject *save, int threads,
	const struct parallel_save_flow *flow, GError **error)
{
	const struct parallel_save_kind *kind = find_kind(format);

	if (threads < 2 || !kind || image->Ysize < 2)
		return NULL;
	auto_struct(parallel_save) strips = g_new0(struct parallel_save, 1);
	*strips =
		(struct parallel_save){.kind = kind, .format = format_find(format), .threads = threads, .flow = *flow};
	strips->save = save ? json_object_ref(save) : json_object_new();
	strips->bare = params_copy(strips->save);
	json_object_set_boolean_member(strips->bare, "strip", TRUE);
	json_object_remove_member(strips->bare, "keep");
	json_object_remove_member(strips->bare, "thumbnail");
	if (!format_fits(image, format, save, error) ||
		!format_prepare(image, strips->format, strips->save, &strips->image, error))
		return NULL;
	int unit = kind->unit(strips);
	if (kind->fixed)
		strips->rows = fits(flow, unit) ? unit : 0;
	else
		strips->rows = unit ? choose_rows(flow, unit, strips->image) : 0;
	strips->least = kind->whole_end ? unit : 1;
	if (strips->rows == 0 || strips->rows >= strips->image->Ysize || parallel_save_count(strips) < 2 ||
		strips->rows + strips->least - 1 > flow->room_rows)
		return NULL;
	gsize bytes = VIPS_IMAGE_SIZEOF_LINE(strips->image) * (gsize)strips->rows;
	strips->threads = (int)MIN((gsize)threads, MEMORY_MOST / bytes);
	if (strips->threads < 2)
		return NULL;
	strips->state = kind->begin(strips, error);
	return strips->state ? g_steal_pointer(&strips) : NULL;
}

void parallel_save_free(struct parallel_save *strips)
{
	if (!strips)
		return;
	if (strips->state)
		strips->kind->state_free(strips->state);
	g_clear_object(&strips->image);
	g_clear_pointer(&strips->save, json_object_unref);
	g_clear_pointer(&strips->bare, json_object_unref);
	g_free(strips);
}

/* One save. */
struct saving {
	struct parallel_save *strips;
	struct parallel_save_file file;
	int count;
	GMutex lock;
	void **encoded; /* by strip, until it is appended */
	bool *taken;    /* by strip: is encoded */
	int next;       /* strip to append */
	int rows_taken; /* strips from the top */
	GError *error;  /* the first */
};

static VipsRect strip_at(const struct parallel_save *strips, int index)
{
	int top = index * strips->rows, height = strips->image->Ysize;
	int bottom = index == parallel_save_count(strips) - 1 ? height : top + strips->rows;

	return (VipsRect){0, top, strips->image->Xsize, bottom - top};
}

/* With the lock held. */
static void append_what_follows(struct saving *saving)
{
	const struct parallel_save_kind *kind = saving->strips->kind;

	while (!saving->error && saving->next < saving->count && saving->encoded[saving->next]) {
		void *encoded = g_steal_pointer(&saving->encoded[saving->next]);
		saving->next++;
		kind->append(saving->strips, &saving->file, encoded, &saving->error);
	}
}

/* With the lock held. */
static void give_back_rows(struct saving *saving)
{
	struct parallel_save *strips = saving->strips;
	int before = saving->rows_taken;

	while (saving->rows_taken < saving->count && saving->taken[saving->rows_taken])
		saving->rows_taken++;
	if (saving->rows_taken == before)
		return;
	VipsRect last = strip_at(strips, saving->rows_taken - 1);
	strips->flow.taken(strips->flow.user, VIPS_RECT_BOTTOM(&last));
}

/* With the lock held. libvips has one error buffer for all its threads. If two fail at once, one of them has no reason,
 * and not always the second. */
static void note_error(struct saving *saving, GError *error /* takes */)
{
	bool better = saving->error && g_error_matches(saving->error, DROPMILL_ERROR, ERROR_SYSTEM);

	if (better)
		g_clear_error(&saving->error);
	if (saving->error)
		g_error_free(error);
	else
		saving->error = error;
}

static void encode_strip(gpointer number, gpointer user)
{
	struct saving *saving = user;
	struct parallel_save *strips = saving->strips;
	int index = GPOINTER_TO_INT(number) - 1;
	VipsRect strip = strip_at(strips, index);
	g_autoptr(GError) error = NULL;

	g_mutex_lock(&saving->lock);
	bool go = !saving->error;
	g_mutex_unlock(&saving->lock);
	if (!go)
		return;
	void *encoded = strips->kind->encode(strips, &strip, &error);
	/* What libvips keeps for a thread. */
	vips_thread_shutdown();
	g_mutex_lock(&saving->lock);
	saving->encoded[index] = encoded;
	saving->taken[index] = true;
	if (!encoded)
		note_error(saving, g_steal_pointer(&error));
	append_what_follows(saving);
	give_back_rows(saving);
	bool failed = saving->error != NULL;
	g_mutex_unlock(&saving->lock);
	if (failed)
		strips->flow.stop(strips->flow.user);
}

/* Hands out each strip as its rows come. False: they do not come any more. */
static bool feed(struct saving *saving, GThreadPool *pool)
{
	struct parallel_save *strips = saving->strips;

	for (int i = 0; i < saving->count; i++) {
		VipsRect strip = strip_at(strips, i);
		if (!strips->flow.wait(strips->flow.user, VIPS_RECT_BOTTOM(&strip)))
			return false;
		g_thread_pool_push(pool, GINT_TO_POINTER(i + 1), NULL);
	}
	return true;
}

int parallel_save_count(const struct parallel_save *strips)
{
	int whole = strips->image->Ysize / strips->rows, rest = strips->image->Ysize % strips->rows;

	return whole + (rest >= strips->least);
}

bool parallel_save_run(struct parallel_save *strips, const char *path, GError **error)
{
	int count = parallel_save_count(strips);
	g_autofree void **encoded = g_new0(void *, count);
	g_autofree bool *taken = g_new0(bool, count);
	struct saving saving = {
		.strips = strips,
		.count = count,
		.encoded = encoded,
		.taken = taken,
	};

	if (!parallel_save_open(&saving.file, path, error))
		return false;
	g_mutex_init(&saving.lock);
	GThreadPool *pool = g_thread_pool_new(encode_strip, &saving, strips->threads, FALSE, NULL);
	bool fed = feed(&saving, pool);
	g_thread_pool_free(pool, FALSE, TRUE);
	if (fed && !saving.error)
		strips->kind->end(strips, &saving.file, &saving.error);
	for (int i = 0; i < count; i++)
		if (encoded[i])
			strips->kind->encoded_free(encoded[i]);
	g_mutex_clear(&saving.lock);
	parallel_save_close(&saving.file, &saving.error);
	if (!saving.error)
		return fed;
	g_propagate_error(error, saving.error);
	return false;
}
