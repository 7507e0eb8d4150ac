/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   libvips' reduceh sums one product after the other (QUIRK_SLOW_REDUCEH). Of 8-bit pictures with 3 or 4 bands and the Lanczos kernels it
 *            is done here by SSE2: the sums are of integers, so that their order does not matter. resize and thumbnail use it.
 * Thread:    see fast.h. Ownership: for good.
 */
#pragma once

/* Compares both on a small picture first, and leaves libvips alone where they differ. */
void reduce_install(void);
