/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what happens to a job goes up as an event, and what its course says comes down as effects: see job_course.h.
 * Thread:    the master's loop.
 * Ownership: texts are borrowed. A job may be gone after an event; nobody tells one twice.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_JOB_EVENTS_H
#define DROPMILL_MASTER_SCHEDULE_JOB_EVENTS_H

#include "master/job/job.h"

/* The only way to another phase, and from list to list. False: it means nothing in this phase, or came too late. */
bool job_happens(struct master *master, struct job *job, struct job_event event);

/* Its run ended in a process's death or nonsense; it begins again, and is given up after some runs. */
void job_broken(struct master *master, struct job *job, const char *why);
/* A temporary fault: tried again later, for as long as it takes. */
void job_trouble(struct master *master, struct job *job, const char *why);
/* It fails. */
void job_bad(struct master *master, struct job *job, enum error_shown kind, const char *why);
/* One of these two, as the error's kind says. */
void job_fault(struct master *master, struct job *job, const GError *error);
/* It begins again in this lane. */
void job_other_lane(struct master *master, struct job *job, enum lane lane, const char *why);
/* All outputs are in their temp files. */
void job_made(struct master *master, struct job *job);

#endif
