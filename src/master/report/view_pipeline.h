/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   pipelines as views, with what their jobs came to.
 * Thread:    the master's loop. Ownership: none.
 */
#ifndef DROPMILL_MASTER_REPORT_VIEW_PIPELINE_H
#define DROPMILL_MASTER_REPORT_VIEW_PIPELINE_H

#include "ledger/history.h"
#include "master/report/report.h"

void view_pipelines(struct report *report, struct snapshot *snapshot);
/* A job of this pipeline is over. */
void view_tally(struct report *report, const struct job *job);
/* At the start: what the history counts, and then the times of those that were loaded of it (over), newest first; one that is not over after all
 * is taken back (over false). */
void view_tally_history(struct report *report, struct history *history);
void view_tally_view(struct report *report, const struct job_view *view, bool over);

#endif
