/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the header of PBM, PGM and PPM (netpbm's formats of that name, P1 to P6), and their ASCII kinds as binary ones. libvips
 *            misreads comments that follow each other, reads the bits of an ASCII PBM as one number, and takes missing numbers for 0.
 * Thread:    any. Ownership: borrows the bytes; others are returned owned.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct netpbm {
	char kind; /* '1' to '6' */
	guint width, height;
	guint most;    /* the largest value, maxval; 1 for PBM */
	gsize pixels;  /* where they begin */
	bool comments; /* the header has some */
};

/* False: not such a header, or it is cut short. */
bool netpbm_header(const guint8 *data, gsize length, struct netpbm *header);

/* The header of a binary file in as many bytes (`pixels`), without comments. Returns owned. */
char *netpbm_plain_header(const struct netpbm *header);

/* An ASCII file (kind '1' to '3') as the binary one of the same numbers; those above `most` become `most`. NULL: ERROR_INPUT, numbers are missing
 * or are none. */
GBytes *netpbm_binary(const guint8 *data, gsize length, const struct netpbm *header, GError **error);
