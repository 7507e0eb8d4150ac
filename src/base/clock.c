/* SPDX-License-Identifier: GPL-2.0-or-later
 * Time: see clock.h. */
#include "base/clock.h"

#include <time.h>

#include "base/testing/fault.h"

gint64 clock_now_us(void)
{
	return g_get_monotonic_time();
}

gint64 clock_wall_us(void)
{
	return g_get_real_time() + fault_number("wall") * G_USEC_PER_SEC;
}

static gint64 clock_us(clockid_t id)
{
	struct timespec now;

	return clock_gettime(id, &now) == 0 ? now.tv_sec * (gint64)G_USEC_PER_SEC + now.tv_nsec / 1000 : 0;
}

gint64 clock_cpu_us(void)
{
	return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

gint64 clock_thread_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

char *clock_iso(gint64 wall_us)
{
	if (wall_us <= 0)
		return NULL;
	g_autoptr(GDateTime) seconds = g_date_time_new_from_unix_utc(wall_us / G_USEC_PER_SEC);
	if (!seconds)
		return NULL;
	g_autofree char *text = g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S");
	return g_strdup_printf("%s.%03dZ", text, (int)(wall_us % G_USEC_PER_SEC / 1000));
}

gint64 clock_hooked_us(const char *variable, gint64 usual_us)
{
#ifdef DROPMILL_TEST_HOOKS
	const char *text = g_getenv(variable);
	if (text)
		return g_ascii_strtoll(text, NULL, 10) * 1000;
#else
	(void)variable;
#endif
	return usual_us;
}
