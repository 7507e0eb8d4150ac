/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what SQLite says, as an error of ours.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

/* What SQLite says, with the system's reason. The kind: ERROR_INPUT is a damaged file, ERROR_RETRY what may pass. */
bool history_fail(sqlite3 *db, int code, const char *path, GError **error);
bool history_run(sqlite3 *db, const char *sql, const char *path, GError **error);
