/* SPDX-License-Identifier: GPL-2.0-or-later
 * Workers that fail what others manage: see breaker.h. */
#include "master/policy/breaker.h"

const char *breaker_state_name(enum breaker_state state)
{
	static const char *const names[] = {
		[BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_HALF_OPEN] = "half-open"};

	return names[state];
}

static bool open_it(struct breaker *breaker, bool on_suspicion, gint64 now_us)
{
	gint64 time_us = BREAKER_FIRST_US;

	for (guint i = 0; i < breaker->openings && time_us < BREAKER_LAST_US; i++)
		time_us *= 2;
	breaker->state = BREAKER_OPEN;
	breaker->openings++;
	breaker->on_suspicion = on_suspicion;
	breaker->until_us = now_us + MIN(time_us, BREAKER_LAST_US);
	return true;
}

static bool strike(struct breaker *breaker, gint64 now_us)
{
	breaker->well = 0;
	breaker->on_suspicion = false;
	breaker->strikes++;
	return breaker->strikes >= BREAKER_STRIKES && breaker->state == BREAKER_CLOSED &&
	       open_it(breaker, false, now_us);
}

static bool absolve(struct breaker *breaker)
{
	if (breaker->state != BREAKER_OPEN || !breaker->on_suspicion)
		return false;
	breaker->on_suspicion = false;
	breaker->openings--;
	breaker->state = BREAKER_HALF_OPEN;
	return false;
}

static bool succeed(struct breaker *breaker)
{
	bool was_closed = breaker->state == BREAKER_CLOSED;

	breaker->strikes = 0;
	if (++breaker->well >= BREAKER_WELL)
		breaker->openings = 0;
	breaker->state = BREAKER_CLOSED;
	return !was_closed;
}

bool breaker_happens(struct breaker *breaker, enum breaker_event event, gint64 now_us)
{
	switch (event) {
	case BREAKER_STRIKE:
		return strike(breaker, now_us);
	case BREAKER_FAILED:
		return breaker->state == BREAKER_HALF_OPEN && open_it(breaker, true, now_us);
	case BREAKER_ABSOLVED:
		return absolve(breaker);
	case BREAKER_SUCCEEDED:
		return succeed(breaker);
	case BREAKER_TICKED:
		if (breaker->state == BREAKER_OPEN && now_us >= breaker->until_us)
			breaker->state = BREAKER_HALF_OPEN;
		break;
	}
	return false;
}
