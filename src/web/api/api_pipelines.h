/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   definitions, and what a chain does, as JSON.
 * Thread:    any. Ownership: as in api.h: snapshots are borrowed, what is returned is owned.
 */
#pragma once

#include "status/snapshot.h"
#include "web/http/fields.h"

char *api_pipelines(const struct snapshot *snapshot);

extern const struct table api_step_table, api_chain_output_table, api_pipelines_table;
