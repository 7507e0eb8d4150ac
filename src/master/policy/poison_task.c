/* SPDX-License-Identifier: GPL-2.0-or-later
 * Poison tasks: see poison_task.h. */
#include "master/policy/poison_task.h"

/* A worker elsewhere that fell silent may be well: only so many times as often as by deaths is a task failed by silence. */
#define SILENCES_A_DEATH 3
/* So often one task may be lost in one run of its job. */
#define LOSSES_MOST 4

int poison_task_in_hand(const struct held_task *tasks, guint count, bool journal, gint64 late_us)
{
	int begun = -1, named = -1;

	for (guint i = 0; i < count; i++) {
		if (journal && tasks[i].in_journal)
			return (int)i;
		/* The last one: those before it are finished, only their results may have been lost. */
		if (tasks[i].begun)
			begun = (int)i;
		if (tasks[i].in_heartbeat && named < 0)
			named = (int)i;
	}
	if (journal || begun >= 0)
		return journal ? -1 : begun;
	if (named >= 0)
		return named;
	/* The first in the order, unless that is one that others have answered: such a task is not suspected. */
	return count > 0 && late_us > tasks[0].sent_us ? 0 : -1;
}

enum poison_verdict poison_task_worker_ended(struct poison_count *count, const struct worker_end *end, guint attempts)
{
	if (end->in_order)
		return POISON_INNOCENT;
	if (end->dead && end->overtime)
		return POISON_OVERTIME;
	count->deaths += end->dead;
	count->silences += !end->dead;
	count->differ |= count->how && count->how != end->how;
	count->how = end->how;
	return count->deaths >= attempts || count->deaths + count->silences >= attempts * SILENCES_A_DEATH
		       ? POISON_FOUND
		       : POISON_SUSPECTED;
}

bool poison_task_lost(struct poison_count *count, bool other_has_it)
{
	return ++count->losses >= LOSSES_MOST && !other_has_it;
}

bool poison_task_hangs(gint64 busy_us, double limit_s)
{
	return (double)busy_us > limit_s * G_USEC_PER_SEC;
}
