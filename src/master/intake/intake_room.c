/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How many files of an inbox may be claimed, and how many remembered, at a time. A claim is a job in the master's memory, and work that no
 * later file can overtake; a file in the table is a name in memory. Other files stay where they were dropped. The inbox knows that there
 * are more, and about how many, and the walk goes on when there is room. So a burst costs the same memory however large it is. Each folder
 * is read a few times and not once for each file, and the files of other inboxes are taken meanwhile.
 *
 * First come, first served, as far as that goes without remembering every name. While an inbox has a backlog, a file that an event reports
 * waits for the walk, too. A walk never starts again before it is over. Files that it finds in one stretch are taken by age. */
#include "master/intake/intake_room.h"

#include "base/clock.h"
#include "master/inbox/claim_register.h"
#include "master/intake/intake_state.h"
#include "master/intake/watched_inbox.h"

enum {
	NOTED_LEAST = 64, /* files in the table, however short the queue */
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
	return inbox->backlog.more || inbox->pass;
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
