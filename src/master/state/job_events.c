/* SPDX-License-Identifier: GPL-2.0-or-later
 * Events by value: see job_events.h. */
#include "master/state/job_events.h"

#include "base/clock.h"
#include "base/error.h"
#include "master/state/state.h"

void job_happens(const struct job *job, struct job_event event)
{
	struct posted_event *posted = g_new(struct posted_event, 1);

	*posted = (struct posted_event){g_ref_string_acquire(job->id), event, g_strdup(event.why)};
	posted->event.why = posted->why;
	posted->event.of_run = job->course.run;
	posted->event.now_us = clock_now_us();
	g_queue_push_tail(&job->master->events.posted, posted);
}

struct posted_event *job_events_take(struct job_events *events)
{
	return g_queue_pop_head(&events->posted);
}

void posted_event_free(struct posted_event *posted)
{
	if (!posted)
		return;
	g_ref_string_release(posted->job);
	g_free(posted->why);
	g_free(posted);
}

void job_broken(const struct job *job, const char *why)
{
	job_happens(job, (struct job_event){.kind = EVENT_BROKEN, .why = why, .kind_of_error = SHOWN_RETRIES});
}

void job_trouble(const struct job *job, const char *why)
{
	job_happens(job, (struct job_event){.kind = EVENT_TROUBLE, .why = why});
}

void job_bad(const struct job *job, enum error_shown kind, const char *why)
{
	job_happens(job, (struct job_event){.kind = EVENT_BAD, .why = why, .kind_of_error = kind});
}

void job_fault(const struct job *job, const GError *error)
{
	if (error_kind(error) == ERROR_INPUT)
		job_bad(job, SHOWN_INPUT, error->message);
	else
		job_trouble(job, error->message);
}

void job_other_lane(const struct job *job, enum lane lane, const char *why)
{
	job_happens(job,
		(struct job_event){.kind = EVENT_OTHER_LANE, .lane = lane, .why = why, .kind_of_error = SHOWN_RETRIES});
}

void job_made(const struct job *job)
{
	job_happens(job, (struct job_event){.kind = EVENT_MADE});
}

void job_renewed(const struct job *job)
{
	job_happens(job, (struct job_event){.kind = EVENT_RENEWED, .run = ++job->master->queue.serial});
}
