/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   SQL statements on a connection, which is opened again where it must be. Private to this room.
 * Thread:    see database.h. Ownership: statements are the caller's.
 */
#pragma once

#include "ledger/connection.h"

/* NULL with error (ERROR_RETRY, always) when the database cannot be used now. */
sqlite3_stmt *history_prepare(struct history *history, const char *sql, GError **error);
void history_bind(sqlite3_stmt *statement, int index, const char *text);
/* True for each row; false at the end, and with an error set when it came to none. */
bool history_row(struct history *history, sqlite3_stmt *statement, GError **error);
/* Runs a statement that has no rows of interest to its end, and frees it. */
bool history_finish(struct history *history, sqlite3_stmt *statement, GError **error);
/* The same; true: it is on disk, with all that was written before. */
bool history_finish_on_disk(struct history *history, sqlite3_stmt *statement, GError **error);
/* Is the log fsynced by each statement from here on? Not within a group. */
void history_sync_fully(struct history *history, bool fully);
