/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one connection to history.db: opened, checked, renamed when it is damaged, started again. Private to this room.
 * Thread:    a struct history is used by one thread at a time; a store is shared by those that were opened again.
 * Ownership: connection_free(). A store goes with its last connection.
 */
#pragma once

#include <sqlite3.h>

#include "ledger/database.h"

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

struct history *connection_new(const char *path);
/* Another one to the same file. */
struct history *connection_share(const struct history *history);
/* trusted: another connection has checked the file. ERROR_INPUT: it is damaged. */
bool connection_open(struct history *history, bool trusted, GError **error);
/* Renames the file, opens another, and copies what can be read. why is logged. */
bool connection_begin_anew(struct history *history, const char *why, GError **error);
/* Before each use: opens the file again when it was damaged or removed, or when another one was begun. Errors are those of connection_open(). */
bool connection_ready(struct history *history, GError **error);
/* Notes that the file is damaged when the code says so; false with ERROR_RETRY. */
bool connection_fail(struct history *history, int code, GError **error);
/* replaced: another file has the name by now, and this connection must not touch what lies there. */
void connection_disconnect(struct history *history, bool replaced);
void connection_free(struct history *history);
