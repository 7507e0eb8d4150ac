/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   lists of jobs, page by page: those in work from the snapshot, those that are over from the history.
 * Thread:    any. Ownership: as in api.h: snapshots are borrowed, what is returned is owned.
 */
#pragma once

#include <glib.h>
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

struct archive;
/* archive NULL: only what the snapshot knows. */
char *api_jobs(const struct snapshot *snapshot, const struct jobs_query *query, struct archive *archive);
/* In work or over, now or long ago. Returns a reference; NULL: there is none. archive: NULL is fine. */
struct job_view *api_any_job(const struct snapshot *snapshot, struct archive *archive, const char *id);

extern const struct table api_jobs_table;
