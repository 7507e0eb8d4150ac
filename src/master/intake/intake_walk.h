/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what lies in folders, found by reading them.
 * Thread:    intake's.
 * Ownership: walk_stop().
 */
#ifndef DROPMILL_MASTER_INTAKE_INTAKE_WALK_H
#define DROPMILL_MASTER_INTAKE_INTAKE_WALK_H

#include "master/intake/intake_settle.h"

/* An inbox with all below it, from the beginning, as far as there is room: walk_go_on() when there is more. */
void walk_start(struct watched_inbox *inbox);
/* True when it is over; *number then is 0 or errno of the inbox's folder, *watched whether its changes will be seen. */
bool walk_go_on(struct intake *intake, struct watched_inbox *inbox, int *number, bool *watched);
void walk_stop(struct watched_inbox *inbox); /* without a walk, too */
/* Watches and walks a folder with all below at once. arrival: how its files came. */
void walk_folder(struct intake *intake, struct watched_inbox *inbox, const char *relative, enum arrival arrival);
/* How many entries there are, by their names alone. */
guint64 walk_count(struct intake *intake, struct watched_inbox *inbox);

#endif
