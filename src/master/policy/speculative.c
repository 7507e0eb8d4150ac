/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tiles whose worker is late: see speculative.h. */
#include "master/policy/speculative.h"

/* Whatever is usual, nobody notices that a tile is late by less; a message there and back takes some of it. */
#define LEAST_US (50 * (gint64)1000)
/* A second worker must be likely to be through in half the time. */
#define TIMES_FASTER 2

bool speculative_consider(struct speculative_choice *choice, const struct speculative_facts *facts)
{
	gint64 limit = TIMES_FASTER * facts->helper_us;

	if (facts->barred || facts->usual_us == 0)
		return false;
	/* A tile that was begun is computed twice, so that it has to be worth it. */
	if (!facts->fresh)
		limit = MAX(limit, facts->late_us);
	limit += LEAST_US;
	if (facts->until_us <= limit) {
		/* It grows no faster than time goes. */
		choice->due_us = MIN(choice->due_us, limit - facts->until_us);
		return false;
	}
	if (facts->until_us <= choice->until_us)
		return false;
	choice->until_us = facts->until_us;
	return true;
}
