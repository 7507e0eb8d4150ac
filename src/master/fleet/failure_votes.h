/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   who failed which task of a job, until it is known whose fault it was: the worker's, when another manages it, or the
 *            picture's, when a second worker says the same.
 * Thread:    the master's loop.
 * Ownership: the job's; gone with its run.
 */
#ifndef DROPMILL_MASTER_FLEET_FAILURE_VOTES_H
#define DROPMILL_MASTER_FLEET_FAILURE_VOTES_H

#include "master/fleet/workers.h"

enum failure_kind {
	FAILURE_TROUBLE, /* it could not do it: disk full, no memory, no access */
	FAILURE_VERDICT, /* it says that the picture is at fault */
	FAILURE_DEATH,   /* it died of it: its machine is avoided, too */
	FAILURE_FULL,    /* what its limits allow is in use: no fault of its */
	FAILURE_LIMIT, /* it says that the picture is beyond a limit, its own or the pipeline's: a verdict, and no fault of its either */
};

struct failure_vote {
	guint tile;
	enum failure_kind kind;
	struct breaker *breaker;
	char *machine;
	char *reason;
};

void failure_votes_add(
	struct job *job, guint tile, const struct worker *worker, enum failure_kind kind, const char *reason);
/* How little this worker should get this task: 0 not at all suspected, 1 its machine's, 2 itself. */
int failure_votes_suspicion(const struct job *job, guint tile, const struct worker *worker);
/* Workers in good standing that said so of this task. */
guint failure_votes_verdicts(const struct job *job, guint tile);
/* This worker managed the task: the others have failed what can be done. */
void failure_votes_managed(struct job *job, guint tile, const struct worker *worker);
/* The picture is at fault: nobody is accused any more. */
void failure_votes_drop(struct job *job);

#endif
