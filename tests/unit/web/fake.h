/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a snapshot made by hand, with every state of jobs, workers and pipelines and names that want to be markup.
 * Thread:    any. Ownership: returns owned.
 */
#pragma once

#include "base/clock.h"
#include "status/snapshot.h"

#define HOSTILE_NAME "<img src=x onerror=alert(1)>\".jpg"
#define QUEUED_WALL_US (G_GINT64_CONSTANT(1795424400) * G_USEC_PER_SEC) /* 2026-11-23T09:00:00Z */

static inline struct job_view *fake_job(
	struct snapshot *snapshot, const char *id, const char *source, enum job_state state)
{
	struct job_view *job = job_view_new();
	job->changed = 1;
	job->id = g_strdup(id);
	job->pipeline = g_strdup("web");
	job->source = g_strdup(source);
	job->state = state;
	job->attempt = 1;
	job->times.queued_wall_us = QUEUED_WALL_US;
	g_ptr_array_add(snapshot->jobs, job);
	snapshot->jobs_by_state[state]++;
	return job;
}

static inline void fake_output(struct job_view *job, const char *path, const char *name, gint64 bytes)
{
	struct output_view *output = g_new0(struct output_view, 1);
	output->number = -1;
	output->path = g_strdup(path);
	output->name = g_strdup(name);
	output->bytes = bytes;
	output->width = 1200;
	output->height = 800;
	output->type = g_strdup("image/jpeg");
	g_ptr_array_add(job->outputs, output);
}

/* A map of so many tiles, of which the last one changed now and the others in the first snapshot. */
static inline void fake_tiles(struct job_view *job, guint count, guint64 sequence)
{
	guint pieces = (count + TILES_PIECE - 1) / TILES_PIECE;
	struct tiles_view *tiles = g_malloc0(sizeof *tiles + pieces * sizeof tiles->pieces[0]);

	tiles->ref_count = 1;
	tiles->run = 77;
	tiles->total = tiles->count = count;
	tiles->done = 37;
	for (guint p = 0; p < pieces; p++) {
		guint own = MIN(count - p * TILES_PIECE, TILES_PIECE);
		struct tile_piece *piece = g_malloc0(sizeof *piece + own * sizeof piece->tiles[0]);
		piece->ref_count = 1;
		piece->count = own;
		for (guint i = 0; i < own; i++) {
			bool last = p * TILES_PIECE + i == count - 1;
			piece->tiles[i] = (struct tile_view){.changed = last ? sequence : 1,
				.worker = g_ref_string_new("w1"),
				.left = (int)i * 512,
				.top = (int)p * 512,
				.width = 512,
				.height = 512,
				.attempt = 1,
				.seconds = 0.03125f,
				.state = last ? SHOWN_RUNNING : SHOWN_DONE};
		}
		tiles->pieces[p] = piece;
	}
	tiles_view_unref(job->tiles);
	job->tiles = tiles;
}

static inline struct worker_view *fake_worker(
	struct snapshot *snapshot, const char *id, enum worker_state state, gint64 age_us)
{
	struct worker_view *worker = g_new0(struct worker_view, 1);
	worker->id = g_strdup(id);
	worker->host = g_strdup("mill-1");
	worker->pid = 4711;
	worker->state = state;
	worker->heartbeat_us = snapshot->taken_us - age_us;
	worker->plane = g_strdup("shm");
	worker->partitions.list = g_strdup("0,3");
	worker->partitions.lag = state == WORKER_LIVE ? 2 : -1;
	worker->tiles_done = 12345;
	worker->tiles_per_s = 8.25;
	worker->work.text = g_strdup(state == WORKER_LIVE ? "j-running tile 12" : "");
	worker->vips = g_strdup("8.14.1");
	worker->rss_bytes = 181 * 1000 * 1000;
	g_ptr_array_add(snapshot->workers, worker);
	snapshot->workers_by_state[state]++;
	return worker;
}

