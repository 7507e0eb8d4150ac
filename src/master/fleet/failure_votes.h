/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   who failed which task of a job, until it is known whose fault it was: the votes that policy/failure_votes.h decides on.
 * Thread:    the master's loop.
 * Ownership: the job's; gone with its run.
 */
#pragma once

#include "master/fleet/workers.h"
#include "master/policy/failure_votes.h"

void failure_votes_add(
	struct job *job, guint tile, const struct worker *worker, enum failure_kind kind, const char *reason);
/* How little this worker should get this task; job NULL: 0. */
int failure_votes_suspicion(const struct job *job, guint tile, const struct worker *worker);
/* This worker managed the task: the others have failed what can be done. */
void failure_votes_managed(struct job *job, guint tile, const struct worker *worker);
/* The picture is at fault: nobody is suspected any more. */
void failure_votes_drop(struct job *job);
