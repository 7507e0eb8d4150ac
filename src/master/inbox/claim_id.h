/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   identifiers of claims, which are those of jobs: sortable by time, [a-z0-9-].
 * Thread:    any.
 * Ownership: none.
 */
#pragma once

#include <glib.h>

char *claim_new_id(void); /* owned */
/* One that is there from an earlier run: new ones sort after it. */
void claim_seen_id(const char *id);
