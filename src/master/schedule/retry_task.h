/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what becomes of a task whose worker does not answer: another gets it, or nobody shall try it again.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#pragma once

#include "master/fleet/lease.h"
#include "master/link/link.h"

struct master;

/* Why a job starts over: memory that it was lent cannot be used again, and nobody knows for how long. */
#define SILENT_HOLDER "a silent worker holds a piece of it"
/* A leased tile becomes ready again, unless another worker also has it. The caller made sure that this lease's worker cannot harm: dead, fenced,
 * or answered. The lease is gone then. */
void task_take_back(struct lease *lease, const char *why);
/* The same of a lease whose task, or whose answer, was lost. It is counted: a task that is lost again and again starts the job over, and in the end
 * fails it. */
void task_lost(struct lease *lease, const char *why);
/* A worker hangs on a task that is over. Its other tasks go to other workers at once, since they would wait for ever.
 * Those that cannot be taken from it stay until it is dead. */
void task_take_others_back(struct worker *worker);
/* To the dead-letter topic: a task that nobody shall try again. */
void task_dead_letter(struct link *link, const struct job *job, guint tile, const char *reason);
