/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the claims of this process that have not ended: recovery leaves them alone, and their number is bounded.
 * Thread:    any; a lock inside.
 * Ownership: claim_unregister_all().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

void claim_register(const char *id, const char *inbox);
void claim_unregister(const char *id);
bool claim_registered(const char *id);
guint claim_count(const char *inbox);
/* Are they at most `low`? When not, the descriptor is written to as soon as they are. */
bool claim_await(const char *inbox, guint low);
void claim_register_wakes(int descriptor); /* an eventfd; -1: none */
void claim_unregister_all(void);
