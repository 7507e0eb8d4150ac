/* SPDX-License-Identifier: GPL-2.0-or-later
 * A job's course, from the queue to its commit: see job_start.h. */
#include "master/schedule/job_start.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/folder.h"
#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "definition/lanes.h"
#include "master/config/allowed.h"
#include "master/fleet/codec_code.h"
#include "master/fleet/worker_select.h"
#include "master/policy/lane.h"
#include "master/report/view_job.h"
#include "master/schedule/asset_copies.h"
#include "master/schedule/job_codec.h"
#include "master/state/job_events.h"
#include "master/state/state.h"

/* Inline tiles on the embedded broker: with its margin a tile must stay well under the mock's partition. */
#define EMBEDDED_TILE_BYTES (1 << 20)
/* What an inbox may have claimed without --queue: far more than runs at a time, and a few megabytes. */
#define QUEUE_LEAST 1000
#define QUEUE_PER_WORKER 8

void jobs_add(struct master *master, struct job *job)
{
	job->master = master;
	if (job->claim->recovered)
		view_forget(&master->report, job->id);
	g_hash_table_insert(master->queue.jobs, job->id, job);
	job_note(job, TIMELINE_DROPPED, -1, NULL, "%s", job->source);
	job_note(job, TIMELINE_CLAIMED, -1, NULL, "%s",
		job->claim->recovered ? "found claimed by an earlier run of the mill" : "taken out of the inbox");
	log_debug("%s: %s/%s", job->id, job->pipeline->name, job->source);
	job_happens(job, (struct job_event){.kind = EVENT_ADDED});
}

static struct lane_facts lane_facts_of(const struct master *master, const struct job *job)
{
	const struct queue *queue = &master->queue;

	return (struct lane_facts){
		.must_tile = job->course.must == LANE_TILED,
		.never_cut = job->course.must == LANE_WHOLE ||
			     g_hash_table_contains(queue->always_whole, job->pipeline->hash),
		.as_file = job->plan.sent_as_file,
		.wished_px = master->settings.options->tile,
		.jobs = queue->queued.length + queue->running->len,
		.live = workers_live(master->fleet.workers),
		.file_bytes = job->claim->bytes,
	};
}

static bool asks_codec(const struct master *master, const struct job *job)
{
	const struct lane_facts facts = lane_facts_of(master, job);

	return lane_choose(&facts).asks_codec;
}

static JsonObject *plan_request(struct master *master, const struct job *job)
{
	JsonObject *request = json_object_new();
	struct lane_facts facts = lane_facts_of(master, job);

	facts.sharing = workers_sharing(master->fleet.workers, master->settings.options);
	const struct lane_choice lane = lane_choose(&facts);
	json_object_set_string_member(request, "cmd", "plan");
	json_object_set_int_member(request, "tile", lane.tile_px);
	json_object_set_boolean_member(request, "tile_fixed", facts.wished_px > 0);
	json_object_set_int_member(request, "tile_most", lane.largest_px);
	json_object_set_int_member(request, "workers", facts.live);
	json_object_set_int_member(request, "min_pixels", lane.tiled_pixels);
	json_object_set_int_member(request, "budget", master->settings.options->memory / TILED_JOBS);
	if (master->link.embedded && strcmp(master->settings.options->payload, "inline") == 0)
		json_object_set_int_member(request, "tile_bytes", EMBEDDED_TILE_BYTES);
	JsonObject *code = codec_code_known(&master->fleet);
	if (code)
		json_object_set_object_member(request, "code", json_object_ref(code));
	job_describe(job, request);
	return request;
}

static void start_whole(struct master *master, struct job *job)
{
	const struct lane_facts facts = lane_facts_of(master, job);
	const struct lane_choice lane = lane_choose(&facts);

	job->plan.lane = LANE_WHOLE;
	job->plan.threads = lane.spreads ? workers_idle_neighbours(master->fleet.workers) : 0;
	job_make_whole_spec(job, lane.huge_pixels);
	job_set_tiles(job, 1);
	job->work.tiles[0].state = TILE_READY;
	g_queue_push_tail(&job->work.ready, GUINT_TO_POINTER(0));
}

void effect_ask_plan(struct master *master, struct job *job, const struct job_event *event)
{
	g_autoptr(GError) error = NULL;

	(void)event;
	job->times.codec_us = clock_now_us();
	job->codec = jobs_codec_for(&master->queue, job, &error);
	if (!job->codec) {
		job_broken(job, error->message);
		return;
	}
	job->times.phase_us = clock_now_us();
	spent_add(job->times.spent, SPENT_PROCESSES, 1);
	g_autoptr(JsonObject) request = plan_request(master, job);
	const struct assets *assets = master->definitions.assets;
	allowed_to_codec(&master->settings, assets ? assets_folder(assets) : NULL, job->pipeline, request);
	/* Open, for by its name a link could be put in its place. Where it cannot be opened the codec says so. */
	int picture = beneath_open(job->claim->path, O_RDONLY | O_NONBLOCK, 0);
	codec_link_send(job->codec, request, picture);
	if (picture >= 0)
		close(picture);
}

