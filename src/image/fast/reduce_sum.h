/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   weighted sums of floats by AVX: several beside each other, each with its products in libvips' order, since the order of doubles
 *            is a part of the result.
 * Thread:    any. Ownership: borrows.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Has the processor what this takes? */
bool reduce_sum_available(void);

/* count sums from one on, each of points values that are skip apart. */
void reduce_sum(float *out, gsize count, const float *from, gsize skip, const double *weights, int points);
