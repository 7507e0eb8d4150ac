/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   jobs as views: those in work, those that are over, those of the history.
 * Thread:    the master's loop. Ownership: returns references.
 */
#pragma once

#include "ledger/history.h"
#include "master/report/report.h"

/* Its view as of the next snapshot: the one before when nothing changed. Returns a reference. */
struct job_view *view_of_job(struct report *report, struct job *job);
/* Brings the tile map up to date, before the run's tiles are let go. */
void view_show_tiles(struct report *report, struct job *job);
/* A job's last view, kept for the page. */
void view_remember(struct report *report, struct job *job);
/* A claim whose end was written down before a crash, and that is in work once more: it is not over, and not to be counted twice. */
void view_forget(struct report *report, const char *id);
/* At the start. */
void view_load_history(struct report *report, struct history *history);
