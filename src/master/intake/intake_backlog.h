/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how many files of an inbox wait that are not reported one by one.
 * Thread:    intake's.
 * Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct intake;
struct watched_inbox;

/* Counts the remaining files when that is due, and reports how many wait. */
void backlog_tell(struct intake *intake, struct watched_inbox *inbox);
/* The inbox is closed. */
void backlog_untell(struct intake *intake, struct watched_inbox *inbox);
/* When backlog_tell() has something to do. */
gint64 backlog_next_us(const struct intake *intake, const struct watched_inbox *inbox);
