/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a master without intake, codecs or processes over an embedded broker, for tests of what goes out and comes back.
 * Thread:    the main one. Ownership: tear_down() frees all of it.
 */
#pragma once

#include "../unit.h"

#include "base/disk/files.h"
#include "base/json.h"
#include "bus/embedded.h"
#include "bus/kafka.h"
#include "master/fleet/lease.h"
#include "master/schedule/dispatch.h"
#include "master/schedule/run_effects.h"
#include "master/schedule/schedule.h"
#include "master/state/state.h"
#include "workers_support.h"

enum { TILES = 20, WINDOW = WINDOW_WEIGHT / WEIGHT_TILE };

struct bench {
	struct master master;
	char *folder;
	struct options options;
	GPtrArray *jobs;
};

static inline void room(struct master *master)
{
}

static inline void connect(struct link *link)
{
	g_autoptr(GError) error = NULL;

	link->embedded = embedded_new("", 2, false, &error);
	assert_non_null(link->embedded);
	const struct bus_options options = {.brokers = (char *)embedded_brokers(link->embedded),
		.prefix = (char[]){""},
		.role = (char[]){"test"},
		.embedded = true};
	link->bus = bus_new(&options, NULL, NULL, &error);
	assert_non_null(link->bus);
	link->up = true;
}

static inline int set_up(void **state)
{
	struct bench *bench = g_new0(struct bench, 1);
	struct master *master = &bench->master;
	const struct workers_events events = {schedule_worker_gone, nothing, master, NULL};

	bench->folder = g_dir_make_tmp("dropmill-XXXXXX", NULL);
	static char payload[] = "auto";
	bench->options.payload = payload;
	bench->options.memory = 256 << 20;
	master->settings.options = &bench->options;
	master->fleet.workers = workers_new(&events);
	master->fleet.segments = segments_new(bench->folder, 64 << 20);
	queue_init(&master->queue);
	master->waiting = waiting_new();
	connect(&master->link);
	report_init(&master->report, &(struct report_sources){.settings = &master->settings,
					     .definitions = &master->definitions,
					     .link = &master->link,
					     .queue = &master->queue,
					     .fleet = &master->fleet,
					     .waiting = master->waiting,
					     .ready = &master->ready,
					     .stats = &master->stats});
	master->draining = true; /* no job starts */
	master->room_hook = room;
	bench->jobs = g_ptr_array_new();
	*state = bench;
	return 0;
}

static inline void end_leases(struct worker *worker)
{
	for (struct lease *lease; (lease = g_queue_peek_head(&worker->leases));)
		lease_end(lease);
}

static inline int tear_down(void **state)
{
	struct bench *bench = *state;
	struct master *master = &bench->master;

	bus_free(master->link.bus);
	while (g_main_context_iteration(NULL, FALSE))
		;
	for (struct posted_event *posted; (posted = job_events_take(&master->events));)
		posted_event_free(posted);
	g_queue_clear(&master->queue.queued);
	g_hash_table_unref(master->queue.jobs);
	g_hash_table_unref(master->queue.sources);
	g_ptr_array_unref(master->queue.running);
	GPtrArray *workers = workers_all(master->fleet.workers);
	for (guint i = 0; i < workers->len; i++)
		end_leases(workers->pdata[i]);
	for (guint i = 0; i < bench->jobs->len; i++) {
		struct job *job = bench->jobs->pdata[i];
		segments_give_back(master->fleet.segments, g_steal_pointer(&job->segment), false);
		job_free(job);
	}
	g_ptr_array_unref(bench->jobs);
	queue_clear(&master->queue);
	report_clear(&master->report);
	workers_free(master->fleet.workers);
	segments_free(master->fleet.segments);
	waiting_free(master->waiting);
	embedded_free(master->link.embedded);
	files_remove_tree(bench->folder);
	g_free(bench->folder);
	g_free(bench);
	return 0;
}

/* A job that runs, with TILES tiles that are ready. */
static inline struct job *add_job(struct bench *bench, const char *id, int priority)
{
	struct master *master = &bench->master;
	struct claim *claim = g_new0(struct claim, 1);
	struct pipeline *pipeline = pipeline_new();
	const struct ring_place ring = {4096, 64, 64, 1};

	g_free(pipeline->name);
	pipeline->name = g_strdup("p");
	pipeline->priority = priority;
	g_ptr_array_add(pipeline->outputs, output_new());
	claim->id = g_strdup(id);
	claim->relative = g_strdup("a.png");
	claim->path = g_strdup("/nowhere/a.png");
	struct job *job = job_new(claim, pipeline);
	pipeline_unref(pipeline);
	job->master = master;
	job->times.spent = g_new0(struct spent, 1);
	g_hash_table_insert(master->queue.jobs, job->id, job);
	g_ptr_array_add(master->queue.running, job);
	job->course = (struct course){.phase = PHASE_RUNNING, .run = 7, .attempts = 3};
	job->plan.lane = LANE_TILED;
	job->plan.ring = ring;
	g_array_append_val(job->plan.rings, ring);
	job->plan.spec = json_object_new();
	job_set_tiles(job, TILES);
	job->segment = segments_borrow(master->fleet.segments, 4096 + 64 * 64, false, TILES, NULL);
	for (guint i = 0; i < TILES; i++) {
		job->work.tiles[i].state = TILE_READY;
		job->work.tiles[i].need = job->work.tiles[i].out = (struct rect){0, 0, 8, 8};
		g_queue_push_tail(&job->work.ready, GUINT_TO_POINTER(i));
	}
	g_ptr_array_add(bench->jobs, job);
	return job;
}

static inline struct worker *add_worker(struct bench *bench, const char *id, const char *state)
{
	workers_heard(bench->master.fleet.workers, beat_from("another", id, state, "h"));
	return workers_find(bench->master.fleet.workers, id);
}
