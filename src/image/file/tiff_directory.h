/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the directory of a TIFF of one page that libtiff has just written to memory, in this machine's byte order; classic or BigTIFF.
 *            Layout: TIFF 6.0, section 2. Private to parallel_tiff.c.
 * Thread:    any. Ownership: small_free().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

enum tiff_type { TYPE_SHORT = 3, TYPE_LONG = 4, TYPE_LONG8 = 16 };

struct entry {
	guint16 tag, type;
	guint64 count;
	const guint8 *value; /* in the file */
};

struct small {
	GBytes *file;
	bool big;
	GArray *entries; /* struct entry */
};

/* Takes the file. NULL: not as libtiff has written them until now. */
struct small *small_read(GBytes *file);
void small_free(struct small *small); /* NULL is fine */
DEFINE_AUTO(small, small_free)

const struct entry *small_find(const struct small *small, guint tag); /* NULL: it has none */
gsize entry_bytes(const struct entry *entry);
guint64 entry_number(const struct entry *entry, guint64 index); /* of one of the types above */
