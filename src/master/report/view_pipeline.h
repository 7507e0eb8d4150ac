/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   pipelines as views, with what their jobs came to.
 * Thread:    the master's loop. Ownership: none.
 */
#pragma once

#include "ledger/history.h"
#include "master/report/report.h"

void view_pipelines(struct report *report, struct snapshot *snapshot);
/* A job of this pipeline is over. */
void view_tally(struct report *report, const struct job *job);
/* At the start: the counts of the history. */
void view_tally_history(struct report *report, struct history *history);
/* At the start: the times of a job that the history has, newest first. over false: takes back a job that is not over after all. */
void view_tally_view(struct report *report, const struct job_view *view, bool over);
