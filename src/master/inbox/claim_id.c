/* SPDX-License-Identifier: GPL-2.0-or-later
 * Identifiers of claims: see claim_id.h. */
#include "master/inbox/claim_id.h"

#include <string.h>

#include "base/clock.h"

/* Nine characters of milliseconds, so that names sort by time, and four at random against other runs. The milliseconds never repeat, and
 * never come before those of a recovered claim, even when the clock is set back. So pictures of one name are processed in drop order. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
enum { TIME_DIGITS = 9, RANDOM_DIGITS = 4 };
#define AHEAD_MOST_MS (10 * 366 * 86400 * G_GINT64_CONSTANT(1000))
static GMutex last_lock;
static gint64 last_ms;

char *claim_new_id(void)
{
	char id[TIME_DIGITS + 1 + RANDOM_DIGITS + 1];

	g_mutex_lock(&last_lock);
	last_ms = MAX(last_ms + 1, clock_wall_us() / 1000);
	gint64 when = last_ms;
	g_mutex_unlock(&last_lock);
	for (int i = TIME_DIGITS; i-- > 0; when /= 32)
		id[i] = digits[when % 32];
	id[TIME_DIGITS] = '-';
	guint32 random = g_random_int();
	for (int i = TIME_DIGITS + 1; i < TIME_DIGITS + 1 + RANDOM_DIGITS; i++, random /= 32)
		id[i] = digits[random % 32];
	id[sizeof(id) - 1] = '\0';
	return g_strdup(id);
}

void claim_seen_id(const char *id)
{
	gint64 when = 0;

	for (int i = 0; i < TIME_DIGITS; i++) {
		const char *digit = id[i] ? strchr(digits, id[i]) : NULL;
		if (!digit) /* put there by hand */
			return;
		when = when * 32 + (digit - digits);
	}
	/* From far ahead: no clock was ever set so wrong, and nothing could sort after the last of all names. */
	if (when > clock_wall_us() / 1000 + AHEAD_MOST_MS)
		return;
	g_mutex_lock(&last_lock);
	last_ms = MAX(last_ms, when);
	g_mutex_unlock(&last_lock);
}
