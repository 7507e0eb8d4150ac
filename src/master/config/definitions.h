/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the definitions as the master has them: checked by a process that knows libvips (dropmill-image definitions), because the
 *            master does not. A file that is broken keeps its last good version.
 * Thread:    the master's loop; waits for the checker.
 * Ownership: definition_free().
 */
#pragma once

#include <gio/gio.h>

#include "definition/pipeline.h"

struct assets;

struct definition {
	char *name;
	char *file;
	struct pipeline *pipeline; /* NULL: never was right */
	char *errors;              /* of the newest version, a line each; "" when it is right */
	char *explained;           /* the same with the lines they are about, as `dropmill check` shows them; or NULL */
	gint64 loaded_wall_us;     /* when this pipeline became live */
	char **watch; /* absolute paths of what it is made of besides its file, whether they are there or not */
};

/* Those that the master works with. The master owns all of it. */
struct definitions {
	GPtrArray *all;        /* struct definition */
	GFileMonitor *monitor; /* of their folder; NULL: not watched */
	struct assets *assets; /* NULL: `once`, which keeps and watches nothing */
	guint timer;           /* until they are read again; 0: nothing changed */
	bool hangup;           /* systemd knows that they are being read: a SIGHUP came */
};

/* Folder: all of its definitions; a file: that one. assets: where the checker keeps copies of assets; NULL: nowhere. Returns an array of
 * owned struct definition. */
GPtrArray *definitions_load(const char *folder_or_file, const char *assets, GError **error);
void definition_free(struct definition *definition);

/* Keeps the good pipelines of old where the new version is broken. */
void definitions_keep_good(GPtrArray *fresh, GPtrArray *old);

struct definition *definitions_find(GPtrArray *definitions, const char *name); /* NULL: none */
