/* SPDX-License-Identifier: GPL-2.0-or-later
 * SQLite's errors as ours: see sqlite_error.h. */
#include "ledger/sqlite_error.h"

#include <errno.h>

#include "base/error.h"
#include "ledger/database.h"

static enum error_kind kind_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_READONLY:
	case SQLITE_ERROR: /* other tables than ours */
		return ERROR_INPUT;
	default:
		return ERROR_RETRY;
	}
}

bool history_fail(sqlite3 *db, int code, const char *path, GError **error)
{
	int number = db ? sqlite3_system_errno(db) : 0;
	bool system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_CANTOPEN;

	if ((code & 0xff) == SQLITE_FULL && !number)
		number = ENOSPC; /* a short write, which sets no errno */
	if ((code & 0xff) == SQLITE_BUSY)
		return fail_number_at(error, PLACE_PROCESS, EBUSY, "%s " HISTORY_LOCKED, path);
	return fail(error, kind_of(code), "%s: %s%s%s", path, db ? sqlite3_errmsg(db) : sqlite3_errstr(code),
		system && number ? ": " : "", system && number ? g_strerror(number) : "");
}

bool history_run(sqlite3 *db, const char *sql, const char *path, GError **error)
{
	int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK || history_fail(db, code, path, error);
}
