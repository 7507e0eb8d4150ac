/* SPDX-License-Identifier: GPL-2.0-or-later
 * A job and its codec process: what the codec says, and what follows: see job_codec.h. */
#include "master/schedule/job_codec.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "master/fleet/codec_code.h"
#include "master/fleet/worker_select.h"
#include "master/report/view.h"
#include "master/schedule/asset_copies.h"
#include "master/state/job_events.h"
#include "master/state/state.h"

/* Its file, which could be cut, goes to one worker: see policy/placement.h. */
static bool sends_file(struct master *master, struct job *job, JsonObject *plan)
{
	const struct options *options = master->settings.options;
	const struct placement_facts facts = {
		.embedded = master->link.embedded,
		.tile_wished = options->tile > 0,
		.loose = job->loose,
		.streams = json_bool(plan, "streams", false),
		.live = workers_live(master->fleet.workers),
		.sharing = workers_sharing(master->fleet.workers, options),
		.pixels = (gint64)job->plan.width * job->plan.height,
		.pixel_bytes = json_int(json_object(json_object(plan, "task"), "source"), "pixel_bytes", 0),
		.file_bytes = job->claim->bytes,
		.limit_s = job->pipeline->limits.seconds,
	};

	return placement_sends_file(&facts, queue_placement_times(&master->queue, job));
}

void jobs_have_spare_codec(struct master *master)
{
	if (!master->queue.spare_codec && !master->settings.once && !master->draining)
		master->queue.spare_codec = codec_link_new(NULL, NULL, NULL);
}

/* Tiles go to workers that compute as its codec does: see policy/mixed_fleet.h. False: there are only others. */
static bool has_group(struct master *master, struct job *job, JsonObject *plan)
{
	struct worker_groups *groups = workers_groups(master->fleet.workers);

	job->plan.group = codec_code_heard(&master->fleet, json_object(plan, "code"));
	if (worker_groups_may_cut(groups, job->plan.group))
		return true;
	g_autofree char *code = codec_code_text(master->fleet.code);
	g_autofree char *why = g_strdup_printf("no worker computes as the master's machine does, with %s", code);
	job_other_lane(job, LANE_WHOLE, why);
	return false;
}

static void tiled_plan(struct master *master, struct job *job, JsonObject *plan)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) go = json_object_new();
	JsonArray *temps = json_array_new();

	json_object_set_array_member(go, "temps", temps);
	job->plan.sent_as_file = sends_file(master, job, plan);
	if (job->plan.sent_as_file) {
		job_other_lane(
			job, LANE_WHOLE, "no worker shares memory, and its file is much smaller than its pixels");
		jobs_have_spare_codec(master);
		return;
	}
	if (!has_group(master, job, plan))
		return;
	if (!assets_keep_profile(&master->definitions, job, plan, &error)) {
		job_other_lane(job, LANE_WHOLE, error->message);
		return;
	}
	job_skip_outputs(job, json_array(plan, "skipped"));
	if (!job_read_plan(job, plan, &error)) {
		job_broken(job, error->message);
		return;
	}
	job->plan.lane = LANE_TILED;
	job->segment = segments_borrow(master->fleet.segments, (gsize)json_int(plan, "segment_bytes", 0),
		json_bool(plan, "spool", false), job->work.tile_count, &error);
	if (!job->segment) {
		job_fault(job, error);
		return;
	}
	json_object_set_string_member(go, "cmd", "go");
	for (guint i = 0; i < job->outputs->len; i++)
		json_add_path(temps, ((struct job_output *)g_ptr_array_index(job->outputs, i))->temp);
	jobs_read_outputs(job, json_array(json_object(plan, "task"), "outputs"));
	job_show_run(job, plan, json_array(json_object(plan, "task"), "outputs"));
	job_note(job, TIMELINE_PLANNED, -1, NULL, "tiled: %d × %d pixels in %u tiles", job->plan.width,
		job->plan.height, job->work.tile_count);
	codec_link_send(job->codec, go, job->segment->fd);
	job_happens(job, (struct job_event){.kind = EVENT_PLANNED});
}

/* A codec has read a stranger's file: what it says is not believed where the master would read or write by it. */
static bool read_rect(JsonArray *entry, guint first, const struct ring_place *ring, struct rect *rect)
{
	gint64 edges[4];

	for (guint i = 0; i < G_N_ELEMENTS(edges); i++)
		edges[i] = json_array_get_int_element(entry, first + i);
	return ring_place_rect(ring, edges, rect);
}

static void tiles_ready(struct master *master, struct job *job, JsonArray *list)
{
	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		JsonArray *entry = json_array_get_array_element(list, i);
		if (!entry || json_array_get_length(entry) != 10)
			continue;
		gint64 index = json_array_get_int_element(entry, 0);
		if (index < 0 || index >= job->work.tile_count || job->work.tiles[index].state != TILE_WAITING)
			continue;
		struct tile *tile = &job->work.tiles[index];
		tile->output = (int)json_array_get_int_element(entry, 1);
		if ((guint)tile->output >= job->plan.rings->len ||
			!read_rect(entry, 2, &g_array_index(job->plan.rings, struct ring_place, tile->output),
				&tile->out) ||
			!read_rect(entry, 6, &job->plan.ring, &tile->need)) {
			job_broken(job, "its codec names tiles outside its rows");
			return;
		}
		tile->state = TILE_READY;
		g_queue_push_tail(&job->work.ready, GUINT_TO_POINTER((guint)index));
	}
	master->events.wanted = true;
}

