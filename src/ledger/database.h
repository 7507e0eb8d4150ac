/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the file history.db: finished jobs (history.h), and who owns which output (ledger.h). SQLite; losing it loses history,
 *            never a picture.
 * Thread:    one thread at a time; the master opens it on its loop and then uses it on its commit thread only. Others open it again.
 * Ownership: history_close().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

/* How the error of a locked database ends. */
#define HISTORY_LOCKED "is locked by another program"

struct history;

/* Opens or makes the database. A file that is damaged, cannot be written or is of a newer version is renamed to
 * NAME.damaged-TIME. The log says so, and a new file gets what can be read of it. The same happens later, if the file
 * turns out damaged or disappears. Error: ERROR_RETRY, what may pass: it is locked by another program, the disk is
 * full. */
struct history *history_open(const char *path, GError **error);
/* The same, but an existing file is renamed in any case: why is logged. */
struct history *history_open_anew(const char *path, const char *why, GError **error);
/* True once for each time that a database was begun, new or instead of another: what it should know has to be learnt again. */
bool history_began(struct history *history);
/* A second connection to the same database, for another thread. */
struct history *history_open_again(const struct history *history, GError **error);
void history_close(struct history *history); /* NULL is fine */
DEFINE_AUTO(history, history_close)
