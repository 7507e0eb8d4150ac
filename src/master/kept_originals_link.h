/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   connects intake with the originals that stay in their inboxes: intake asks about them, and looks again when the answer changes.
 * Thread:    the main thread, before the loop runs; what it sets up is called on other threads.
 * Ownership: none.
 */
#pragma once

#include "master/intake/intake.h"

struct master;

/* Sets the events whose answers the kept originals have. The events' user is the master. */
void kept_link_events(struct intake_events *events);
/* Opens master->kept. The history is there. Errors: those of kept_new(). */
bool kept_link_open(struct master *master, GError **error);
