/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   libvips' weights of the Lanczos kernels.
 * Thread:    any. Ownership: the caller's.
 */
#pragma once

/* Values that a sum is of. lobes: 2 or 3. */
int reduce_points(int lobes, double shrink);
/* points weights for each position between two pixels, of VIPS_TRANSFORM_SCALE + 1. Returns owned, for g_free(). */
double *reduce_weights(int lobes, double shrink);
