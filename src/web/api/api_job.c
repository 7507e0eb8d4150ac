/* SPDX-License-Identifier: GPL-2.0-or-later
 * A job as JSON, in a list and in full: see api.h. */
#include <math.h>
#include <string.h>

#include "base/disk/beneath.h"
#include "base/json.h"
#include "web/api/api.h"
#include "web/http/fields.h"

/* Of what a thumbnail can be made: see worker/thumbnail.c. Results are for people to move away: one that is gone has none. */
static bool is_picture(const struct output_view *view)
{
	struct stat status;

	return !view->skipped && !view->pending && g_str_has_prefix(view->type ? view->type : "", "image/") &&
	       view->path && beneath_stat(view->path, &status) == 0 && S_ISREG(status.st_mode);
}

static JsonArray *outputs_array(const struct job_view *job, const char *id, JsonArray *chains)
{
	JsonArray *outputs = json_array_new();

	for (guint i = 0; job->outputs && i < job->outputs->len; i++) {
		const struct output_view *view = g_ptr_array_index(job->outputs, i);
		g_autofree char *url = g_strdup_printf("/jobs/%s/output/%u", id, i);
		g_autofree char *thumb = g_strdup_printf("/jobs/%s/thumb/%u", id, i);
		JsonObject *output = json_object_new();
		JsonObject *chain = chains && i < json_array_get_length(chains) ? json_object_at(chains, i) : NULL;
		set_text(output, "path", view->name);
		set_known(output, "bytes", view->bytes, !view->pending);
		set_known(output, "width", view->width, view->width > 0);
		set_known(output, "height", view->height, view->height > 0);
		set_text(output, "type", view->type);
		set_text(output, "note", view->note);
		json_object_set_boolean_member(output, "skipped", view->skipped);
		set_text(output, "url", view->pending ? NULL : url);
		set_text(output, "thumb", is_picture(view) ? thumb : NULL);
		if (chain) {
			set_text(output, "text", json_string(chain, "text", ""));
			json_object_set_member(output, "steps", json_node_copy(json_object_get_member(chain, "steps")));
		}
		json_array_add_object_element(outputs, output);
	}
	return outputs;
}

static void set_original(JsonObject *object, const struct job_view *job, const char *id)
{
	if (!job->original) {
		json_object_set_null_member(object, "original");
		return;
	}
	JsonObject *original = json_object_new();
	g_autofree char *url = g_strdup_printf("/jobs/%s/original", id);
	g_autofree char *thumb = g_strdup_printf("/jobs/%s/thumb/original", id);
	json_object_set_string_member(original, "url", url);
	json_object_set_string_member(original, "thumb", thumb);
	json_object_set_object_member(object, "original", original);
}

static gint64 elapsed_us(const struct snapshot *snapshot, const struct job_view *job)
{
	gint64 from = job->started_wall_us ? job->started_wall_us : job->queued_wall_us;
	gint64 to = job->finished_wall_us ? job->finished_wall_us : snapshot->taken_wall_us;

	return MAX(to - from, 0);
}

/* chains: of its outputs, or NULL in a list. */
static JsonObject *job_object(const struct snapshot *snapshot, const struct job_view *job, JsonArray *chains)
{
	JsonObject *object = json_object_new();
	JsonObject *tiles = json_object_new();
	g_autofree char *id = g_uri_escape_string(job->id ? job->id : "", NULL, FALSE);

	json_object_set_int_member(tiles, "total", job->tiles_total);
	json_object_set_int_member(tiles, "done", job->tiles_done);
	json_object_set_int_member(tiles, "running", job->tiles_running);
	json_object_set_int_member(tiles, "failed", job->tiles_failed);
	set_text(object, "id", job->id);
	set_text(object, "pipeline", job->pipeline);
	set_text(object, "source", job->source);
	json_object_set_string_member(object, "state", job_state_name(job->state));
	json_object_set_string_member(object, "lane", job->tiled ? "tiled" : "whole");
	set_known(object, "width", job->width, job->width > 0);
	set_known(object, "height", job->height, job->height > 0);
	if (job->width > 0 && job->height > 0)
		json_object_set_double_member(
			object, "megapixels", round((double)job->width * job->height / 1e4) / 100);
	else
		json_object_set_null_member(object, "megapixels");
	set_known(object, "bytes", job->bytes, job->bytes > 0);
	json_object_set_object_member(object, "tiles", tiles);
	json_object_set_int_member(object, "attempt", job->attempt);
	json_object_set_int_member(object, "workers", job->workers);
	json_object_set_array_member(object, "outputs", outputs_array(job, id, chains));
	set_original(object, job, id);
	set_text(object, "error", job->error);
	set_text(object, "waiting_for", job->waiting_for);
	set_seconds(object, "retry_in_s", job->retry_us - snapshot->taken_us, job->retry_us > 0);
	set_time(object, "queued_at", job->queued_wall_us);
	set_time(object, "started_at", job->started_wall_us);
	set_time(object, "finished_at", job->finished_wall_us);
	set_seconds(object, "elapsed_s", elapsed_us(snapshot, job), job->queued_wall_us > 0);
	set_seconds(object, "eta_s", job->eta_us - snapshot->taken_us,
		job->eta_us > 0 && job->state == JOB_RUNNING && job->tiles_done < job->tiles_total);
	return object;
}

