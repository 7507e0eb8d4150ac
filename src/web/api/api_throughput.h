/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   throughput and latency of the last hour or day, out of the history.
 * Thread:    any. Ownership: as in api.h: snapshots are borrowed, what is returned is owned.
 */
#pragma once

#include <stdbool.h>

#include "web/http/fields.h"

struct archive;
/* hour or day. NULL: the history cannot be read now. */
char *api_throughput(struct archive *archive, bool day);

extern const struct table api_throughput_table;
