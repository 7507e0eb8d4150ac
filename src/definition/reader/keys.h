/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the reader of the keys of a definition, by the table in definition/keys.h.
 * Thread:    any. Ownership: as said below.
 */
#pragma once

#include "definition/reader/reader.h"

/* A top-level key. */
void read_entry(struct reader *reader, const struct node_entry *entry);
/* What is wrong with this folder as an inbox, and from which byte on; NULL when nothing is. */
const char *inbox_fault(const char *inbox, gsize *offset_bytes);
