/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the definitions as they are now, and reading them again when they, or what they are made of, change, or SIGHUP says so.
 * Thread:    the master's loop. Ownership: the master owns all of it.
 */
#ifndef DROPMILL_MASTER_RELOAD_H
#define DROPMILL_MASTER_RELOAD_H

#include <gio/gio.h>

#include "master/config/definitions.h"

struct master;
struct assets;

struct reload {
	GPtrArray *definitions; /* struct definition */
	GFileMonitor *monitor;  /* of the definitions' folder; NULL: not watched */
	struct assets *assets;  /* NULL: `once`, which keeps and watches nothing */
	guint timer;            /* 0: nothing changed */
	bool hangup;            /* systemd was told that definitions are being read */
};

/* Soon, and once for all changes until then. */
void reload_soon(struct master *master);
gboolean reload_hangup(gpointer master); /* SIGHUP */
void reload_touched(GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer master);
/* Into the log. */
void reload_say_errors(const GPtrArray *definitions);

#endif
