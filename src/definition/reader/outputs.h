/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the reader of the list of outputs.
 * Thread:    any. Ownership: as said below.
 */
#pragma once

#include "definition/reader/reader.h"

/* Into reader->pipeline. */
void read_outputs(struct reader *reader, const struct node *node);
