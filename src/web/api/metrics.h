/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   /metrics: a snapshot in Prometheus' text format. Base units, counters end in _total, no label without a bound.
 * Thread:    any. Ownership: returns owned.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "status/snapshot.h"

/* Name, type and help of each family. */
JsonArray *metrics_list(void);
char *metrics_text(const struct snapshot *snapshot);
