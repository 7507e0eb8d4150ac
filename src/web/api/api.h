/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the numbers of a snapshot, and what waits, as JSON. In all that /api/... answers times are ISO 8601 in UTC or null, and paths
 *            are as people see them, never where files lie on disk.
 * Thread:    any.
 * Ownership: borrows the snapshot; strings returned are owned.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "status/snapshot.h"
#include "web/http/fields.h"

char *api_status(const struct snapshot *snapshot);
/* What its text depends on: equal keys, equal texts. No padding, so that memcmp() compares. */
struct status_key {
	guint64 sequence;
	gint64 taken_us, age_s;
	guint32 boot;
	gint32 streams;
};
struct status_key api_status_key(const struct snapshot *snapshot);
char *api_waiting(const struct snapshot *snapshot);

/* What these answer. */
extern const struct table api_status_table, api_waiting_table;

/* For events. Returned owned. */
JsonObject *api_status_object(const struct snapshot *snapshot);
/* Tasks that live workers have not read; -1: none of them says so. */
gint64 api_total_lag(const struct snapshot *snapshot);
