/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tile maps and timelines: see tile_map.h. */
#include "status/tile_map.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"

/* A picture has fewer tiles unless somebody asks for tiny ones; the map of those ends here. */
#define TILES_MOST 65536
/* Entries of a job's timeline: the first ones show how it began, the last ones how it is. */
#define TIMELINE_MOST 200
#define TIMELINE_FIRST 20

static enum tile_shown shown_state(const struct tile *tile)
{
	switch (tile->state) {
	case TILE_WAITING:
		return tile->failed ? SHOWN_FAILED : SHOWN_WAITING;
	case TILE_READY:
		return SHOWN_READY;
	case TILE_LEASED:
		return SHOWN_RUNNING;
	case TILE_DONE:
		return SHOWN_DONE;
	}
	return SHOWN_WAITING;
}

/* A whole picture is one tile as large as it is. */
static int shown_width(const struct job *job, const struct tile *tile)
{
	return job->lane == LANE_WHOLE ? job->width : tile->out.width;
}

static bool says(const struct job *job, const struct tile_view *view, const struct tile *tile)
{
	return view->state == shown_state(tile) && view->worker == tile->who && view->attempt == (int)tile->attempt &&
	       view->width == shown_width(job, tile) && view->left == tile->out.left && view->top == tile->out.top;
}

static struct tile_view show_tile(const struct job *job, const struct tile *tile, guint64 sequence)
{
	return (struct tile_view){
		.changed = sequence,
		.worker = tile->who ? g_ref_string_acquire(tile->who) : NULL,
		.output = tile->output,
		.left = tile->out.left,
		.top = tile->out.top,
		.width = shown_width(job, tile),
		.height = job->lane == LANE_WHOLE ? job->height : tile->out.height,
		.attempt = (int)tile->attempt,
		.seconds = (float)tile->took_us / G_USEC_PER_SEC,
		.state = shown_state(tile),
	};
}

static struct tile_piece *show_piece(const struct job *job, guint first, struct tile_piece *before, guint64 sequence)
{
	guint count = MIN(MIN(job->tile_count, TILES_MOST) - first, TILES_PIECE), same = 0;

	while (before && same < count && says(job, &before->tiles[same], &job->tiles[first + same]))
		same++;
	if (before && same == count) {
		g_atomic_int_inc(&before->ref_count);
		return before;
	}
	struct tile_piece *piece = g_malloc0(sizeof *piece + count * sizeof piece->tiles[0]);
	piece->ref_count = 1;
	piece->count = count;
	for (guint i = 0; i < count; i++) {
		bool kept = before && says(job, &before->tiles[i], &job->tiles[first + i]);
		piece->tiles[i] = show_tile(job, &job->tiles[first + i], kept ? before->tiles[i].changed : sequence);
	}
	return piece;
}

struct tiles_view *tiles_show(const struct job *job, struct tiles_view *before, guint64 sequence)
{
	if (!job->tiles || job->tile_count == 0)
		return NULL;
	guint count = MIN(job->tile_count, TILES_MOST), pieces = (count + TILES_PIECE - 1) / TILES_PIECE;
	bool comparable = before && before->run == job->course.run && before->total == job->tile_count;
	bool same = comparable;
	struct tiles_view *view = g_malloc0(sizeof *view + pieces * sizeof view->pieces[0]);

	view->ref_count = 1;
	view->run = job->course.run;
	view->total = job->tile_count;
	view->count = count;
	view->done = job->done;
	for (guint i = 0; i < pieces; i++) {
		struct tile_piece *old = comparable ? before->pieces[i] : NULL;
		view->pieces[i] = show_piece(job, i * TILES_PIECE, old, sequence);
		same = same && view->pieces[i] == old;
	}
	if (!same)
		return view;
	tiles_view_unref(view);
	return tiles_view_ref(before);
}

static void entry_clear(gpointer data)
{
	struct timeline_entry *entry = data;

	g_free(entry->worker);
	g_free(entry->text);
}

static void entry_free(gpointer data)
{
	g_atomic_rc_box_release_full(data, entry_clear);
}

static gpointer entry_share(gconstpointer entry, gpointer unused)
{
	(void)unused;
	return g_atomic_rc_box_acquire((gpointer)entry);
}

static struct timeline_entry *entry_new(
	gint64 wall_us, enum timeline_kind kind, int tile, const char *worker, const char *text)
{
	struct timeline_entry *entry = g_atomic_rc_box_new0(struct timeline_entry);

	entry->wall_us = wall_us;
	entry->kind = kind;
	entry->tile = tile;
	entry->worker = g_strdup(worker);
	entry->text = g_utf8_make_valid(text, -1);
	return entry;
}

void job_note(struct job *job, enum timeline_kind kind, int tile, const char *worker, const char *format, ...)
{
	/* Views hold the list as it was. */
	GPtrArray *timeline = job->timeline ? g_ptr_array_copy(job->timeline, entry_share, NULL) : g_ptr_array_new();
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_set_free_func(timeline, entry_free);
	gint64 now = kind == TIMELINE_DROPPED ? job->queued_wall_us : clock_wall_us();
	if (timeline->len >= TIMELINE_MOST)
		g_ptr_array_remove_index(timeline, TIMELINE_FIRST);
	g_ptr_array_add(timeline, entry_new(now, kind, tile, worker, text));
	g_clear_pointer(&job->timeline, g_ptr_array_unref);
	job->timeline = timeline;
}

char *timeline_to_text(const GPtrArray *timeline)
{
	g_autoptr(JsonArray) list = json_array_new();

	for (guint i = 0; timeline && i < timeline->len; i++) {
		const struct timeline_entry *entry = timeline->pdata[i];
		JsonObject *object = json_object_new();
		json_object_set_int_member(object, "at", entry->wall_us);
		json_object_set_string_member(object, "kind", timeline_kind_name(entry->kind));
		json_object_set_string_member(object, "text", entry->text);
		if (entry->tile >= 0)
			json_object_set_int_member(object, "tile", entry->tile);
		if (entry->worker)
			json_object_set_string_member(object, "worker", entry->worker);
		json_array_add_object_element(list, object);
	}
	return json_array_text(list);
}

static enum timeline_kind kind_of(const char *name)
{
	for (int i = 0; i < TIMELINE_KIND_COUNT; i++)
		if (strcmp(timeline_kind_name((enum timeline_kind)i), name) == 0)
			return (enum timeline_kind)i;
	return TIMELINE_KIND_COUNT;
}

GPtrArray *timeline_from_text(const char *text)
{
	g_autofree char *wrapped = g_strdup_printf("{\"timeline\":%s}", text ? text : "null");
	g_autoptr(JsonObject) object = json_parse_object(wrapped, -1, NULL);
	JsonArray *list = object ? json_array(object, "timeline") : NULL;
	GPtrArray *timeline = list ? g_ptr_array_new_with_free_func(entry_free) : NULL;

	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		JsonObject *entry = json_object_at(list, i);
		enum timeline_kind kind = kind_of(json_string(entry, "kind", ""));
		if (kind < TIMELINE_KIND_COUNT)
			g_ptr_array_add(
				timeline, entry_new(json_int(entry, "at", 0), kind, (int)json_int(entry, "tile", -1),
						  json_string(entry, "worker", NULL), json_string(entry, "text", "")));
	}
	return timeline;
}
