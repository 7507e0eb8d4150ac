/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   asks libvips by trying. Each sets *found (it has the quirk) and returns true, or false when libvips could not be asked.
 * Thread:    any, after vips_init().
 * Ownership: none.
 */
#pragma once

#include <stdbool.h>

bool probe_alpha_of_scrgb(bool *found);
bool probe_sobel_of_8_bits(bool *found);
bool probe_sharpen_to_10(bool *found);
bool probe_grey_by_709(bool *found);
bool probe_rank_of_8_bits(bool *found);
bool probe_exr_by_name(bool *found);
bool probe_last_block_unseen(bool *found);
bool probe_side_of_100_million(bool *found);
bool probe_equal_frames_joined(bool *found);
bool probe_zstd_level(bool *found);
