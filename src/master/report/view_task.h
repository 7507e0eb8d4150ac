/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   tasks that were answered, for the log of tasks and the counters.
 * Thread:    the master's loop. Ownership: none.
 */
#pragma once

#include "bus/protocol/wire.h"
#include "master/fleet/workers.h"
#include "master/report/report.h"

/* The lease as it was: its job, its tile, its worker. */
void view_task(const struct report *report, const struct lease *lease, const struct result *result);
