/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a line of the history as the page shows it.
 * Thread:    any. Ownership: returns owned.
 */
#pragma once

#include "ledger/history.h"
#include "status/job_view.h"

/* out: the out folder, below which outputs are named. */
struct job_view *record_view(const struct history_job *record, const char *out);
struct output_view *output_view_new(
	const char *out, const char *path, const char *note, bool skipped, gint64 bytes, int width, int height);
