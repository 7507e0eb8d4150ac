/* SPDX-License-Identifier: GPL-2.0-or-later
 * Workers that fail what others manage: see breaker.h. */
#include "master/fleet/breaker.h"

#include "base/log.h"

const char *breaker_state_name(enum breaker_state state)
{
	static const char *const names[] = {
		[BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_HALF_OPEN] = "half-open"};

	return names[state];
}

struct breaker *breaker_new(const char *name)
{
	struct breaker *breaker = g_new0(struct breaker, 1);

	breaker->references = 1;
	breaker->name = g_strdup(name);
	return breaker;
}

struct breaker *breaker_ref(struct breaker *breaker)
{
	breaker->references++;
	return breaker;
}

void breaker_unref(struct breaker *breaker)
{
	if (!breaker || --breaker->references > 0)
		return;
	g_free(breaker->name);
	g_free(breaker->reason);
	g_free(breaker);
}

static void open_it(struct breaker *breaker, const char *reason, gint64 now_us)
{
	gint64 time_us = BREAKER_FIRST_US;

	for (guint i = 0; i < breaker->openings && time_us < BREAKER_LAST_US; i++)
		time_us *= 2;
	time_us = MIN(time_us, BREAKER_LAST_US);
	breaker->state = BREAKER_OPEN;
	breaker->openings++;
	breaker->until_us = now_us + time_us;
	if (breaker->reason != reason) {
		g_free(breaker->reason);
		breaker->reason = g_utf8_make_valid(reason, -1);
	}
	log_warning("worker %s is taken out for %d s: it fails what others manage (%s)", breaker->name,
		(int)(time_us / G_USEC_PER_SEC), breaker->reason);
}

void breaker_strike(struct breaker *breaker, const char *reason, gint64 now_us)
{
	breaker->well = 0;
	breaker->on_suspicion = false;
	if (++breaker->strikes >= BREAKER_STRIKES && breaker->state == BREAKER_CLOSED)
		open_it(breaker, reason, now_us);
}

void breaker_failed(struct breaker *breaker, const char *reason, gint64 now_us)
{
	if (breaker->state != BREAKER_HALF_OPEN)
		return;
	open_it(breaker, reason, now_us);
	breaker->on_suspicion = true;
}

void breaker_absolve(struct breaker *breaker)
{
	if (breaker->state != BREAKER_OPEN || !breaker->on_suspicion)
		return;
	breaker->on_suspicion = false;
	breaker->openings--;
	breaker->state = BREAKER_HALF_OPEN;
}

void breaker_succeeded(struct breaker *breaker)
{
	breaker->strikes = 0;
	if (++breaker->well >= BREAKER_WELL)
		breaker->openings = 0;
	if (breaker->state == BREAKER_CLOSED)
		return;
	breaker->state = BREAKER_CLOSED;
	log_info("worker %s is well again", breaker->name);
}

void breaker_tick(struct breaker *breaker, gint64 now_us)
{
	if (breaker->state == BREAKER_OPEN && now_us >= breaker->until_us)
		breaker->state = BREAKER_HALF_OPEN;
}
