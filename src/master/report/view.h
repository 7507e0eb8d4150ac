/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the mill at one moment, as a snapshot.
 * Thread:    the master's loop. Ownership: the report owns the last one.
 */
#pragma once

#include "master/report/report.h"

/* Something changed: a snapshot follows soon (at most four a second). Without a page nothing happens. */
void view_changed(struct report *report);
void view_publish(struct report *report);
/* The clock: without changes, too, a snapshot is made every two seconds. */
void view_tick(struct report *report);
