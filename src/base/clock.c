/* SPDX-License-Identifier: GPL-2.0-or-later
 * Time: see clock.h. */
#include "base/clock.h"

#include "base/fault.h"

gint64 clock_now_us(void)
{
	return g_get_monotonic_time();
}

gint64 clock_wall_us(void)
{
	return g_get_real_time() + fault_number("wall") * G_USEC_PER_SEC;
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
