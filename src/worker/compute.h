/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one task: its assets are kept, its pixels or files are computed, and what libraries said meanwhile is logged when it went well.
 * Thread:    the compute thread. Ownership: see compute_task().
 */
#pragma once

#include <json-glib/json-glib.h>

#include "bus/protocol/wire.h"
#include "worker/tile.h"

/* index: of this worker in its process group, from 0; tests give orders by it. report (of a whole task) and payload (what goes over the bus) are owned
 * by the caller, or stay NULL. The status tells whose fault the error is. */
enum result_status compute_task(struct tiles *tiles, int index, const struct task *task, JsonObject **report,
	struct body **payload, GError **error);
