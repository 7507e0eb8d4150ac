/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   libvips' reduceh and reducev, which resize and thumbnail use, sum one product after the other in some versions and formats
 *            (QUIRK_SLOW_REDUCEH, QUIRK_SLOW_FLOATS_REDUCED). With the Lanczos kernels these sums are done here: of 8-bit pictures with 3 or 4
 *            bands by SSE2, for integers may be added in any order; of floats by AVX, several sums beside each other.
 * Thread:    see fast.h. Ownership: for good.
 */
#pragma once

/* Compares each with libvips on a small picture first, and leaves libvips alone where they differ. */
void reduce_install(void);
