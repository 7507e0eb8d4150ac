/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   takes up what was posted of jobs: asks their course, and runs the effects that it names.
 * Thread:    the master's loop.
 * Ownership: a job may be gone afterwards.
 */
#pragma once

struct master;

/* Until nothing is posted any more. Not from an effect. */
void run_effects(struct master *master);
