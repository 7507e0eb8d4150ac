/* SPDX-License-Identifier: GPL-2.0-or-later
 * Statements on a connection: see statement.h. */
#include "ledger/statement.h"

#include "base/error.h"

sqlite3_stmt *history_prepare(struct history *history, const char *sql, GError **error)
{
	g_autoptr(GError) cause = NULL;
	sqlite3_stmt *statement = NULL;

	if (!connection_ready(history, &cause)) {
		fail(error, ERROR_RETRY, "%s", cause->message);
		return NULL;
	}
	int code = sqlite3_prepare_v2(history->db, sql, -1, &statement, NULL);
	if (code != SQLITE_OK)
		connection_fail(history, code, error);
	return statement;
}

bool history_row(struct history *history, sqlite3_stmt *statement, GError **error)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		connection_fail(history, code, error);
	return false;
}

bool history_finish(struct history *history, sqlite3_stmt *statement, GError **error)
{
	g_autoptr(GError) cause = NULL;

	while (history_row(history, statement, &cause))
		;
	sqlite3_finalize(statement);
	if (!cause)
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* In WAL mode NORMAL leaves it to the next checkpoint, a thousand pages later. A power cut loses everything until then,
 * and nobody gets the error of an fsync that fails there. FULL is an fsync of the log for each statement, and for all
 * before it. */
void history_sync_fully(struct history *history, bool fully)
{
	sqlite3_exec(
		history->db, fully ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
}

bool history_finish_on_disk(struct history *history, sqlite3_stmt *statement, GError **error)
{
	if (history->grouped)
		return history_finish(history, statement, error);
	history_sync_fully(history, true);
	bool done = history_finish(history, statement, error);
	history_sync_fully(history, false);
	return done;
}

void history_bind(sqlite3_stmt *statement, int index, const char *text)
{
	sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}