static bool says(JsonArray *lost, const char *word)
{
	bool said = false;

	for (guint i = 0; i < json_array_get_length(lost); i++) {
		JsonNode *node = json_array_get_element(lost, i);
		said = said || (JSON_NODE_HOLDS_VALUE(node) && g_strcmp0(json_node_get_string(node), word) == 0);
	}
	return said;
}

/* A worker's words are not shown, only those that are known. NULL: nothing is lost. Returns owned. */
static char *lost_text(JsonArray *lost)
{
	static const char *const words[][2] = {{"exif", "EXIF"}, {"xmp", "XMP"}, {"iptc", "IPTC"}};
	g_autoptr(GPtrArray) known = g_ptr_array_new();

	if (says(lost, "thumbnail"))
		return g_strdup("no thumbnail: the original's EXIF leaves no room for one");
	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (says(lost, words[i][0]))
			g_ptr_array_add(known, (gpointer)words[i][1]);
	if (!known->len)
		return NULL;
	g_ptr_array_add(known, NULL);
	g_autofree char *list = g_strjoinv(", ", (char **)known->pdata);
	return g_strdup_printf("its format does not hold the original's %s", list);
}

void jobs_read_outputs(struct job *job, JsonArray *list)
{
	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		JsonObject *entry = json_object_at(list, i);
		struct job_output *output = job_reported_output(job, entry, i);
		if (!output)
			continue;
		output->bytes = json_int(entry, "bytes", 0);
		output->width = (int)json_int(entry, "width", 0);
		output->height = (int)json_int(entry, "height", 0);
		/* A codec says it with its plan, not again at the end. */
		if (json_array(entry, "lost")) {
			g_free(output->lost);
			output->lost = lost_text(json_array(entry, "lost"));
		}
	}
}

static void codec_failed(struct job *job, JsonObject *event)
{
	const char *kind = json_string(event, "kind", "retry"),
		   *message = json_string(event, "message", "no reason given");

	if (strcmp(kind, "input") == 0)
		job_bad(job, json_bool(event, "limit", false) ? SHOWN_LIMIT : SHOWN_INPUT, message);
	else if (strcmp(kind, "system") == 0)
		job_other_lane(job, LANE_WHOLE, message);
	else
		job_trouble(job, message);
}

static void encoded(struct job *job, JsonObject *event)
{
	g_autoptr(GError) error = NULL;

	/* Leases would outlive the job. */
	if (job->work.done < job->work.tile_count) {
		job_broken(job, "its codec ended before its tiles");
		return;
	}
	if (job->segment && !segment_was_kept(job->segment, &error)) {
		job_fault(job, error);
		return;
	}
	jobs_read_outputs(job, json_array(event, "outputs"));
	spent_add_part(job->times.spent, "codec", json_object(event, "spent"));
	job_made(job);
}

/* First its plan, and once; then the rest. */
static bool in_turn(const struct job *job, const char *name)
{
	bool planned = job->course.phase == PHASE_RUNNING;

	return strcmp(name, "failed") == 0 || planned != (strcmp(name, "plan") == 0);
}

/* The codec's messages. job lives as long as its codec link does. */
static void heard(JsonObject *event, const char *how, void *user)
{
	struct job *job = user;
	struct master *master = job->master;
	const char *name = json_string(event, "event", "");

	job->times.codec_us = clock_now_us();
	if (!event) {
		g_autofree char *why = g_strdup_printf("its codec was %s", how);
		job_broken(job, why);
	} else if (!in_turn(job, name)) {
		job_broken(job, "its codec speaks out of turn");
	} else if (strcmp(name, "plan") == 0) {
		spent_add(job->times.spent, SPENT_PLAN_WAIT_US, clock_now_us() - job->times.phase_us);
		job->plan.width = (int)json_int(event, "width", 0);
		job->plan.height = (int)json_int(event, "height", 0);
		if (json_bool(event, "always", false))
			g_hash_table_add(master->queue.always_whole, g_strdup(job->pipeline->hash));
		if (strcmp(json_string(event, "lane", ""), "tiled") == 0)
			tiled_plan(master, job, event);
		else
			job_other_lane(job, LANE_WHOLE, json_string(event, "why", "whole"));
	} else if (strcmp(name, "ready") == 0) {
		tiles_ready(master, job, json_array(event, "tiles"));
	} else if (strcmp(name, "encoded") == 0) {
		encoded(job, event);
	} else if (strcmp(name, "failed") == 0) {
		codec_failed(job, event);
	}
	view_changed(&master->report);
}

struct codec_link *jobs_codec_for(struct queue *queue, struct job *job, GError **error)
{
	struct codec_link *spare = g_steal_pointer(&queue->spare_codec);

	if (spare && codec_link_use(spare, heard, job))
		return spare;
	codec_link_free(spare);
	return codec_link_new(heard, job, error);
}
