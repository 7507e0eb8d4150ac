/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   reads the definitions again when they, or what they are made of, change, or SIGHUP says so.
 * Thread:    the master's loop. Ownership: none.
 */
#pragma once

#include <gio/gio.h>

struct master;

/* Soon, and once for all changes until then. */
void reload_soon(struct master *master);
gboolean reload_hangup(gpointer master); /* SIGHUP */
void reload_touched(GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer master);
/* Into the log. */
void reload_say_errors(const GPtrArray *definitions);
