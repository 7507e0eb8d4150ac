/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a snapshot as JSON: what /api/... answers. Times are ISO 8601 in UTC or null; paths are as people see them,
 *            never where files lie on disk.
 * Thread:    any.
 * Ownership: borrows the snapshot; strings returned are owned.
 */
#ifndef DROPMILL_WEB_API_API_H
#define DROPMILL_WEB_API_API_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "status/snapshot.h"
#include "web/http/fields.h"

#define API_PAGE_SIZE 50

/* ?state=&pipeline=&q=&page=; what is empty or missing does not filter. */
struct jobs_query {
	int state; /* enum job_state, or -1 */
	char *pipeline;
	char *text; /* part of the source's name or the id, case folded; NULL: any */
	guint page; /* from 1 */
};
/* query: as sent, or NULL. The error says which parameter is wrong. */
bool jobs_query_parse(const char *query, struct jobs_query *parsed, GError **error);
void jobs_query_clear(struct jobs_query *query);

char *api_status(const struct snapshot *snapshot);
/* What its text depends on: equal keys, equal texts. No padding, so that memcmp() compares. */
struct status_key {
	guint64 sequence;
	gint64 taken_us, age_s;
	guint32 boot;
	gint32 streams;
};
struct status_key api_status_key(const struct snapshot *snapshot);
/* archive NULL: only what the snapshot knows. */
struct archive;
char *api_jobs(const struct snapshot *snapshot, const struct jobs_query *query, struct archive *archive);
/* hour or day. NULL: the history cannot be read now. */
char *api_throughput(struct archive *archive, bool day);
char *api_job(const struct snapshot *snapshot, const struct job_view *job); /* in full, with its tiles */
char *api_workers(const struct snapshot *snapshot);
char *api_waiting(const struct snapshot *snapshot);
char *api_pipelines(const struct snapshot *snapshot);

/* What these answer. */
extern const struct table api_status_table, api_waiting_table, api_step_table, api_chain_output_table,
	api_pipelines_table, api_job_table, api_job_story_table, api_job_detail_table, api_jobs_table, api_tile_table,
	api_throughput_table, api_task_table, api_worker_table, api_workers_table;

/* Parts of these, for events. Returned owned. */
JsonObject *api_status_object(const struct snapshot *snapshot);
JsonObject *api_job_object(const struct snapshot *snapshot, const struct job_view *job); /* as in a list */
JsonObject *api_job_details(
	const struct snapshot *snapshot, const struct job_view *job); /* in full, without its tiles */
JsonArray *api_tiles_array(const struct job_view *job, guint64 above /* only those that changed in later snapshots */);
/* Tasks that ended in snapshots above `above` up to `to`: of this worker, or of all (NULL), each then with its worker. */
JsonArray *api_tasks_array(const char *worker, guint64 above, guint64 to);
JsonObject *api_worker_object(const struct snapshot *snapshot, const struct worker_view *view);

/* Tasks that live workers have not read; -1: none of them says so. */
gint64 api_total_lag(const struct snapshot *snapshot);
/* Borrowed from the snapshot; NULL when there is none. */
const struct job_view *api_find_job(const struct snapshot *snapshot, const char *id);
/* In work or over, now or long ago. Returns a reference; NULL: there is none. archive: NULL is fine. */
struct job_view *api_any_job(const struct snapshot *snapshot, struct archive *archive, const char *id);

#endif
