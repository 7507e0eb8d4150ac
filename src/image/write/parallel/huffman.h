/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the bits of a baseline JPEG's entropy-coded data: reading one MCU of them, and joining them without a gap. Private to parallel_jpeg.c.
 *            Codes, categories and byte stuffing: ITU-T T.81, annexes C, F.1.2 and F.2.2.
 * Thread:    any. Ownership: plain values; bits_out is freed by its owner.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* One table of a DHT segment. */
struct huffman {
	guint8 symbols[256];
	guint16 code[256]; /* by symbol; */
	guint8 size[256];  /* bits; 0: no such symbol */
	int first[17];     /* by bits: the first code, */
	int count[17];     /* how many there are, */
	int at[17];        /* where the first one's symbol lies */
};

/* counts: 16, by bits from 1; symbols: as many as they say. False: no code can be so. */
bool huffman_make(struct huffman *table, const guint8 *counts, const guint8 *symbols, gsize length);

/* Bits without stuffing. */
struct bits {
	const guint8 *bytes;
	gsize at, end; /* bit numbers */
};

/* A block's difference of DC, which lies at bits from..to. */
struct dc {
	gsize from, to;
	int difference;
};
/* Reads a block. False: the bits are none. */
bool bits_block(struct bits *bits, const struct huffman *dc, const struct huffman *ac, struct dc *found);

/* Bits that become bytes, with stuffing. */
struct bits_out {
	GByteArray *bytes;
	guint64 pending;
	guint count; /* of bits pending, less than 8 between calls */
};
void bits_put(struct bits_out *out, guint32 value, guint count); /* at most 32 */
void bits_put_dc(struct bits_out *out, const struct huffman *table, int difference);
void bits_copy(struct bits_out *out, const guint8 *bytes, gsize from, gsize to);
/* Fills the last byte with ones. */
void bits_flush(struct bits_out *out);
