/* SPDX-License-Identifier: GPL-2.0-or-later
 * Prometheus metrics: see metrics.h. */
#include "web/api/metrics.h"

#include <string.h>

#include "base/version.h"
#include "web/api/api.h"
#include "web/api/streams.h"

struct family {
	const char *name, *type, *help;
	void (*add)(GString *text, const struct family *family,
		const struct snapshot *snapshot); /* NULL: the number there */
	struct field number;
};

static void add_number(GString *text, const char *name, guint64 value)
{
	g_string_append_printf(text, "dropmill_%s %" G_GUINT64_FORMAT "\n", name, value);
}

static void add_decimal(GString *text, const char *name, double value)
{
	char buffer[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append_printf(text, "dropmill_%s %s\n", name, g_ascii_formatd(buffer, sizeof buffer, "%.15g", value));
}

static void add_labelled(GString *text, const char *name, const char *label, const char *value, guint64 number)
{
	g_string_append_printf(text, "dropmill_%s{%s=\"%s\"} %" G_GUINT64_FORMAT "\n", name, label, value, number);
}

/* A label's value: backslash, quote and line feed have to be escaped. */
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

static void add_jobs_total(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	for (guint i = 0; i < snapshot->pipelines->len; i++) {
		const struct pipeline_view *pipeline = g_ptr_array_index(snapshot->pipelines, i);
		g_autofree char *name = escaped(pipeline->name);
		for (int state = JOB_DONE; state <= JOB_FAILED; state++)
			g_string_append_printf(text,
				"dropmill_%s{pipeline=\"%s\",result=\"%s\"} %" G_GUINT64_FORMAT "\n", family->name,
				name, job_state_name((enum job_state)state), pipeline->jobs[state]);
	}
}

static void add_kept(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	for (guint i = 0; i < snapshot->pipelines->len; i++) {
		const struct pipeline_view *pipeline = g_ptr_array_index(snapshot->pipelines, i);
		g_autofree char *name = escaped(pipeline->name);
		add_labelled(text, family->name, "pipeline", name, pipeline->kept);
	}
}

static void add_jobs(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		add_labelled(text, family->name, "state", job_state_names[i], snapshot->jobs_by_state[i]);
}

static void add_errors(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	for (int i = 0; i < ERROR_KINDS_SHOWN; i++)
		add_labelled(text, family->name, "kind", error_shown_names[i], snapshot->errors[i]);
}

static void add_tiles_total(GString *text, const struct family *family, const struct snapshot *snapshot)
{
#define X(id, result, about) add_labelled(text, family->name, "result", result, snapshot->counters[id]);
	TILE_COUNTERS(X)
#undef X
}

static void add_tiles(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	add_labelled(text, family->name, "state", "queued", snapshot->queue.tiles_queued);
	add_labelled(text, family->name, "state", "running", snapshot->queue.tiles_running);
}

static void add_tile_seconds(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	char buffer[G_ASCII_DTOSTR_BUF_SIZE];
	guint64 below = 0;

	(void)family;
	for (int i = 0; i < TASK_BOUNDS; i++) {
		below += snapshot->tasks.buckets[i];
		add_labelled(text, "tile_seconds_bucket", "le",
			g_ascii_formatd(buffer, sizeof buffer, "%.15g", task_bounds_s[i]), below);
	}
	below += snapshot->tasks.buckets[TASK_BOUNDS];
	add_labelled(text, "tile_seconds_bucket", "le", "+Inf", below);
	add_decimal(text, "tile_seconds_sum", (double)snapshot->tasks.sum_us / G_USEC_PER_SEC);
	add_number(text, "tile_seconds_count", below);
}

static void add_oldest(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	gint64 oldest_us = snapshot->queue.oldest_us ? snapshot->taken_us - snapshot->queue.oldest_us : 0;

	add_decimal(text, family->name, (double)oldest_us / G_USEC_PER_SEC);
}

static void add_workers(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	for (int i = 0; i < WORKER_STATE_COUNT; i++)
		add_labelled(text, family->name, "state", worker_state_names[i], snapshot->workers_by_state[i]);
}

static void add_groups(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	for (guint i = 0; i < snapshot->groups->len; i++) {
		const struct group_view *group = g_ptr_array_index(snapshot->groups, i);
		g_autofree char *vips = escaped(group->vips), *version = escaped(group->version);
		g_string_append_printf(text, "dropmill_%s{vips=\"%s\",version=\"%s\",pixels=\"%.8s\",used=\"%s\"} %u\n",
			family->name, vips, version, group->pixels, group->used ? "yes" : "no", group->workers);
	}
}

/* Workers that fail what others manage, with what they said; none is the usual answer. */
static void add_taken_out(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	for (guint i = 0; i < snapshot->workers->len; i++) {
		const struct worker_view *worker = g_ptr_array_index(snapshot->workers, i);
		if (!worker->breaker.state || strcmp(worker->breaker.state, "closed") == 0 ||
			worker->state == WORKER_GONE)
			continue;
		g_autofree char *id = escaped(worker->id);
		g_autofree char *reason = escaped(worker->breaker.reason ? worker->breaker.reason : "");
		g_string_append_printf(text, "dropmill_%s{worker=\"%s\",state=\"%s\",reason=\"%s\"} 1\n", family->name,
			id, worker->breaker.state, reason);
	}
}

static void add_lag(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	add_number(text, family->name, (guint64)MAX(api_total_lag(snapshot), 0));
}

static void add_streams(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	(void)snapshot;
	add_number(text, family->name, (guint64)streams_open());
}

static void add_uptime(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	add_number(text, family->name, (guint64)((snapshot->taken_us - snapshot->started_us) / G_USEC_PER_SEC));
}

static void add_build(GString *text, const struct family *family, const struct snapshot *snapshot)
{
	(void)snapshot;
	add_labelled(text, family->name, "version", DROPMILL_VERSION, 1);
}

#define NUMBER(member) .number = {MEMBER(struct snapshot, member)}
static const struct family families[] = {
	{"jobs_total", "counter", "Jobs that ended, including those of earlier runs of the master in the history.",
		.add = add_jobs_total},
	{"kept_originals", "gauge", "Originals that stay in their inbox, already processed.", .add = add_kept},
	{"jobs", "gauge", "Jobs now; done and failed since the history began.", .add = add_jobs},
	{"errors_total", "counter", "Jobs that failed since the master started, by kind of error.", .add = add_errors},
	{"tiles_total", "counter", "Tiles that came back since the master started.", .add = add_tiles_total},
	{"tiles", "gauge", "Tiles of running jobs.", .add = add_tiles},
	{"tile_seconds", "histogram", "Time that workers took for a tile, or for a whole picture.",
		.add = add_tile_seconds},
	{"queue_oldest_seconds", "gauge", "How long the oldest queued job has waited; 0 when none does.",
		.add = add_oldest},
	{"waiting_files", "gauge", "Files and inboxes that were seen and cannot be taken.", NUMBER(waiting_total)},
	{"workers", "gauge", "Workers, by the state of their heartbeats.", .add = add_workers},
	{"worker_versions", "gauge",
		"Workers that are there, by what they compute with; more than one: they are mixed.", .add = add_groups},
	{"worker_taken_out", "gauge",
		"1: the worker fails tasks that others can do, and is taken out or on trial. With the reason.",
		.add = add_taken_out},
	{"broker_up", "gauge", "Whether the broker answers.", NUMBER(broker.up)},
	{"broker_lag_records", "gauge", "Unread tasks in the partitions of live workers.", .add = add_lag},
	{"page_streams", "gauge", "Open streams of events.", .add = add_streams},
	{"uptime_seconds", "gauge", "Seconds since the master started.", .add = add_uptime},
#define X(id, name, about) {name "_total", "counter", about, NUMBER(counters[id])},
	COUNTERS(X)
#undef X
		{"build_info", "gauge", "1, with the version as a label.", .add = add_build},
};

char *metrics_text(const struct snapshot *snapshot)
{
	GString *text = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(families); i++) {
		const struct family *family = &families[i];
		g_string_append_printf(text, "# HELP dropmill_%s %s\n# TYPE dropmill_%s %s\n", family->name,
			family->help, family->name, family->type);
		if (family->add)
			family->add(text, family, snapshot);
		else
			add_number(text, family->name, (guint64)field_number(&family->number, snapshot));
	}
	return g_string_free(text, FALSE);
}

static const struct field family_fields[] = {
	{"name", MEMBER(struct family, name)},
	{"type", MEMBER(struct family, type)},
	{"help", MEMBER(struct family, help)},
	{0},
};
static const struct table family_table = {.fields = family_fields};

JsonArray *metrics_list(void)
{
	JsonArray *list = json_array_new();

	for (gsize i = 0; i < G_N_ELEMENTS(families); i++)
		json_array_add_object_element(list, fields_object(&family_table, &families[i]));
	return list;
}
