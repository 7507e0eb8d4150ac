/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the ledger, asked in one line. Include it before cmocka.h.
 * Thread:    the test's. Ownership: strings are returned owned.
 */
#pragma once

#include "ledger/ledger.h"

static const struct stamp A_STAMP = {1000, 1700000000123456789};

/* NULL: none, or it cannot be told. */
static inline char *owner_of(struct history *history, const char *path)
{
	struct history_output output;

	if (!history_owner(history, path, &output, NULL))
		return NULL;
	g_free(output.job);
	return output.owner;
}
