/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   gives ready tasks to workers that have room.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#pragma once

struct master;

/* Gives out what is ready to whoever has room, until something is posted. */
void dispatch(struct master *master);
