/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   identifiers of claims, which are those of jobs: sortable by time, [a-z0-9-].
 * Thread:    any.
 * Ownership: none.
 */
#ifndef DROPMILL_MASTER_INBOX_CLAIM_ID_H
#define DROPMILL_MASTER_INBOX_CLAIM_ID_H

#include <glib.h>

char *claim_new_id(void); /* owned */
/* One that is there from an earlier run: new ones sort after it. */
void claim_seen_id(const char *id);

#endif
