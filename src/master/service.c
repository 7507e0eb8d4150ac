/* SPDX-License-Identifier: GPL-2.0-or-later
 * Notifications to systemd: see service.h. */
#include "master/service.h"

#include <stdarg.h>
#include <stdbool.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread_watchdog.h"

static char *told; /* the last status */
static bool ready;

void service_ready(void)
{
	if (!ready)
		sd_notify(0, "READY=1");
	ready = true;
}

void service_reloading(void)
{
	ready = false;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, clock_now_us());
}

void service_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void service_status(const char *format, ...)
{
	va_list arguments;

	if (!g_getenv("NOTIFY_SOCKET"))
		return;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (g_strcmp0(text, told) == 0)
		return;
	sd_notifyf(0, "STATUS=%s", text);
	g_free(told);
	told = g_steal_pointer(&text);
}

void service_turn(void)
{
	static gint64 fed_us;
	static const char *said;
	uint64_t period_us;

	if (sd_watchdog_enabled(0, &period_us) <= 0)
		return;
	const char *late = watched_thread_late((gint64)period_us);
	if (late && late != said)
		log_error("thread %s has not responded for %d s; systemd's watchdog is not notified", late,
			(int)(period_us / G_USEC_PER_SEC));
	said = late;
	if (late || clock_now_us() - fed_us < (gint64)period_us / 4)
		return;
	sd_notify(0, "WATCHDOG=1");
	fed_us = clock_now_us();
}
