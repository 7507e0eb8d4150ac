/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the tables of history.db by version.
 * Thread:    see database.h. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

/* A table and what salvage copies of it. texts: every text in it is shown to people, so it has to be valid UTF-8. */
struct history_table {
	const char *name, *columns;
	bool texts;
};
extern const struct history_table history_tables[]; /* ends with a NULL name */

/* Brings the database to the version of this program. ERROR_INPUT: it cannot be. *fresh: there was nothing in it. */
bool history_migrate(sqlite3 *db, const char *path, bool *fresh, GError **error);
