/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pictures that wait for something to pass, why, and when they are tried again: see schedule_private.h.
 *
 * Of one pipeline a bounded number waits with work done or tried; its other pictures are not begun meanwhile. So neither many that wait, nor
 * what they try in vain, keeps pictures of other pipelines from being milled. */
#include <string.h>

#include "base/clock.h"
#include "base/disk/files.h"
#include "base/error.h"
#include "base/log.h"
#include "master/schedule/schedule_private.h"
#include "status/tile_map.h"

/* After 1, 2, 4, ... up to 32 seconds. */
#define AGAIN_DOUBLINGS 5
/* A name that another picture in work has: its end wakes who waits. This is for a holder that ended in another way. */
#define NAME_AGAIN_US (2 * G_TIME_SPAN_SECOND)
/* After a task that the broker did not take. */
#define GIVE_AGAIN_US (2 * G_TIME_SPAN_SECOND)
/* Of a pipeline; their outputs lie on a disk. */
#define STUCK_AT_MOST 64

static guint stuck_of(const struct master *master, const struct job *job)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(master->stuck, job->pipeline->name));
}

void jobs_set_stuck(struct master *master, struct job *job, bool stuck)
{
	if (job->stuck == stuck)
		return;
	job->stuck = stuck;
	guint count = stuck_of(master, job) + (stuck ? 1 : -1);
	g_hash_table_insert(master->stuck, g_strdup(job->pipeline->name), GUINT_TO_POINTER(count));
}

/* One of its pipeline is tried again already. */
static bool another_tries(const struct master *master, const struct job *job)
{
	for (guint i = 0; i < master->running->len; i++) {
		const struct job *other = g_ptr_array_index(master->running, i);
		if (other->stuck && other->commit_tries == 0 && strcmp(other->pipeline->name, job->pipeline->name) == 0)
			return true;
	}
	return false;
}

bool jobs_may_start(const struct master *master, const struct job *job)
{
	return job->stuck ? !another_tries(master, job) : stuck_of(master, job) < STUCK_AT_MOST;
}

const char *jobs_standing(const struct master *master, const struct job *job)
{
	if (job->state == JOB_QUEUED && !job->stuck && stuck_of(master, job) >= STUCK_AT_MOST)
		return "many pictures of its pipeline wait already: it begins when one of these is finished";
	if (job->state != JOB_RUNNING || job->committing)
		return NULL;
	return !master->broker_up                   ? "the broker is down"
	       : workers_live(master->workers) == 0 ? "no worker is running"
	       : job->done == job->undelivered_at   ? job->undelivered
						    : NULL;
}

static guint pause_s(guint tries)
{
	return 1u << MIN(tries, AGAIN_DOUBLINGS);
}

/* With the names that outputs are to have: those of temp files say nothing to people, and are others in each run. */
static char *plain(const struct job *job, const char *why)
{
	GString *text = g_string_new(why);

	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		const char *place = output->final ? output->final : output->wished;
		g_autofree char *shown = place ? files_display(place) : NULL;
		if (shown && output->temp)
			g_string_replace(text, output->temp, shown, 0);
	}
	return g_string_free(text, FALSE);
}

/* True: it did not wait, or for something else. */
static bool set_reason(struct job *job, const char *wordy, gint64 pause_us)
{
	g_autofree char *why = plain(job, wordy);
	bool news = g_strcmp0(job->waiting_for, why) != 0;

	job->not_before_us = clock_now_us() + pause_us;
	if (!news)
		return false;
	g_free(job->waiting_for);
	job->waiting_for = g_strdup(why);
	job_note(job, TIMELINE_WAITING, -1, NULL, "%s", why);
	return true;
}

static void say_waiting(struct master *master, const struct job *job, const char *why)
{
	if (!job->loose)
		waiting_set(master->waiting, job->pipeline->name, job->claim->path, why);
}

void jobs_waits_no_more(struct master *master, struct job *job)
{
	g_clear_pointer(&job->waiting_for, g_free);
	say_waiting(master, job, NULL);
}

void jobs_went_well(struct master *master, struct job *job)
{
	if (!job->waits)
		return;
	jobs_waits_no_more(master, job);
	jobs_set_stuck(master, job, false);
	job->waits = 0;
}

void jobs_wait(struct master *master, struct job *job, const char *why)
{
	guint seconds = pause_s(job->waits++);

	if (set_reason(job, why, seconds * (gint64)G_USEC_PER_SEC))
		log_warning("%s/%s waits: %s (tried again in %u s)", job->pipeline->name, job->source, job->waiting_for,
			seconds);
	say_waiting(master, job, job->waiting_for);
	jobs_set_stuck(master, job, true);
	jobs_back_to_queue(master, job);
}

void jobs_undelivered(struct master *master, struct job *job, const char *why)
{
	if (g_strcmp0(job->undelivered, why) != 0)
		log_warning("%s/%s: %s; it is sent again", job->pipeline->name, job->source, why);
	char *text = g_strdup(why); /* first: why may be the old one */
	g_free(job->undelivered);
	job->undelivered = text;
	job->undelivered_at = job->done;
	job->give_after_us = clock_now_us() + GIVE_AGAIN_US;
	broker_ask(master->broker);
	view_changed(master);
}

void jobs_fault(struct master *master, struct job *job, const GError *error)
{
	if (error_kind(error) == ERROR_INPUT)
		jobs_fail(master, job, error->message);
	else
		jobs_wait(master, job, error->message);
}

void jobs_wait_for_name(struct master *master, struct job *job, const char *why)
{
	if (set_reason(job, why, NAME_AGAIN_US))
		log_info("%s/%s waits: %s", job->pipeline->name, job->source, job->waiting_for);
	job->runs--; /* it never began */
	jobs_back_to_queue(master, job);
}

struct again {
	struct master *master;
	char *id;
	enum commit_kind kind;
};

static gboolean commit_again(gpointer data)
{
	struct again *again = data;
	struct job *job = jobs_find(again->master, again->id);

	if (job)
		jobs_ask_commit(again->master, job, again->kind);
	g_free(again->id);
	g_free(again);
	return G_SOURCE_REMOVE;
}

void jobs_commit_again(struct master *master, struct job *job, enum commit_kind kind, const char *why)
{
	guint seconds = pause_s(job->commit_tries++);
	struct again *again = g_new(struct again, 1);

	if (set_reason(job, why, seconds * (gint64)G_USEC_PER_SEC))
		log_warning("%s/%s waits: %s (tried again in %u s)", job->pipeline->name, job->source, job->waiting_for,
			seconds);
	say_waiting(master, job, job->waiting_for);
	jobs_set_stuck(master, job, true);
	*again = (struct again){master, g_strdup(job->id), kind};
	g_timeout_add_seconds(seconds, commit_again, again);
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
	g_timeout_add_seconds(pause_s(way->tries++), give_back, way);
	return G_SOURCE_REMOVE;
}

void jobs_give_back(struct master *master, struct claim *claim)
{
	struct way_back *way = g_new0(struct way_back, 1);

	*way = (struct way_back){master, claim, 0};
	give_back(way);
}
