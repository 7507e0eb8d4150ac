/* SPDX-License-Identifier: GPL-2.0-or-later
 * The mill at one moment, for the page: see state.h and snapshot.h. */
#include <gio/gio.h>
#include <string.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "master/state.h"

/* At most four snapshots a second. */
#define PERIOD_MS 250
/* Finished jobs that the page shows. */
#define REMEMBERED 1000

static const char *type_of(const char *path)
{
	static const struct {
		const char *ending, *type;
	} types[] = {{"jpg", "image/jpeg"}, {"jpeg", "image/jpeg"}, {"png", "image/png"}, {"webp", "image/webp"},
		{"tif", "image/tiff"}, {"tiff", "image/tiff"}, {"gif", "image/gif"}, {"avif", "image/avif"},
		{"heic", "image/heic"}, {"jxl", "image/jxl"}, {"jp2", "image/jp2"}};
	const char *dot = strrchr(path, '.');

	for (gsize i = 0; dot && i < G_N_ELEMENTS(types); i++)
		if (g_ascii_strcasecmp(dot + 1, types[i].ending) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static struct output_view *view_output(const struct master *master, const char *path, const char *note, bool skipped,
	gint64 bytes, int width, int height)
{
	struct output_view *view = g_new0(struct output_view, 1);
	const char *out = master->options->out;
	bool below = g_str_has_prefix(path, out) && path[strlen(out)] == '/';

	view->path = g_strdup(path);
	view->name = files_display(below ? path + strlen(out) + 1 : path);
	view->bytes = bytes;
	view->width = width;
	view->height = height;
	view->type = g_strdup(type_of(path));
	view->note = g_strdup(note);
	view->skipped = skipped;
	return view;
}

static struct job_view *view_job(const struct master *master, const struct job *job)
{
	struct job_view *view = g_new0(struct job_view, 1);

	view->id = g_strdup(job->id);
	view->pipeline = g_strdup(job->pipeline->name);
	view->source = g_strdup(job->source);
	view->state = job->state;
	view->tiled = job->lane == LANE_TILED;
	view->width = job->width;
	view->height = job->height;
	view->tiles_total = (int)job->tile_count;
	view->tiles_done = (int)job->done;
	view->tiles_running = (int)job->leased;
	view->attempt = (int)job->runs;
	view->outputs = g_ptr_array_new_with_free_func((GDestroyNotify)output_view_free);
	for (guint i = 0; job->state == JOB_DONE && i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		g_ptr_array_add(view->outputs, view_output(master, output->final, output->note, output->skipped,
						       output->bytes, output->width, output->height));
	}
	view->error = g_strdup(job->error);
	view->queued_wall_us = job->queued_wall_us;
	view->started_wall_us = job->started_wall_us;
	view->finished_wall_us = job->finished_wall_us;
	return view;
}

static struct worker_view *view_worker(const struct master *master, const struct worker *worker)
{
	bool shares = worker->here && worker->beat->planes[PLANE_SHM] && !worker->no_shm &&
		      strcmp(master->options->payload, "inline") != 0;
	struct worker_view *view = g_new0(struct worker_view, 1);
	const struct heartbeat *beat = worker->beat;
	GString *partitions = g_string_new(NULL);

	for (guint i = 0; i < beat->partitions->len; i++)
		g_string_append_printf(partitions, "%s%d", i ? "," : "", g_array_index(beat->partitions, gint32, i));
	view->id = g_strdup(worker->id);
	view->host = g_strdup(beat->host);
	view->pid = beat->pid;
	view->state = worker->state;
	view->heartbeat_us = worker->beat_us;
	view->plane = g_strdup(shares ? "shm" : "inline");
	view->partitions = g_string_free(partitions, FALSE);
	view->lag = beat->lag;
	view->tiles_done = worker->tiles_done;
	view->failed = beat->failed;
	view->tiles_per_s = worker->state == WORKER_LIVE ? worker->tiles_per_s : 0;
	view->current = worker->state == WORKER_GONE || !beat->job[0]
				? g_strdup("")
				: g_strdup_printf("%s tile %d", beat->job, beat->tile);
	view->vips = g_strdup(beat->vips);
	view->rss_bytes = beat->rss_bytes;
	return view;
}

static struct pipeline_view *view_pipeline(const struct master *master, const struct definition *definition)
{
	struct pipeline_view *view = g_new0(struct pipeline_view, 1);
	const struct pipeline *pipeline = definition->pipeline;

	view->name = g_strdup(definition->name);
	view->description = g_strdup(pipeline ? pipeline->description : "");
	view->inbox = pipeline ? g_canonicalize_filename(pipeline->inbox, master->options->watch) : g_strdup("");
	view->file = g_strdup(definition->file);
	view->hash = g_strdup(pipeline ? pipeline->hash : "");
	view->error = definition->errors[0] ? g_strdup(definition->errors) : NULL;
	view->enabled = pipeline != NULL;
	return view;
}

static struct job_view *copy_view(const struct job_view *from)
{
	struct job_view *view = g_new0(struct job_view, 1);

	*view = *from;
	view->id = g_strdup(from->id);
	view->pipeline = g_strdup(from->pipeline);
	view->source = g_strdup(from->source);
	view->error = g_strdup(from->error);
	view->outputs = g_ptr_array_ref(from->outputs);
	return view;
}

static void count_tiles(const struct master *master, struct snapshot *snapshot)
{
	for (guint i = 0; i < master->running->len; i++) {
		const struct job *job = g_ptr_array_index(master->running, i);
		snapshot->tiles_running += job->leased;
		snapshot->tiles_queued += job->tile_count - job->done - job->leased;
	}
	snapshot->tiles_done = master->tiles_done;
	snapshot->tiles_retried = master->tiles_retried;
	snapshot->tiles_duplicate = master->tiles_duplicate;
	snapshot->records_refused = (guint)g_atomic_int_get(&master->records_refused);
}

void view_publish(struct master *master)
{
	struct snapshot *snapshot = snapshot_new();

	snapshot->sequence = ++master->sequence;
	snapshot->taken_us = clock_now_us();
	snapshot->started_us = master->started_us;
	snapshot->embedded = master->embedded != NULL;
	snapshot->broker_up = master->broker_up;
	snapshot->ready = master->ready;
	g_free(snapshot->brokers);
	snapshot->brokers = g_strdup(master->bus ? bus_options(master->bus)->brokers : "");
	g_free(snapshot->broker_note);
	snapshot->broker_note = g_strdup(master->broker_note ? master->broker_note : "");
	memcpy(snapshot->jobs_by_state, master->counts, sizeof master->counts);
	count_tiles(master, snapshot);
	const struct job *oldest = NULL;
	for (GList *link = master->queue.head; link; link = link->next) {
		const struct job *job = link->data;
		if (!oldest || job->queued_us < oldest->queued_us)
			oldest = job;
	}
	snapshot->oldest_queued_us = oldest ? oldest->queued_us : 0;
	for (guint i = 0; i < master->running->len; i++)
		g_ptr_array_add(snapshot->jobs, view_job(master, g_ptr_array_index(master->running, i)));
	guint shown = 0;
	for (GList *link = master->queue.head; link && shown++ < REMEMBERED; link = link->next)
		g_ptr_array_add(snapshot->jobs, view_job(master, link->data));
	for (guint i = master->finished->len; i-- > 0;)
		g_ptr_array_add(snapshot->jobs, copy_view(g_ptr_array_index(master->finished, i)));
	GPtrArray *workers = workers_all(master->workers);
	for (guint i = 0; i < workers->len; i++) {
		const struct worker *worker = g_ptr_array_index(workers, i);
		g_ptr_array_add(snapshot->workers, view_worker(master, worker));
		snapshot->workers_by_state[worker->state]++;
	}
	for (guint i = 0; master->definitions && i < master->definitions->len; i++)
		g_ptr_array_add(snapshot->pipelines, view_pipeline(master, g_ptr_array_index(master->definitions, i)));
	waiting_view(master->waiting, snapshot);
	snapshot->overflows = master->intake ? intake_overflows(master->intake) : 0;
	snapshot_publish(snapshot);
	master->published_us = snapshot->taken_us;
	master->dirty = false;
}

static gboolean publish_later(gpointer data)
{
	struct master *master = data;

	master->publish_timer = 0;
	view_publish(master);
	return G_SOURCE_REMOVE;
}

void view_changed(struct master *master)
{
	master->dirty = true;
	if (master->once || master->publish_timer || !master->web)
		return;
	gint64 since_ms = (clock_now_us() - master->published_us) / 1000;
	master->publish_timer = g_timeout_add((guint)CLAMP(PERIOD_MS - since_ms, 0, PERIOD_MS), publish_later, master);
}

static void remember(struct master *master, struct job_view *view)
{
	g_ptr_array_add(master->finished, view);
	if (master->finished->len > REMEMBERED)
		g_ptr_array_remove_index(master->finished, 0);
}

void view_remember(struct master *master, struct job *job)
{
	remember(master, view_job(master, job));
}

void view_forget(struct master *master, const char *id)
{
	for (guint i = master->finished->len; i-- > 0;) {
		const struct job_view *view = g_ptr_array_index(master->finished, i);
		if (strcmp(view->id, id) != 0)
			continue;
		master->counts[view->state]--;
		g_ptr_array_remove_index(master->finished, i);
		return;
	}
}

static enum job_state state_of(const char *name)
{
	return strcmp(name, job_state_name(JOB_DONE)) == 0 ? JOB_DONE : JOB_FAILED;
}

static void remember_record(const struct history_job *record, void *user)
{
	struct master *master = user;
	struct job_view *view = g_new0(struct job_view, 1);
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
	view->tiles_total = record->tiles;
	view->tiles_done = view->state == JOB_DONE ? record->tiles : 0;
	view->attempt = record->attempts;
	view->error = g_strdup(record->error);
	view->queued_wall_us = record->queued_wall_us;
	view->started_wall_us = record->started_wall_us;
	view->finished_wall_us = record->finished_wall_us;
	view->outputs = g_ptr_array_new_with_free_func((GDestroyNotify)output_view_free);
	for (guint i = 0; outputs && i < json_array_get_length(outputs); i++) {
		JsonObject *entry = json_object_at(outputs, i);
		g_autofree char *path = json_path(entry, "path");
		if (path)
			g_ptr_array_add(view->outputs,
				view_output(master, path, json_string(entry, "note", NULL),
					json_bool(entry, "skipped", false), json_int(entry, "bytes", 0),
					(int)json_int(entry, "width", 0), (int)json_int(entry, "height", 0)));
	}
	g_ptr_array_insert(master->finished, 0, view);
}

void view_load_history(struct master *master)
{
	history_recent(master->history, REMEMBERED, remember_record, master);
	master->counts[JOB_DONE] = (guint64)history_count(master->history, "done");
	master->counts[JOB_FAILED] = (guint64)history_count(master->history, "failed");
}
