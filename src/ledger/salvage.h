/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what can still be read of a damaged history.db.
 * Thread:    see database.h. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <sqlite3.h>

/* Copies what can be read; how many rows of all tables. source: NULL is fine. */
guint history_salvage(sqlite3 *db, sqlite3 *source);
guint history_salvage_file(sqlite3 *db, const char *path);
