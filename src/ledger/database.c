/* SPDX-License-Identifier: GPL-2.0-or-later
 * Opening and closing history.db: see database.h. */
#include "ledger/database.h"

#include "base/error.h"
#include "ledger/connection.h"

struct history *history_open(const char *path, GError **error)
{
	struct history *history = connection_new(path);
	g_autoptr(GError) cause = NULL;

	if (connection_open(history, false, &cause))
		return history;
	connection_disconnect(history, false);
	if (cause->code == ERROR_INPUT) {
		if (connection_begin_anew(history, cause->message, error))
			return history;
	} else {
		g_propagate_error(error, g_steal_pointer(&cause));
	}
	history_close(history);
	return NULL;
}

struct history *history_open_anew(const char *path, const char *why, GError **error)
{
	struct history *history = connection_new(path);

	if (connection_begin_anew(history, why, error))
		return history;
	history_close(history);
	return NULL;
}

bool history_began(struct history *history)
{
	return g_atomic_int_compare_and_exchange(&history->store->began, 1, 0);
}

struct history *history_open_again(const struct history *history, GError **error)
{
	struct history *again = connection_share(history);

	if (connection_open(again, true, error))
		return again;
	history_close(again);
	return NULL;
}

void history_close(struct history *history)
{
	if (history)
		connection_free(history);
}
