/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how many files of an inbox may be claimed, and how many may be in the table. The others stay where they are, unknown but
 *            for their number, and are found by going on with a walk.
 * Thread:    intake's.
 * Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct intake;
struct watched_inbox;

/* May another file be noted that an event reported, or that the walk found? */
bool room_to_note(const struct intake *intake, const struct watched_inbox *inbox);
/* Few enough are noted that a walk is worth it. */
bool room_to_walk(const struct intake *intake, const struct watched_inbox *inbox);
/* So many claims have ended that others may be made. */
bool room_to_claim(struct intake *intake, struct watched_inbox *inbox);
/* How many claims of an earlier run may be handed out. */
guint room_to_recover(struct intake *intake, struct watched_inbox *inbox);
/* There are, or may be, files that are not in the table. */
bool room_backlog(const struct watched_inbox *inbox);
/* Before either of these: the time is noted when it is the first. */
void room_begin_backlog(struct watched_inbox *inbox);
