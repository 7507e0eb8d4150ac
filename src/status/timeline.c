/* SPDX-License-Identifier: GPL-2.0-or-later
 * What happened to a job: see timeline.h. */
#include "status/timeline.h"

#include <string.h>

#include "base/json.h"

/* Entries of a job's timeline: the first ones show how it began, the last ones how it is. */
#define TIMELINE_MOST 200
#define TIMELINE_FIRST 20

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

void timeline_add(
	GPtrArray **timeline, gint64 wall_us, enum timeline_kind kind, int tile, const char *worker, const char *text)
{
	/* Views hold the list as it was. */
	GPtrArray *fresh = *timeline ? g_ptr_array_copy(*timeline, entry_share, NULL) : g_ptr_array_new();

	g_ptr_array_set_free_func(fresh, entry_free);
	if (fresh->len >= TIMELINE_MOST)
		g_ptr_array_remove_index(fresh, TIMELINE_FIRST);
	g_ptr_array_add(fresh, entry_new(wall_us, kind, tile, worker, text));
	g_clear_pointer(timeline, g_ptr_array_unref);
	*timeline = fresh;
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
