/* SPDX-License-Identifier: GPL-2.0-or-later
 * How many files wait besides those that are known one by one: see intake_backlog.h. */
#include "master/intake/intake_backlog.h"

#include "base/clock.h"
#include "master/intake/intake_room.h"
#include "master/intake/intake_source.h"
#include "master/intake/intake_state.h"
#include "master/intake/watched_inbox.h"

enum {
	TELL_US = 250 * 1000,       /* between two reports of how many wait */
	COUNT_US = 2 * 1000 * 1000, /* between two counts while files come */
	COUNT_SHARE = 50,           /* one part in so many of the time may go into counting */
};

static void count(struct intake *intake, struct watched_inbox *inbox)
{
	gint64 began = clock_now_us();
	guint64 all = inbox->source->count(intake, inbox),
		known = inbox->candidates + inbox->parked + inbox->backlog.unlisted;
	if (intake->events.kept)
		known += intake->events.kept(inbox->settings, intake->events.user);
	gint64 now = clock_now_us();

	inbox->backlog.left = all - MIN(all, known);
	inbox->backlog.stale = false;
	inbox->backlog.count_us = now + MAX(COUNT_US, COUNT_SHARE * (now - began));
}

/* How many wait that are not reported one by one. */
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

void backlog_tell(struct intake *intake, struct watched_inbox *inbox)
{
	gint64 now = clock_now_us();

	if (room_backlog(inbox) && now >= inbox->backlog.count_us &&
		(inbox->backlog.stale || now >= inbox->backlog.count_us + intake_reconcile_us))
		count(intake, inbox);
	if (news(inbox) && now >= inbox->backlog.told_us + TELL_US)
		tell(intake, inbox, waiting(inbox));
}

void backlog_untell(struct intake *intake, struct watched_inbox *inbox)
{
	if (inbox->backlog.told)
		tell(intake, inbox, 0);
}

gint64 backlog_next_us(const struct intake *intake, const struct watched_inbox *inbox)
{
	gint64 next = G_MAXINT64;

	if (room_backlog(inbox) && room_to_walk(intake, inbox))
		return 0;
	if (room_backlog(inbox))
		next = inbox->backlog.stale ? inbox->backlog.count_us : inbox->backlog.count_us + intake_reconcile_us;
	return news(inbox) ? MIN(next, inbox->backlog.told_us + TELL_US) : next;
}
