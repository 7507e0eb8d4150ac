/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the reader of a list of steps.
 * Thread:    any. Ownership: as said below.
 */
#pragma once

#include "definition/reader/reader.h"

void read_steps(struct reader *reader, const struct node *node, GPtrArray *steps);
