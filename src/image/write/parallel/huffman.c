/* SPDX-License-Identifier: GPL-2.0-or-later
 * Bits of a baseline JPEG: see huffman.h. */
#include "image/write/parallel/huffman.h"

#include <string.h>

#define LONGEST_CODE 16 /* bits */
#define MOST_DC_BITS 11 /* of a difference, with 8 bits a sample */
#define BLOCK 64        /* coefficients */
#define END_OF_BLOCK 0
#define ZERO_RUN 0xf0 /* sixteen zeros */

bool huffman_make(struct huffman *table, const guint8 *counts, const guint8 *symbols, gsize length)
{
	int code = 0;
	guint at = 0;

	memset(table, 0, sizeof(*table));
	for (int bits = 1; bits <= LONGEST_CODE; bits++) {
		table->first[bits] = code;
		table->count[bits] = counts[bits - 1];
		table->at[bits] = (int)at;
		for (int i = 0; i < counts[bits - 1]; i++, at++, code++) {
			if (at >= length || at >= G_N_ELEMENTS(table->symbols) || code >= 1 << bits)
				return false;
			table->symbols[at] = symbols[at];
			table->code[symbols[at]] = (guint16)code;
			table->size[symbols[at]] = (guint8)bits;
		}
		code <<= 1;
	}
	return true;
}

/* -1: no bit is left. */
static int next_bit(struct bits *bits)
{
	if (bits->at >= bits->end)
		return -1;
	int bit = bits->bytes[bits->at / 8] >> (7 - bits->at % 8) & 1;
	bits->at++;
	return bit;
}

/* -1: there is no such code. */
static int next_symbol(struct bits *bits, const struct huffman *table)
{
	int code = 0;

	for (int length = 1; length <= LONGEST_CODE; length++) {
		int bit = next_bit(bits);
		if (bit < 0)
			return -1;
		code = code << 1 | bit;
		int index = code - table->first[length];
		if (index >= 0 && index < table->count[length])
			return table->symbols[table->at[length] + index];
	}
	return -1;
}

static bool next_value(struct bits *bits, int size, int *value)
{
	*value = 0;
	for (int i = 0; i < size; i++) {
		int bit = next_bit(bits);
		if (bit < 0)
			return false;
		*value = *value << 1 | bit;
	}
	/* Those that begin with 0 are negative: F.2.2.1, EXTEND. */
	if (size > 0 && *value < 1 << (size - 1))
		*value -= (1 << size) - 1;
	return true;
}

bool bits_block(struct bits *bits, const struct huffman *dc, const struct huffman *ac, struct dc *found)
{
	int ignored;

	found->from = bits->at;
	int size = next_symbol(bits, dc);
	if (size < 0 || size > MOST_DC_BITS || !next_value(bits, size, &found->difference))
		return false;
	found->to = bits->at;
	for (int k = 1; k < BLOCK; k++) {
		int symbol = next_symbol(bits, ac);
		if (symbol < 0)
			return false;
		if (symbol == END_OF_BLOCK)
			return true;
		k += symbol == ZERO_RUN ? 15 : symbol >> 4;
		if (symbol != ZERO_RUN && !next_value(bits, symbol & 15, &ignored))
			return false;
	}
	return true;
}

static void put_byte(struct bits_out *out, guint8 byte)
{
	static const guint8 stuffed[] = {0xff, 0};

	g_byte_array_append(out->bytes, byte == 0xff ? stuffed : &byte, byte == 0xff ? 2 : 1);
}

static bool has_ff(guint32 word)
{
	/* Is a byte of its complement zero? */
	return ((~word - 0x01010101u) & word & 0x80808080u) != 0;
}

void bits_put(struct bits_out *out, guint32 value, guint count)
{
	out->pending = out->pending << count | (count < 32 ? value & ((1u << count) - 1) : value);
	out->count += count;
	if (out->count >= 32) {
		guint32 word = (guint32)(out->pending >> (out->count - 32));
		if (!has_ff(word)) {
			word = GUINT32_TO_BE(word);
			g_byte_array_append(out->bytes, (const guint8 *)&word, sizeof(word));
			out->count -= 32;
		}
	}
	while (out->count >= 8) {
		out->count -= 8;
		put_byte(out, (guint8)(out->pending >> out->count));
	}
}

void bits_put_dc(struct bits_out *out, const struct huffman *table, int difference)
{
	int magnitude = ABS(difference);
	guint size = 0;

	while (magnitude >> size)
		size++;
	bits_put(out, table->code[size], table->size[size]);
	/* A negative one is written as one less. */
	if (size > 0)
		bits_put(out, (guint32)(difference < 0 ? difference - 1 : difference), size);
}

void bits_copy(struct bits_out *out, const guint8 *bytes, gsize from, gsize to)
{
	for (; from < to && from % 8; from++)
		bits_put(out, bytes[from / 8] >> (7 - from % 8) & 1, 1);
	for (; from + 32 <= to; from += 32) {
		guint32 word;
		memcpy(&word, bytes + from / 8, sizeof(word));
		bits_put(out, GUINT32_FROM_BE(word), 32);
	}
	for (; from < to; from++)
		bits_put(out, bytes[from / 8] >> (7 - from % 8) & 1, 1);
}

void bits_flush(struct bits_out *out)
{
	if (out->count > 0)
		bits_put(out, 0xff, 8 - out->count);
}
