/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   inboxes: opened, locked, walked when that is due, closed.
 * Thread:    intake's.
 * Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct intake;
struct watched_inbox;

/* Makes (when create) and opens the folder of an inbox when it is not, or finds that it is another or gone. */
void scan_check(struct intake *intake, struct watched_inbox *inbox, bool create);
/* Ends its pass, when there is one. */
void scan_stop(struct watched_inbox *inbox);
/* Walks it, when that is due and there is room, or goes on with it. */
void scan_inbox(struct intake *intake, struct watched_inbox *inbox);
void scan_close(struct intake *intake, struct watched_inbox *inbox);
/* Before anything is claimed. False: another mill has it, and it is closed. */
bool scan_hold(struct intake *intake, struct watched_inbox *inbox);
/* Nothing is in hand: its file system may be unmounted. */
void scan_rest(struct watched_inbox *inbox);
