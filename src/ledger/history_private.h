/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what the files of history share. history_open.c opens, checks and starts again, history_schema.c has the
 *            tables by version, history_error.c tells what SQLite says, history_salvage.c reads what can be read of a
 *            damaged database, history_ledger.c owners, numbers and kept originals, history.c finished jobs.
 * Thread:    a struct history is used by one thread at a time; a store is shared by those that were opened again.
 * Ownership: a store goes with its last history.
 */
#ifndef DROPMILL_LEDGER_HISTORY_PRIVATE_H
#define DROPMILL_LEDGER_HISTORY_PRIVATE_H

#include <sqlite3.h>

#include "ledger/history.h"

/* The file, for all connections to it. */
struct history_store {
	gint references; /* atomic */
	char *path;
	GMutex mutex;
	gint began;      /* atomic: see history_began() */
	gint generation; /* atomic; counts up when another file takes the place: the others open it, too */
};

struct history {
	struct history_store *store;
	sqlite3 *db; /* NULL: could not be opened again so far */
	gint generation;
	guint64 device, inode; /* of the file that is open */
	bool damaged;          /* seen while it was used: renamed before the next use */
	gint64 keep;           /* finished jobs; 0: all */
	guint added;           /* since the last look at how many there are */
	bool marked;           /* outputs that are written down carry a mark as well */
	bool grouped;          /* between history_begin() and history_end() */
};

/* A table and what salvage copies of it. texts: every text in it is shown to people, so it has to be valid UTF-8. */
struct history_table {
	const char *name, *columns;
	bool texts;
};
extern const struct history_table history_tables[]; /* ends with a NULL name */

/* Brings the database to the version of this program. ERROR_INPUT: it cannot be. *fresh: there was nothing in it. */
bool history_migrate(sqlite3 *db, const char *path, bool *fresh, GError **error);
/* Copies what can be read; how many rows of all tables. source: NULL is fine. */
guint history_salvage(sqlite3 *db, sqlite3 *source);
guint history_salvage_file(sqlite3 *db, const char *path);

/* What SQLite says, with the system's reason. The kind: ERROR_INPUT is a damaged file, ERROR_RETRY what may pass. */
bool history_fail(sqlite3 *db, int code, const char *path, GError **error);
bool history_run(sqlite3 *db, const char *sql, const char *path, GError **error);

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

#endif
