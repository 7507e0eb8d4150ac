/* SPDX-License-Identifier: GPL-2.0-or-later
 * One dropped picture on its way: see job.h. */
#include "master/job/job.h"

#include "base/clock.h"
#include "base/display.h"
#include "base/json.h"
#include "status/timeline.h"

struct job *job_new(struct claim *claim, struct pipeline *pipeline)
{
	struct job *job = g_new0(struct job, 1);

	job->id = g_ref_string_new(claim->id);
	job->source = display_name(claim->relative);
	job->owner = g_strconcat(pipeline->name, "/", claim->relative, NULL);
	job->claim = claim;
	job->pipeline = pipeline_ref(pipeline);
	job->course.attempts = pipeline->attempts;
	job->times.queued_us = clock_now_us();
	job->times.queued_wall_us = claim->dropped_wall_us ? claim->dropped_wall_us : clock_wall_us();
	job->outputs = job_outputs_new();
	job->plan.rings = g_array_new(FALSE, TRUE, sizeof(struct ring_place));
	g_queue_init(&job->work.ready);
	return job;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	g_assert(!job->codec && !job->segment);
	job_reset(job);
	claim_free(job->claim);
	pipeline_unref(job->pipeline);
	g_ptr_array_unref(job->outputs);
	g_array_unref(job->plan.rings);
	g_ref_string_release(job->id);
	job_view_unref(job->page.view);
	tiles_view_unref(job->page.tiles);
	g_clear_pointer(&job->page.timeline, g_ptr_array_unref);
	g_free(job->source);
	g_free(job->owner);
	drop_unref(job->drop);
	g_free(job->hash);
	g_free(job->error);
	g_free(job->page.waiting_for);
	g_free(job->times.spent);
	g_clear_pointer(&job->plan.shown, g_ref_string_release);
	g_free(job->plan.hash);
	g_free(job);
}

const char *job_owner(const struct job *job)
{
	return job->owner;
}

void job_set_loose(struct job *job)
{
	g_assert(!job->drop);
	job->loose = true;
	g_free(job->owner);
	job->owner = g_strconcat(job->pipeline->name, "/", job->claim->path, NULL);
}

struct drop *job_drop(struct job *job)
{
	if (!job->drop)
		job->drop = drop_new(&(struct drop){
			.id = job->id,
			.source = job->source,
			.owner = job->owner,
			.claim = job->claim,
			.pipeline = job->pipeline,
			.queued_us = job->times.queued_us,
			.queued_wall_us = job->times.queued_wall_us,
			.loose = job->loose,
		});
	return job->drop;
}

void job_take_found(struct job *job, struct found *found)
{
	g_ptr_array_unref(job->outputs);
	job->outputs = g_steal_pointer(&found->outputs);
	g_free(job->hash);
	job->hash = g_steal_pointer(&found->hash);
	job->number = found->number;
	g_free(found);
}

void job_name_temps(struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		struct job_output *output = g_ptr_array_index(job->outputs, i);
		g_autofree char *name =
			g_strdup_printf(".dropmill-%s-%u-%u.tmp", job->id, job->course.run, output->number);
		/* A skipped output is made all the same where others of its picture are not, and thrown away. */
		const char *folder = output->folder;
		for (guint o = 0; !folder && o < job->outputs->len; o++)
			folder = ((struct job_output *)g_ptr_array_index(job->outputs, o))->folder;
		g_free(output->temp);
		output->temp = folder ? g_build_filename(folder, name, NULL) : NULL;
	}
}

void job_remove_temps(const struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++)
		job_remove_temp(g_ptr_array_index(job->outputs, i));
}

bool job_all_skipped(const struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++)
		if (!((struct job_output *)g_ptr_array_index(job->outputs, i))->skipped)
			return false;
	return job->outputs->len > 0;
}

enum job_state job_state(const struct job *job)
{
	return phase_facts(job->course.phase)->state;
}

static void free_tiles(struct job *job)
{
	for (guint i = 0; i < job->work.tile_count; i++)
		if (job->work.tiles[i].who)
			g_ref_string_release(job->work.tiles[i].who);
	g_clear_pointer(&job->work.tiles, g_free);
	job->work.tile_count = 0;
}

void job_reset(struct job *job)
{
	g_clear_pointer(&job->plan.profile, json_object_unref);
	g_clear_pointer(&job->plan.spec, json_object_unref);
	g_clear_pointer(&job->plan.spec_text[PLANE_SHM], g_free);
	g_clear_pointer(&job->plan.spec_text[PLANE_INLINE], g_free);
	free_tiles(job);
	g_clear_pointer(&job->work.failure_votes, g_ptr_array_unref);
	g_clear_pointer(&job->work.timings, g_free);
	g_clear_pointer(&job->work.undelivered, g_free);
	job->work.send_after_us = 0;
	g_array_set_size(job->plan.rings, 0);
	g_queue_clear(&job->work.ready);
	job->work.done = job->work.leased = job->work.held = job->work.failed_tries = 0;
	job->work.first_sent_us = job->work.eta_us = 0;
	g_clear_pointer(&job->plan.group, g_ref_string_release);
	job->plan.lane = LANE_UNDECIDED;
}

void job_set_tiles(struct job *job, guint count)
{
	free_tiles(job);
	job->work.tiles = g_new0(struct tile, count);
	job->work.tile_count = count;
	job->work.done = job->work.leased = 0;
}

struct job_output *job_output_of(const struct job *job, gint64 number)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		struct job_output *output = g_ptr_array_index(job->outputs, i);
		if (output->number == number)
			return output;
	}
	return NULL;
}

struct job_output *job_reported_output(const struct job *job, JsonObject *entry, guint place)
{
	gint64 number = json_int(entry, "output", -1);

	if (number >= 0)
		return job_output_of(job, number);
	return place < job->outputs->len ? g_ptr_array_index(job->outputs, place) : NULL;
}

void job_skip_outputs(struct job *job, JsonArray *skipped)
{
	for (guint i = 0; skipped && i < json_array_get_length(skipped); i++) {
		struct job_output *output = job_output_of(job, json_array_get_int_element(skipped, i));
		/* Others are made, whatever a worker says. */
		if (output && ((struct output *)g_ptr_array_index(job->pipeline->outputs, output->number))->when)
			g_ptr_array_remove(job->outputs, output);
	}
}

void job_note(struct job *job, enum timeline_kind kind, int tile, const char *worker, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	timeline_add(&job->page.timeline, kind == TIMELINE_DROPPED ? job->times.queued_wall_us : clock_wall_us(), kind,
		tile, worker, text);
}
