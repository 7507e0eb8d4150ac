/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   PNG's filters undone, row by row, as the PNG specification has them.
 * Thread:    any. Ownership: borrows.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* As many bytes behind the last row may be read, and must be there. */
#define PNG_ROWS_BEHIND 1

/* rows of bytes each, with the filter's number before each; they are put one behind the other from the start of data on. pixel: bytes of
 * one, 1 to 4. False: there is no such filter, and data is spoilt. */
bool png_rows_unfilter(guint8 *data, int rows, gsize bytes, int pixel);
