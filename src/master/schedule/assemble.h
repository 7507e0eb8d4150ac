/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   takes workers' results.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_ASSEMBLE_H
#define DROPMILL_MASTER_SCHEDULE_ASSEMBLE_H

#include "bus/protocol/wire.h"

struct master;

void assemble(struct master *master, struct result *result);

#endif
