/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   formats whose loaders libvips itself calls untrusted: blocked in every process, until a job comes whose definition allows
 *            them, and again after it. Loaders go on opening while pixels are computed, so they stay open until the job is done.
 * Thread:    one job at a time, on the thread that runs it; what it computes may ask from any thread.
 * Ownership: names are static.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* The libvips at hand has a loader for it. Asked after image_init(). */
bool allow_available(const char *name);

/* Is it one of FILE_FORMATS_ALLOWABLE, and allowed now? */
bool allow_is_open(const char *name);

/* Is it one of the names at all? */
bool allow_knows(const char *name);

/* Is it a format that libraries read from files only, and open now? format: as sniff_format() has it, or NULL. */
bool allow_wants_file(const char *format);

/* Opens the loaders of "allow" in a job's description, checked against the table; those that this libvips lacks stay away. Whatever was
 * open before is shut. False: it names something that is in no table, and nothing is open. */
bool allow_open(JsonObject *job, GError **error);
/* Shuts them all. */
void allow_shut(void);
