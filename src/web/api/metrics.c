/* SPDX-License-Identifier: GPL-2.0-or-later
 * Prometheus metrics: see metrics.h. */
#include "web/api/metrics.h"

#include <string.h>

#include "base/version.h"
#include "web/api/events.h"

#define FAMILY(name, type, help) "# HELP dropmill_" name " " help "\n# TYPE dropmill_" name " " type "\n"

static char *decimal(double value, char buffer[G_ASCII_DTOSTR_BUF_SIZE])
{
	return g_ascii_formatd(buffer, G_ASCII_DTOSTR_BUF_SIZE, "%.15g", value);
}

/* A label's value: backslash, quote and line feed are escaped. */
static char *escaped(const char *text)
{
	GString *safe = g_string_new(NULL);
	g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);

	for (const char *c = valid; *c; c++) {
		if (*c == '\n')
			g_string_append(safe, "\\n");
		else if (*c == '\\' || *c == '"')
			g_string_append_printf(safe, "\\%c", *c);
		else
			g_string_append_c(safe, *c);
	}
	return g_string_free(safe, FALSE);
}

static void add_number(GString *text, const char *name, guint64 value)
{
	g_string_append_printf(text, "dropmill_%s %" G_GUINT64_FORMAT "\n", name, value);
}

static void add_labelled(GString *text, const char *name, const char *label, const char *value, guint64 number)
{
	g_string_append_printf(text, "dropmill_%s{%s=\"%s\"} %" G_GUINT64_FORMAT "\n", name, label, value, number);
}

static void add_jobs(GString *text, const struct snapshot *snapshot)
{
	g_string_append(
		text, FAMILY("jobs_total", "counter",
			      "Jobs that ended, including those of earlier runs of the master in the history."));
	for (guint i = 0; i < snapshot->pipelines->len; i++) {
		const struct pipeline_view *pipeline = g_ptr_array_index(snapshot->pipelines, i);
		g_autofree char *name = escaped(pipeline->name);
		for (int state = JOB_DONE; state <= JOB_FAILED; state++)
			g_string_append_printf(text,
				"dropmill_jobs_total{pipeline=\"%s\",result=\"%s\"} %" G_GUINT64_FORMAT "\n", name,
				job_state_name((enum job_state)state), pipeline->jobs[state]);
	}
	g_string_append(
		text, FAMILY("kept_originals", "gauge", "Originals that stay in their inbox, already processed."));
	for (guint i = 0; i < snapshot->pipelines->len; i++) {
		const struct pipeline_view *pipeline = g_ptr_array_index(snapshot->pipelines, i);
		g_autofree char *name = escaped(pipeline->name);
		add_labelled(text, "kept_originals", "pipeline", name, pipeline->kept);
	}
	g_string_append(text, FAMILY("jobs", "gauge", "Jobs now; done and failed since the history began."));
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		add_labelled(text, "jobs", "state", job_state_name((enum job_state)i), snapshot->jobs_by_state[i]);
	g_string_append(text,
		FAMILY("errors_total", "counter", "Jobs that failed since the master started, by kind of error."));
	for (int i = 0; i < ERROR_KINDS_SHOWN; i++)
		add_labelled(text, "errors_total", "kind", error_shown_name((enum error_shown)i), snapshot->errors[i]);
}

static void add_tiles(GString *text, const struct snapshot *snapshot)
{
	char buffer[G_ASCII_DTOSTR_BUF_SIZE];
	guint64 below = 0;

	g_string_append(text, FAMILY("tiles_total", "counter", "Tiles that came back since the master started."));
	add_labelled(text, "tiles_total", "result", "done", snapshot->tiles_done);
	add_labelled(text, "tiles_total", "result", "failed", snapshot->tasks_failed);
	add_labelled(text, "tiles_total", "result", "retried", snapshot->tiles_retried);
	add_labelled(text, "tiles_total", "result", "reissued", snapshot->tiles_reissued);
	add_labelled(text, "tiles_total", "result", "duplicate", snapshot->tiles_duplicate);
	g_string_append(text, FAMILY("tiles", "gauge", "Tiles of running jobs."));
	add_labelled(text, "tiles", "state", "queued", snapshot->tiles_queued);
	add_labelled(text, "tiles", "state", "running", snapshot->tiles_running);
	g_string_append(text,
		FAMILY("tile_seconds", "histogram", "Time that workers took for a tile, or for a whole picture."));
	for (int i = 0; i < TASK_BOUNDS; i++) {
		below += snapshot->task_buckets[i];
		add_labelled(text, "tile_seconds_bucket", "le", decimal(task_bounds_s[i], buffer), below);
	}
	below += snapshot->task_buckets[TASK_BOUNDS];
	add_labelled(text, "tile_seconds_bucket", "le", "+Inf", below);
	g_string_append_printf(text, "dropmill_tile_seconds_sum %s\n",
		decimal((double)snapshot->task_sum_us / G_USEC_PER_SEC, buffer));
	add_number(text, "tile_seconds_count", below);
}

