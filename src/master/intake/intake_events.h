/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what an event in a folder means.
 * Thread:    intake's.
 * Ownership: none.
 */
#pragma once

#include <stdbool.h>

struct intake;

/* Reads events, a bounded number, and does what they ask for; true when there may be more. */
bool events_run(struct intake *intake);
