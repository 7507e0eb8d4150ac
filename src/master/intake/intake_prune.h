/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   emptied folders of drops are removed. Paths are relative to the inbox.
 * Thread:    intake's.
 * Ownership: prune_forget().
 */
#pragma once

#include <stdbool.h>

struct watched_inbox;

void prune_came(struct watched_inbox *inbox, const char *relative);             /* a folder was made or moved in */
void prune_gone(struct watched_inbox *inbox, const char *relative, bool moved); /* a folder was removed or moved away */
void prune_touch(struct watched_inbox *inbox, const char *relative);            /* something came */
void prune_taken(struct watched_inbox *inbox, const char *relative);            /* a file was claimed */
void prune_run(struct watched_inbox *inbox);                                    /* removes what is due */
void prune_forget(struct watched_inbox *inbox);