/* Workers that fail what others manage, with what they said; none is the usual answer. */
static void add_taken_out(GString *text, const struct snapshot *snapshot)
{
	g_string_append(text,
		FAMILY("worker_taken_out", "gauge",
			"1: the worker fails tasks that others can do, and is taken out or on trial. With the reason."));
	for (guint i = 0; i < snapshot->workers->len; i++) {
		const struct worker_view *worker = g_ptr_array_index(snapshot->workers, i);
		if (!worker->breaker || strcmp(worker->breaker, "closed") == 0 || worker->state == WORKER_GONE)
			continue;
		g_autofree char *id = escaped(worker->id);
		g_autofree char *reason = escaped(worker->breaker_reason ? worker->breaker_reason : "");
		g_string_append_printf(text, "dropmill_worker_taken_out{worker=\"%s\",state=\"%s\",reason=\"%s\"} 1\n",
			id, worker->breaker, reason);
	}
}

static void add_mill(GString *text, const struct snapshot *snapshot)
{
	char buffer[G_ASCII_DTOSTR_BUF_SIZE];
	double oldest = snapshot->oldest_queued_us ? (double)(snapshot->taken_us - snapshot->oldest_queued_us) : 0;
	guint64 lag = 0;

	for (guint i = 0; i < snapshot->workers->len; i++) {
		const struct worker_view *worker = g_ptr_array_index(snapshot->workers, i);
		lag += worker->state == WORKER_LIVE && worker->lag > 0 ? (guint64)worker->lag : 0;
	}
	g_string_append(text, FAMILY("queue_oldest_seconds", "gauge",
				      "How long the oldest queued job has waited; 0 when none does."));
	g_string_append_printf(text, "dropmill_queue_oldest_seconds %s\n", decimal(oldest / G_USEC_PER_SEC, buffer));
	g_string_append(
		text, FAMILY("waiting_files", "gauge", "Files and inboxes that were seen and cannot be taken."));
	add_number(text, "waiting_files", snapshot->waiting_total);
	g_string_append(text, FAMILY("workers", "gauge", "Workers, by the state of their heartbeats."));
	for (int i = 0; i < WORKER_STATE_COUNT; i++)
		add_labelled(text, "workers", "state", worker_state_name((enum worker_state)i),
			snapshot->workers_by_state[i]);
	add_taken_out(text, snapshot);
	g_string_append(text, FAMILY("broker_up", "gauge", "Whether the broker answers."));
	add_number(text, "broker_up", snapshot->broker_up);
	g_string_append(text, FAMILY("broker_lag_records", "gauge", "Unread tasks in the partitions of live workers."));
	add_number(text, "broker_lag_records", lag);
	g_string_append(text, FAMILY("records_refused_total", "counter", "Records from Kafka that were malformed."));
	add_number(text, "records_refused_total", snapshot->records_refused);
	g_string_append(text,
		FAMILY("inotify_overflows_total", "counter", "How often the kernel's queue of events overflowed."));
	add_number(text, "inotify_overflows_total", snapshot->overflows);
	g_string_append(text, FAMILY("page_streams", "gauge", "Open streams of events."));
	add_number(text, "page_streams", (guint64)events_open());
	g_string_append(text, FAMILY("uptime_seconds", "gauge", "Seconds since the master started."));
	g_string_append_printf(text, "dropmill_uptime_seconds %s\n",
		decimal((double)((snapshot->taken_us - snapshot->started_us) / G_USEC_PER_SEC), buffer));
	g_string_append(text, FAMILY("build_info", "gauge", "1, with the version as a label."));
	g_string_append(text, "dropmill_build_info{version=\"" DROPMILL_VERSION "\"} 1\n");
}

char *metrics_text(const struct snapshot *snapshot)
{
	GString *text = g_string_new(NULL);

	add_jobs(text, snapshot);
	add_tiles(text, snapshot);
	add_mill(text, snapshot);
	return g_string_free(text, FALSE);
}
