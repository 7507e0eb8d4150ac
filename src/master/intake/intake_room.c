/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How many files of an inbox may be claimed, and how many remembered, at a time. A claim is a job in the master's memory, and work that no
 * later file can overtake; a file in the table is a name in memory. What does not fit lies where it was dropped: its inbox knows that there
 * is more, and how many about, and the walk goes on when there is room. So a burst costs the same memory however large it is, each folder is
 * read a few times and not once for each file, and the files of other inboxes are taken meanwhile.
 *
 * First come, first served, as far as that goes without remembering every name: while a backlog lies in an inbox, what comes by an event
 * waits for the walk as well; a walk is never started anew before it is through; and what it finds in one stretch is taken by age. */
#include "base/clock.h"
#include "base/log.h"
#include "master/inbox/claim_register.h"
#include "master/intake/intake_private.h"

enum {
	NOTED_LEAST = 64,           /* files in the table, however short the queue */
	TELL_US = 250 * 1000,       /* between two tellings of how many wait */
	COUNT_US = 2 * 1000 * 1000, /* between two counts while files come */
	COUNT_SHARE = 50,           /* one part in so many of the time may go into counting */
};

/* Twice as many as may be claimed: while the walk goes on there is always something that has settled. */
static guint noted_most(const struct intake *intake)
{
	return MAX(intake->queue, NOTED_LEAST / 2) * 2;
}

/* New claims are made in batches, which share their rounds of fsync. */
static guint claims_low(const struct intake *intake)
{
	return intake->queue - (intake->queue + 3) / 4;
}

bool room_to_note(const struct intake *intake, const struct watched_inbox *inbox)
{
	return inbox->candidates < noted_most(intake);
}

bool room_to_walk(const struct intake *intake, const struct watched_inbox *inbox)
{
	return inbox->candidates <= noted_most(intake) / 2;
}

bool room_backlog(const struct watched_inbox *inbox)
{
	return inbox->backlog.more || inbox->walk;
}

void room_begin_backlog(struct watched_inbox *inbox)
{
	if (!room_backlog(inbox))
		inbox->backlog.since_wall_us = clock_wall_us();
}

static bool is_full(struct intake *intake, struct watched_inbox *inbox)
{
	const char *path = inbox->settings->path;

	if (!inbox->backlog.full && claim_count(path) >= intake->queue)
		inbox->backlog.full = true;
	if (inbox->backlog.full && claim_await(path, claims_low(intake)))
		inbox->backlog.full = false;
	return inbox->backlog.full;
}

bool room_to_claim(struct intake *intake, struct watched_inbox *inbox)
{
	/* Those of an earlier run came first. */
	return !inbox->recover && !is_full(intake, inbox);
}

guint room_to_recover(struct intake *intake, struct watched_inbox *inbox)
{
	return is_full(intake, inbox) ? 0 : intake->queue - MIN(claim_count(inbox->settings->path), intake->queue);
}

static void count(struct intake *intake, struct watched_inbox *inbox)
{
	gint64 began = clock_now_us();
	guint64 all = walk_count(intake, inbox), known = inbox->candidates + inbox->parked + inbox->backlog.unlisted;
	if (intake->events.kept)
		known += intake->events.kept(inbox->settings, intake->events.user);
	gint64 now = clock_now_us();

	inbox->backlog.left = all - MIN(all, known);
	inbox->backlog.stale = false;
	inbox->backlog.count_us = now + MAX(COUNT_US, COUNT_SHARE * (now - began));
}

/* How many wait that are not told of one by one. */
static guint64 waiting(const struct watched_inbox *inbox)
{
	guint64 unlisted = MAX(inbox->backlog.unlisted, inbox->backlog.unlisted_before);

	return unlisted + (room_backlog(inbox) ? inbox->backlog.left : 0) +
	       (inbox->backlog.full || room_backlog(inbox) ? inbox->candidates : 0);
}

static void tell(struct intake *intake, struct watched_inbox *inbox, guint64 number)
{
	g_autofree char *why = NULL;
	const char *files = number == 1 ? "file waits" : "files wait";

	if (number && (inbox->backlog.full || room_backlog(inbox)))
		why = g_strdup_printf("%" G_GUINT64_FORMAT
				      " %s for their turn: of an inbox %u are taken at a time, and "
				      "others as these are finished (--queue)",
			number, files, intake->queue);
	else if (number)
		why = g_strdup_printf(
			"%" G_GUINT64_FORMAT " more %s, for reasons such as others of this inbox have", number, files);
	inbox->backlog.told = number;
	inbox->backlog.told_us = clock_now_us();
	if (intake->events.more)
		intake->events.more(inbox->settings->pipeline, inbox->settings->path, number, why, intake->events.user);
}

static bool news(const struct watched_inbox *inbox)
{
	return waiting(inbox) != inbox->backlog.told;
}

void room_tell(struct intake *intake, struct watched_inbox *inbox)
{
	gint64 now = clock_now_us();

	if (room_backlog(inbox) && now >= inbox->backlog.count_us &&
		(inbox->backlog.stale || now >= inbox->backlog.count_us + intake_reconcile_us))
		count(intake, inbox);
	if (news(inbox) && now >= inbox->backlog.told_us + TELL_US)
		tell(intake, inbox, waiting(inbox));
}

void room_untell(struct intake *intake, struct watched_inbox *inbox)
{
	if (inbox->backlog.told)
		tell(intake, inbox, 0);
}

gint64 room_next_us(const struct intake *intake, const struct watched_inbox *inbox)
{
	gint64 next = G_MAXINT64;

	if (room_backlog(inbox) && room_to_walk(intake, inbox))
		return 0;
	if (room_backlog(inbox))
		next = inbox->backlog.stale ? inbox->backlog.count_us : inbox->backlog.count_us + intake_reconcile_us;
	return news(inbox) ? MIN(next, inbox->backlog.told_us + TELL_US) : next;
}
