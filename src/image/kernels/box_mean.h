/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the mean of a window, by running sums of whole numbers: they are exact, so that it does not matter where a region
 *            begins, and cost the same for every size. Private to image/.
 * Thread:    as libvips. Ownership: returned owned in *out.
 */
#pragma once

#include <stdbool.h>

#include "image/table/auto.h"

/* 8 or 16 bits; halves are rounded up. */
bool box_mean(VipsImage *in, int width, int height, VipsImage **out, GError **error);
