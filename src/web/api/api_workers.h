/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   workers, and the tasks that they ended, as JSON.
 * Thread:    any. Ownership: as in api.h: snapshots are borrowed, what is returned is owned.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "status/snapshot.h"
#include "web/http/fields.h"

char *api_workers(const struct snapshot *snapshot);
/* Tasks that ended in snapshots above `above` up to `to`: of this worker, or of all (NULL), each then with its worker. */
JsonArray *api_tasks_array(const char *worker, guint64 above, guint64 to);
JsonObject *api_worker_object(const struct snapshot *snapshot, const struct worker_view *view);

extern const struct table api_task_table, api_worker_table, api_workers_table;
