/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a job as JSON, in a list and in full.
 * Thread:    any. Ownership: as in api.h: snapshots are borrowed, what is returned is owned.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "status/snapshot.h"
#include "web/http/fields.h"

char *api_job(const struct snapshot *snapshot, const struct job_view *job);              /* in full, with its tiles */
JsonObject *api_job_object(const struct snapshot *snapshot, const struct job_view *job); /* as in a list */
JsonObject *api_job_details(
	const struct snapshot *snapshot, const struct job_view *job); /* in full, without its tiles */
JsonArray *api_tiles_array(const struct job_view *job, guint64 above /* only those that changed in later snapshots */);
/* Borrowed from the snapshot; NULL when there is none. */
const struct job_view *api_find_job(const struct snapshot *snapshot, const char *id);

extern const struct table api_job_table, api_job_story_table, api_job_detail_table, api_tile_table;
