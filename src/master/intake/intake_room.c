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

bool room_to_note(const struct intake *intake, const struct box *box)
{
	return box->candidates < noted_most(intake);
}

bool room_to_walk(const struct intake *intake, const struct box *box)
{
	return box->candidates <= noted_most(intake) / 2;
}

bool room_backlog(const struct box *box)
{
	return box->more || box->walk;
}

void room_begin_backlog(struct box *box)
{
	if (!room_backlog(box))
		box->since_wall_us = clock_wall_us();
}

static bool is_full(struct intake *intake, struct box *box)
{
	const char *path = box->inbox->path;

	if (!box->full && claim_count(path) >= intake->queue)
		box->full = true;
	if (box->full && claim_await(path, claims_low(intake)))
		box->full = false;
	return box->full;
}

bool room_to_claim(struct intake *intake, struct box *box)
{
	/* Those of an earlier run came first. */
	return !box->recover && !is_full(intake, box);
}

guint room_to_recover(struct intake *intake, struct box *box)
{
	return is_full(intake, box) ? 0 : intake->queue - MIN(claim_count(box->inbox->path), intake->queue);
}

static void count(struct intake *intake, struct box *box)
{
	gint64 began = clock_now_us();
	guint64 all = walk_count(intake, box), known = box->candidates + box->parked + box->unlisted;
	if (intake->events.kept)
		known += intake->events.kept(box->inbox, intake->events.user);
	gint64 now = clock_now_us();

	box->left = all - MIN(all, known);
	box->stale = false;
	box->count_us = now + MAX(COUNT_US, COUNT_SHARE * (now - began));
}

/* How many wait that are not told of one by one. */
static guint64 waiting(const struct box *box)
{
	guint64 unlisted = MAX(box->unlisted, box->unlisted_before);

	return unlisted + (room_backlog(box) ? box->left : 0) + (box->full || room_backlog(box) ? box->candidates : 0);
}

static void tell(struct intake *intake, struct box *box, guint64 number)
{
	g_autofree char *why = NULL;
	const char *files = number == 1 ? "file waits" : "files wait";

	if (number && (box->full || room_backlog(box)))
		why = g_strdup_printf("%" G_GUINT64_FORMAT
				      " %s for their turn: of an inbox %u are taken at a time, and "
				      "others as these are finished (--queue)",
			number, files, intake->queue);
	else if (number)
		why = g_strdup_printf(
			"%" G_GUINT64_FORMAT " more %s, for reasons such as others of this inbox have", number, files);
	box->told = number;
	box->told_us = clock_now_us();
	if (intake->events.more)
		intake->events.more(box->inbox->pipeline, box->inbox->path, number, why, intake->events.user);
}

static bool news(const struct box *box)
{
	return waiting(box) != box->told;
}

void room_tell(struct intake *intake, struct box *box)
{
	gint64 now = clock_now_us();

	if (room_backlog(box) && now >= box->count_us && (box->stale || now >= box->count_us + intake_reconcile_us))
		count(intake, box);
	if (news(box) && now >= box->told_us + TELL_US)
		tell(intake, box, waiting(box));
}

void room_untell(struct intake *intake, struct box *box)
{
	if (box->told)
		tell(intake, box, 0);
}

gint64 room_next_us(const struct intake *intake, const struct box *box)
{
	gint64 next = G_MAXINT64;

	if (room_backlog(box) && room_to_walk(intake, box))
		return 0;
	if (room_backlog(box))
		next = box->stale ? box->count_us : box->count_us + intake_reconcile_us;
	return news(box) ? MIN(next, box->told_us + TELL_US) : next;
}
