/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   some rows of a PNG, filtered and packed by themselves into one chunk of pixels (IDAT). Chunks of all rows, one after the other, are
 *            one stream: each ends at a byte, and none looks back into the one before. Filters and chunks: PNG specification (third
 *            edition), clauses 5, 9 and 12.7; the stream's wrapping: RFC 1950. Private to parallel_png.c.
 * Thread:    each chunk in one. Ownership: png_chunk_free().
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

#include "base/auto.h"

#define CHUNK_HEAD_BYTES 8 /* length, type */

/* How a PNG's rows are packed. */
struct png_way {
	int level;         /* of deflate, 1 to 9 */
	int filter;        /* 0 to 4, or FILTERS: of each row the one that looks best */
	gsize pixel, line; /* bytes */
	bool wide;         /* 16 bits a band, in this machine's order */
};
enum png_filter { FILTER_NONE, FILTER_SUB, FILTER_UP, FILTER_AVERAGE, FILTER_PAETH, FILTERS };

struct png_chunk;

/* first: of the picture. Errors: ERROR_RETRY (no memory). */
struct png_chunk *png_chunk_new(const struct png_way *way, bool first, GError **error);
void png_chunk_row(struct png_chunk *chunk, const VipsPel *row);
/* last: of the picture. */
void png_chunk_end(struct png_chunk *chunk, bool last);
void png_chunk_free(struct png_chunk *chunk); /* NULL is fine */
DEFINE_AUTO(png_chunk, png_chunk_free)

/* After its end: the chunk as the file has it, and the new checksum over all pixels. */
const GByteArray *png_chunk_bytes(const struct png_chunk *chunk);
guint32 png_chunk_sum(const struct png_chunk *chunk, guint32 before);

/* The chunk with the checksum, behind all others, and the end of the file. Returns owned. */
GByteArray *png_end(guint32 sum);
guint32 png_no_sum(void); /* before the first chunk */
