/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pictures that wait for something to pass, why, and when they are tried again: see job_waiting.h. */
#include "master/schedule/job_waiting.h"

#include "base/clock.h"
#include "base/display.h"
#include "base/error.h"
#include "base/log.h"
#include "master/inbox/claim_end.h"
#include "master/report/view.h"
#include "master/state/job_events.h"
#include "master/state/state.h"

/* After a task that the broker did not take. */
#define GIVE_AGAIN_US (2 * G_TIME_SPAN_SECOND)

/* With the names that outputs are to have: those of temp files say nothing to people, and are others in each run. */
static char *plain(const struct job *job, const char *why)
{
	GString *text = g_string_new(why);

	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		const char *place = output->final ? output->final : output->wished;
		g_autofree char *shown = place ? display_name(place) : NULL;
		if (shown && output->temp)
			g_string_replace(text, output->temp, shown, 0);
	}
	return g_string_free(text, FALSE);
}

/* True: it did not wait, or for something else. */
static bool set_reason(struct job *job, const char *wordy)
{
	g_autofree char *why = plain(job, wordy);
	bool news = g_strcmp0(job->page.waiting_for, why) != 0;

	if (!news)
		return false;
	g_free(job->page.waiting_for);
	job->page.waiting_for = g_strdup(why);
	job_note(job, TIMELINE_WAITING, -1, NULL, "%s", why);
	return true;
}

static void say_waiting(struct master *master, const struct job *job, const char *why)
{
	if (!job->loose)
		waiting_set(master->waiting, job->pipeline->name, job->claim->path, why);
}

void effect_say_waited(struct master *master, struct job *job, const struct job_event *event)
{
	(void)event;
	g_clear_pointer(&job->page.waiting_for, g_free);
	say_waiting(master, job, NULL);
}

void effect_say_waiting(struct master *master, struct job *job, const struct job_event *event)
{
	if (set_reason(job, event->why))
		log_warning("%s/%s waits: %s (tried again in %u s)", job->pipeline->name, job->source,
			job->page.waiting_for, (guint)((job->course.not_before_us - event->now_us) / G_USEC_PER_SEC));
	say_waiting(master, job, job->page.waiting_for);
}

void effect_say_name_taken(struct master *master, struct job *job, const struct job_event *event)
{
	(void)master;
	if (set_reason(job, event->why))
		log_info("%s/%s waits: %s", job->pipeline->name, job->source, job->page.waiting_for);
}

void jobs_undelivered(struct master *master, struct job *job, const char *why)
{
	if (g_strcmp0(job->work.undelivered, why) != 0)
		log_warning("%s/%s: %s; it is sent again", job->pipeline->name, job->source, why);
	char *text = g_strdup(why); /* first: why may be the old one */
	g_free(job->work.undelivered);
	job->work.undelivered = text;
	job->work.undelivered_at = job->work.done;
	job->work.send_after_us = clock_now_us() + clock_hooked_us("DROPMILL_TEST_GIVE_AGAIN_MS", GIVE_AGAIN_US);
	broker_ask(master->link.broker);
	view_changed(&master->report);
}

struct again {
	struct master *master;
	char *id;
	guint32 ticket;
};

static gboolean commit_again(gpointer data)
{
	struct again *again = data;
	struct job *job = queue_find(&again->master->queue, again->id);

	if (job)
		job_happens(job, (struct job_event){.kind = EVENT_COMMIT_TIMER, .ticket = again->ticket});
	g_free(again->id);
	g_free(again);
	return G_SOURCE_REMOVE;
}

void effect_set_timer(struct master *master, struct job *job, const struct job_event *event)
{
	struct again *again = g_new(struct again, 1);

	*again = (struct again){master, g_strdup(job->id), job->course.ticket};
	g_timeout_add((guint)((job->course.not_before_us - event->now_us) / 1000), commit_again, again);
}

struct way_back {
	struct master *master;
	struct claim *claim;
	guint tries;
};

static gboolean give_back(gpointer data)
{
	struct way_back *way = data;
	struct claim *claim = way->claim;
	g_autoptr(GError) error = NULL;

	if (claim_give_back(claim, &error) || (!claim->left_at && claim_look(claim, NULL) == CLAIM_GONE)) {
		waiting_set(way->master->waiting, claim->pipeline, claim->path, NULL);
		claim_free(claim);
		g_free(way);
		return G_SOURCE_REMOVE;
	}
	if (waiting_set(way->master->waiting, claim->pipeline, claim->path, error->message))
		log_warning("%s: it cannot go back to its inbox yet: %s", claim->path, error->message);
	g_timeout_add_seconds(course_pause_s(way->tries++), give_back, way);
	return G_SOURCE_REMOVE;
}

void jobs_give_back(struct master *master, struct claim *claim)
{
	struct way_back *way = g_new0(struct way_back, 1);

	*way = (struct way_back){master, claim, 0};
	give_back(way);
}
