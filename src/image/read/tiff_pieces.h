/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   packed TIFF files decoded on several cores. Their pixels lie in pieces (tiles, or strips of whole rows) that are packed each by
 *            itself, so that each core unpacks others, straight to where they are wanted. Plain pixels only: where libvips' loader does
 *            more than to copy what libtiff gives it, or has nothing to unpack, it is left to it.
 * Thread:    one at a time; it has threads of its own.
 * Ownership: tiff_pieces_free().
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

#include "base/auto.h"

struct tiff_pieces;

/* image: the file's first page as libvips opened it. threads, most_rows: at most so many, and so many rows at once.
 * NULL: not such a file; this is not an error. */
struct tiff_pieces *tiff_pieces_open(const char *path, const VipsImage *image, int threads, int most_rows);
void tiff_pieces_free(struct tiff_pieces *pieces); /* NULL is fine */
DEFINE_AUTO(tiff_pieces, tiff_pieces_free)

/* Rows that are best read at once: whole pieces. */
int tiff_pieces_rows(const struct tiff_pieces *pieces);

/* Rows top .. top + count - 1 of the picture; top is a multiple of tiff_pieces_rows(). count is that number, or the
 * remaining rows. Row y goes to rows + (y % ring_rows) * stride; rows NULL: they are only looked at. Errors:
 * ERROR_INPUT with libtiff's reason. */
bool tiff_pieces_read(
	struct tiff_pieces *pieces, int top, int count, guint8 *rows, gsize stride, int ring_rows, GError **error);

/* Until now: the pieces unpacked, and what its own threads have used of the processor. */
void tiff_pieces_spent(const struct tiff_pieces *pieces, gint64 *count, gint64 *cpu_us);

/* Does libtiff read this compression? */
bool tiff_unpacks(guint compression);
