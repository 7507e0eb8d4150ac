/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   takes workers' results.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#pragma once

#include "bus/protocol/wire.h"

struct master;

void assemble(struct master *master, struct result *result);
