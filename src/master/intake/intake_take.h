/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the last looks at a file that was quiet for long enough, and its claim.
 * Thread:    intake's.
 * Ownership: none.
 */
#pragma once

#include <stdbool.h>

struct intake;

extern bool intake_leases; /* false: as if leases were refused, as to a service user on others' files; tests set it */

/* Looks at files that are due, one of each inbox in turn, and claims them, for a bounded time. */
void take_run(struct intake *intake);