static inline void fake_pipeline(struct snapshot *snapshot, const char *name, const char *error)
{
	struct pipeline_view *pipeline = g_new0(struct pipeline_view, 1);
	pipeline->name = g_strdup(name);
	pipeline->description = g_strdup("web-ready JPEG and a square thumbnail");
	pipeline->inbox = g_strdup_printf("watch/%s", name);
	pipeline->file = g_strdup_printf("pipelines/%s.yaml", name);
	pipeline->hash = g_strdup("9f86d081884c7d65");
	pipeline->enabled = !error;
	pipeline->error = g_strdup(error);
	g_ptr_array_add(snapshot->pipelines, pipeline);
}

/* file: where output 0 of job "j-done" lies, or NULL. */
static inline struct snapshot *fake_snapshot(const char *file)
{
	struct snapshot *snapshot = snapshot_new();

	snapshot->started_us = snapshot->taken_us - 754 * G_USEC_PER_SEC;
	snapshot->queue.oldest_us = snapshot->taken_us - 12 * G_USEC_PER_SEC;
	snapshot->broker.embedded = snapshot->broker.up = snapshot->ready = true;
	snapshot->broker.servers = g_strdup("127.0.0.1:45001");
	snapshot->queue.tiles_queued = 79;
	snapshot->queue.tiles_running = 4;
	snapshot->counters[COUNTER_TILES_DONE] = 48210;
	snapshot->counters[COUNTER_TILES_RETRIED] = 3;
	snapshot->counters[COUNTER_TILES_DUPLICATE] = 1;
	snapshot->counters[COUNTER_REFUSED] = 3;
	snapshot->kept_since = 50;

	struct job_view *running = fake_job(snapshot, "j-running", "orthophotos/north sheet 12.tif", JOB_RUNNING);
	running->tiled = true;
	running->width = 24000;
	running->height = 18000;
	running->counts.total = 120;
	running->counts.done = 37;
	running->counts.running = 4;
	running->times.started_wall_us = QUEUED_WALL_US + 3 * G_USEC_PER_SEC;
	running->now.doing = "workers mill it";
	running->now.waiting_for = g_strdup("cannot make the folder out: No space left on device");
	running->now.retry_us = snapshot->taken_us + 8 * G_USEC_PER_SEC;
	fake_job(snapshot, "j-queued", "Müller & Söhne.png", JOB_QUEUED);
	struct job_view *done = fake_job(snapshot, "j-done", "holiday/beach.jpg", JOB_DONE);
	done->width = 6000;
	done->height = 4000;
	done->counts.total = done->counts.done = 1;
	done->times.started_wall_us = QUEUED_WALL_US + G_USEC_PER_SEC;
	done->times.finished_wall_us = QUEUED_WALL_US + 1500 * 1000 + G_USEC_PER_SEC;
	fake_output(done, file,
		"web/holiday/b\xc3\xa4"
		"ch \"1\".jpg",
		421337);
	fake_output(done, "/nonexistent/thumb.webp", "web/holiday/beach-thumb.webp", 9120);
	struct job_view *failed = fake_job(snapshot, "j-failed", HOSTILE_NAME, JOB_FAILED);
	failed->tiled = true;
	failed->counts.total = 40;
	failed->counts.done = 11;
	failed->attempt = 3;
	failed->error = g_strdup("the file ends early: 3 of 17 strips are missing <script>alert(2)</script>");
	failed->times.started_wall_us = QUEUED_WALL_US + G_USEC_PER_SEC;
	failed->times.finished_wall_us = QUEUED_WALL_US + 9 * G_USEC_PER_SEC;

	fake_worker(snapshot, "w1", WORKER_LIVE, 400 * 1000);
	fake_worker(snapshot, "w2", WORKER_LATE, 4200 * 1000);
	fake_worker(snapshot, "w3", WORKER_GONE, 95 * G_USEC_PER_SEC);
	fake_pipeline(snapshot, "web", NULL);
	struct waiting_view *waiting = g_new0(struct waiting_view, 1);
	waiting->pipeline = g_strdup("mono");
	waiting->path = g_strdup("/srv/watch/mono/<b>half.jpg");
	waiting->why = g_strdup("permission denied");
	waiting->since_wall_us = G_USEC_PER_SEC;
	waiting->files = 1;
	g_ptr_array_add(snapshot->waiting, waiting);
	snapshot->waiting_total = 7;
	fake_pipeline(snapshot, "broken", "pipelines/broken.yaml:7:5: unknown operation 'blurr'; did you mean 'blur'?");
	return snapshot;
}
