/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a baseline JPEG of one scan says before its entropy-coded data, and that data bit by bit. Private to parallel_jpeg.c.
 *            ITU-T T.81: B.2 (markers), A.2 (order of blocks).
 * Thread:    any. Ownership: plain values; byte arrays are returned owned.
 */
#pragma once

#include "image/write/parallel/huffman.h"

#define MOST_COMPONENTS 4
#define MOST_TABLES 4

struct component {
	guint8 id;
	int across, down; /* blocks in an MCU */
	int dc, ac;       /* tables */
};

struct jpeg_scan {
	struct component components[MOST_COMPONENTS];
	int count;
	struct huffman dc[MOST_TABLES], ac[MOST_TABLES];
	int mcu_width, mcu_height; /* px */
};

/* Where the entropy-coded data begins; 0: not there yet. */
gsize jpeg_scan_at(const guint8 *bytes, gsize length);
/* False: not such a file, or not through the start of its scan. scan: all zero before. */
bool jpeg_scan_read(struct jpeg_scan *scan, const guint8 *bytes, gsize length);

/* The segments of tables and of the frame, which has its size left out: two files with the same ones encode blocks alike. */
GByteArray *jpeg_scan_tables(const guint8 *bytes, gsize length);

/* The entropy-coded data of a whole file, without the zeros that are stuffed behind 0xff. NULL: not what libjpeg writes. */
GByteArray *jpeg_scan_data(const guint8 *bytes, gsize length);

/* Reads one MCU. first: the difference of each component's first block. sums: all of each component's are added to it; may be NULL. False: the
 * bits are none. */
bool jpeg_scan_mcu(const struct jpeg_scan *scan, struct bits *bits, struct dc *first, int *sums);
