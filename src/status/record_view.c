/* SPDX-License-Identifier: GPL-2.0-or-later
 * Lines of the history as views: see record_view.h. */
#include "status/record_view.h"

#include <string.h>

#include "base/display.h"
#include "base/file_format.h"
#include "base/json.h"
#include "status/timeline.h"

static const char *type_of(const char *path)
{
	const char *dot = strrchr(path, '.');
	const struct file_format *format = dot ? file_format_by_ending(dot + 1) : NULL;

	if (format && format->type)
		return format->type;
	return "application/octet-stream";
}

struct output_view *output_view_new(
	const char *out, const char *path, const char *note, bool skipped, gint64 bytes, int width, int height)
{
	struct output_view *view = g_new0(struct output_view, 1);
	bool below = g_str_has_prefix(path, out) && path[strlen(out)] == '/';

	view->path = g_strdup(path);
	view->name = display_name(below ? path + strlen(out) + 1 : path);
	view->bytes = bytes;
	view->width = width;
	view->height = height;
	view->type = g_strdup(type_of(path));
	view->note = g_strdup(note);
	view->skipped = skipped;
	view->number = -1;
	return view;
}

static enum job_state state_of(const char *name)
{
	return strcmp(name, job_state_name(JOB_DONE)) == 0 ? JOB_DONE : JOB_FAILED;
}

struct job_view *record_view(const struct history_job *record, const char *out)
{
	struct job_view *view = job_view_new();
	g_autofree char *wrapped = g_strdup_printf("{\"outputs\":%s}", record->outputs);
	g_autoptr(JsonObject) object = json_parse_object(wrapped, -1, NULL);
	JsonArray *outputs = json_array(object, "outputs");

	view->id = g_strdup(record->id);
	view->pipeline = g_strdup(record->pipeline);
	view->source = g_strdup(record->source);
	view->state = state_of(record->state);
	view->tiled = strcmp(record->lane, "tiled") == 0;
	view->width = record->width;
	view->height = record->height;
	view->counts.total = record->tiles;
	view->counts.done = view->state == JOB_DONE ? record->tiles : 0;
	view->attempt = record->attempts;
	view->error = g_strdup(record->error);
	view->times.queued_wall_us = record->queued_wall_us;
	view->times.started_wall_us = record->started_wall_us;
	view->times.finished_wall_us = record->finished_wall_us;
	for (guint i = 0; outputs && i < json_array_get_length(outputs); i++) {
		JsonObject *entry = json_object_at(outputs, i);
		g_autofree char *path = json_path(entry, "path");
		if (!path)
			continue;
		struct output_view *output = output_view_new(out, path, json_string(entry, "note", NULL),
			json_bool(entry, "skipped", false), json_int(entry, "bytes", 0),
			(int)json_int(entry, "width", 0), (int)json_int(entry, "height", 0));
		output->number = (int)json_int(entry, "output", -1);
		g_ptr_array_add(view->outputs, output);
	}
	view->bytes = record->bytes;
	view->original = g_strdup(record->original);
	/* Behind a slash: which steps were left out; see job_leave_out(). */
	view->hash = record->hash ? g_strndup(record->hash, strcspn(record->hash, "/")) : NULL;
	view->chain = record->chain ? g_ref_string_new(record->chain) : NULL;
	view->timeline = record->timeline ? timeline_from_text(record->timeline) : NULL;
	return view;
}