void effect_begin_run(struct master *master, struct job *job, const struct job_event *event)
{
	job->times.began_us = event->now_us;
	g_free(job->times.spent);
	job->times.spent = g_new0(struct spent, 1);
	job_note(job, TIMELINE_STARTED, -1, NULL, "run %u", job->course.runs);
	if (!g_hash_table_contains(master->queue.sources, job_owner(job)))
		g_hash_table_insert(master->queue.sources, (gpointer)job_owner(job), job);
}

void effect_ask_names(struct master *master, struct job *job, const struct job_event *event)
{
	struct found *found = found_new(NULL, job->hash, job->number);

	(void)event;
	found->ticket = job->course.ticket;
	names_ask(master->names, job_drop(job), found);
}

void effect_offer_whole(struct master *master, struct job *job, const struct job_event *event)
{
	(void)event;
	start_whole(master, job);
	job_note(job, TIMELINE_PLANNED, -1, NULL, "whole: one worker decodes, runs the chain and encodes");
}

void effect_renew(struct master *master, struct job *job, const struct job_event *event)
{
	struct poison_count poison = job->work.tiles[0].poison;
	GPtrArray *votes = g_steal_pointer(&job->work.failure_votes);
	gint64 after = job->work.send_after_us;
	char *undelivered = event->now_us < after ? g_steal_pointer(&job->work.undelivered) : NULL;

	/* What a dead worker left is removed; one that is alive writes to a file without a name. */
	job_remove_temps(job);
	job_name_temps(job);
	job_reset(job);
	start_whole(master, job);
	job->work.tiles[0].poison = poison;
	job->work.failure_votes = votes;
	job->work.send_after_us = after;
	job->work.undelivered = undelivered;
}

static void start(struct master *master, const struct job *job)
{
	struct job_event event = {.kind = EVENT_STARTED, .run = ++master->queue.serial};
	gint64 most = job->pipeline->limits.bytes;
	g_autofree char *why = g_strdup_printf("the file has %" G_GINT64_FORMAT " bytes, more than %" G_GINT64_FORMAT
					       " (limits: bytes)",
		job->claim->bytes, most);

	if (most && job->claim->bytes > most) {
		event.kind = EVENT_TOO_LARGE;
		event.why = why;
		event.kind_of_error = SHOWN_LIMIT;
	}
	job_happens(job, event);
}

static void say_notes(const struct settings *settings, const struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		if (output->note && settings->once)
			terminal_say("%s: %s", job->source, output->note);
		else if (output->note)
			log_info("%s/%s: %s", job->pipeline->name, job->source, output->note);
	}
}

static enum job_event_kind named_event(const struct master *master, const struct job *job, const struct named *named)
{
	if (named->answer == NAMES_TAKEN)
		return EVENT_NAME_TAKEN;
	if (named->answer == NAMES_FAILED)
		return error_kind(named->error) == ERROR_INPUT ? EVENT_NAMES_BAD : EVENT_NAMES_TROUBLE;
	if (job_all_skipped(job))
		return EVENT_NAMED_FOR_NOBODY;
	return asks_codec(master, job) ? EVENT_NAMED_FOR_CODEC : EVENT_NAMED_FOR_WORKER;
}

void jobs_named(struct named *named, void *user)
{
	struct master *master = user;
	struct job *job = queue_find(&master->queue, named->drop->id);
	guint32 ticket = named->found->ticket;

	if (!job) { /* nobody needs its names */
		names_release(master->names, named->drop);
		return;
	}
	if (ticket != job->course.ticket)
		return;
	job_take_found(job, g_steal_pointer(&named->found));
	if (named->answer == NAMES_GIVEN) {
		job_name_temps(job);
		say_notes(&master->settings, job);
	}
	job_happens(job, (struct job_event){
				 .kind = named_event(master, job, named),
				 .ticket = ticket,
				 .why = named->error ? named->error->message : NULL,
				 .kind_of_error = SHOWN_INPUT,
			 });
}

/* Pictures of one name are processed in the order of their drop: the last one's output is the one that stays. */
static bool waits_for_twin(const struct queue *queue, const struct job *job)
{
	const struct job *holder = g_hash_table_lookup(queue->sources, job_owner(job));

	return holder && holder != job;
}

static guint codecs(const struct queue *queue)
{
	guint count = 0;

	for (guint i = 0; i < queue->running->len; i++)
		count += ((struct job *)g_ptr_array_index(queue->running, i))->codec != NULL;
	return count;
}

guint jobs_queue(const struct settings *settings, const struct fleet *fleet)
{
	if (settings->options->queue)
		return (guint)settings->options->queue;
	return MAX(QUEUE_LEAST, QUEUE_PER_WORKER * workers_live(fleet->workers));
}

bool jobs_start_next(struct master *master)
{
	gint64 now = clock_now_us();

	if (master->draining)
		return false;
	/* Enough started jobs to keep every worker's window full; the rest waits in the queue, where priorities count. */
	guint room = 2 * workers_live(master->fleet.workers) + TILED_JOBS;
	if (queue_busy(&master->queue) >= room)
		return false;
	bool codecs_busy = codecs(&master->queue) >= TILED_JOBS;
	for (GList *link = master->queue.queued.head; link; link = link->next) {
		const struct job *job = link->data;
		if (job->course.not_before_us > now || waits_for_twin(&master->queue, job) ||
			!queue_may_start(&master->queue, job) || (codecs_busy && asks_codec(master, job)))
			continue;
		start(master, job);
		return true;
	}
	return false;
}
