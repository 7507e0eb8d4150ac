/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what happens to a job is posted, by value, by whoever sees it. schedule/run_effects.c takes it up after the present handler, in this order.
 *            So nobody below it calls upward, and a job lives until its handler has ended.
 * Thread:    the master's loop.
 * Ownership: texts are copied. An event of a job that is gone, or of an older run or request, means nothing: see job_course.h.
 */
#pragma once

#include "master/job/job.h"

struct job_events {
	GQueue posted; /* struct posted_event */
	bool wanted;   /* jobs may start, or tasks be given out, although nothing was posted */
};

struct posted_event {
	char *job; /* GRefString: its id */
	struct job_event event;
	char *why; /* the event's */
};

/* What an effect of a job's course does: it alone touches the bus, the codec, the committer and the view for it. The event is borrowed. */
typedef void job_effect_fn(struct master *master, struct job *job, const struct job_event *event);

/* Its of_run and now_us are set here. */
void job_happens(const struct job *job, struct job_event event);
/* The oldest of them, which the caller frees; NULL: none waits. */
struct posted_event *job_events_take(struct job_events *events);
void posted_event_free(struct posted_event *posted); /* NULL is fine */
DEFINE_AUTO(posted_event, posted_event_free)

/* Its run ended in a process's death or nonsense; it begins again, and is given up after some runs. */
void job_broken(const struct job *job, const char *why);
/* A temporary fault: tried again later, for as long as it takes. */
void job_trouble(const struct job *job, const char *why);
/* It fails. */
void job_bad(const struct job *job, enum error_shown kind, const char *why);
/* One of these two, as the error's kind says. */
void job_fault(const struct job *job, const GError *error);
/* It begins again in this lane. */
void job_other_lane(const struct job *job, enum lane lane, const char *why);
/* All outputs are in their temp files. */
void job_made(const struct job *job);
/* A whole job's task was taken back: another run, other temp files. */
void job_renewed(const struct job *job);
