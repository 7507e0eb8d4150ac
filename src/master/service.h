/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   notifications to systemd, where it asks for them (NOTIFY_SOCKET, WATCHDOG_USEC): ready, a line of status,
 *            reloading, stopping, and the watchdog's. Elsewhere nothing happens.
 * Thread:    the main thread.
 * Ownership: none.
 */
#pragma once

#include <glib.h>

/* The service runs and needs no more of its start; sent once, and after each reload. */
void service_ready(void);
void service_reloading(void); /* service_ready() ends it */
void service_stopping(void);
/* One line; sent when it changes. */
void service_status(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Once a second, from the main loop: notifies the watchdog, unless a thread that the mill needs has stalled. */
void service_turn(void);