JsonObject *api_job_object(const struct snapshot *snapshot, const struct job_view *job)
{
	return job_object(snapshot, job, NULL);
}

static JsonObject *tile_object(const struct job_view *job, guint number)
{
	const struct tile_view *tile = tiles_view_at(job->tiles, number);
	const struct output_view *whole = !job->tiled && job->outputs->len ? job->outputs->pdata[0] : NULL;
	JsonObject *object = json_object_new();

	json_object_set_int_member(object, "n", number);
	json_object_set_int_member(object, "output", tile->output);
	json_object_set_int_member(object, "left", tile->left);
	json_object_set_int_member(object, "top", tile->top);
	/* What one worker did in one go covers all of its outputs. */
	json_object_set_int_member(object, "width", whole ? whole->width : tile->width);
	json_object_set_int_member(object, "height", whole ? whole->height : tile->height);
	json_object_set_string_member(object, "state", tile_shown_name(tile->state));
	set_text(object, "worker", tile->worker);
	if (tile->state == SHOWN_DONE)
		json_object_set_double_member(object, "seconds", round((double)tile->seconds * 1e5) / 1e5);
	else
		json_object_set_null_member(object, "seconds");
	json_object_set_int_member(object, "attempt", tile->attempt);
	return object;
}

JsonArray *api_tiles_array(const struct job_view *job, guint64 above)
{
	JsonArray *list = json_array_new();

	for (guint i = 0; job->tiles && i < job->tiles->count; i++)
		if (tiles_view_at(job->tiles, i)->changed > above)
			json_array_add_object_element(list, tile_object(job, i));
	return list;
}

static JsonArray *timeline_array(const GPtrArray *timeline)
{
	JsonArray *list = json_array_new();

	for (guint i = 0; timeline && i < timeline->len; i++) {
		const struct timeline_entry *entry = timeline->pdata[i];
		JsonObject *object = json_object_new();
		set_time(object, "at", entry->wall_us);
		json_object_set_string_member(object, "kind", timeline_kind_name(entry->kind));
		set_text(object, "text", entry->text);
		set_known(object, "tile", entry->tile, entry->tile >= 0);
		set_text(object, "worker", entry->worker);
		json_array_add_object_element(list, object);
	}
	return list;
}

/* Into those that are made, which are the job's in this order, and those that their conditions left out. */
static void split_outputs(JsonObject *chain, JsonArray *made, JsonArray *left_out)
{
	JsonArray *all = chain ? json_array(chain, "outputs") : NULL;

	for (guint i = 0; all && i < json_array_get_length(all); i++) {
		JsonObject *output = json_object_at(all, i);
		JsonArray *list = output && json_bool(output, "left_out", false) ? left_out : made;
		json_array_add_element(list, json_node_copy(json_array_get_element(all, i)));
	}
}

JsonObject *api_job_details(const struct snapshot *snapshot, const struct job_view *job)
{
	g_autoptr(JsonObject) chain = job->chain ? json_parse_object(job->chain, -1, NULL) : NULL;
	g_autoptr(JsonArray) made = json_array_new(), left_out = json_array_new();
	split_outputs(chain, made, left_out);
	JsonObject *object = job_object(snapshot, job, chain ? made : NULL);

	set_known(object, "run", job->tiles ? job->tiles->run : 0, job->tiles != NULL);
	json_object_set_boolean_member(
		object, "tile_list_complete", !job->tiles || job->tiles->count == job->tiles->total);
	if (chain)
		json_object_set_member(object, "steps", json_node_copy(json_object_get_member(chain, "steps")));
	else
		json_object_set_null_member(object, "steps");
	json_object_set_array_member(object, "left_out", g_steal_pointer(&left_out));
	json_object_set_array_member(object, "timeline", timeline_array(job->timeline));
	set_text(object, "pipeline_hash", job->hash);
	return object;
}

char *api_job(const struct snapshot *snapshot, const struct job_view *job)
{
	g_autoptr(JsonObject) object = api_job_details(snapshot, job);

	if (job->spent)
		json_object_set_object_member(object, "spent", spent_object(job->spent));
	else
		json_object_set_null_member(object, "spent");
	if (job->tiles)
		json_object_set_array_member(object, "tile_list", api_tiles_array(job, 0));
	else
		json_object_set_null_member(object, "tile_list");
	return json_object_text(object);
}

const struct job_view *api_find_job(const struct snapshot *snapshot, const char *id)
{
	for (guint i = 0; i < snapshot->jobs->len; i++) {
		const struct job_view *job = g_ptr_array_index(snapshot->jobs, i);
		if (g_strcmp0(job->id, id) == 0)
			return job;
	}
	return NULL;
}
