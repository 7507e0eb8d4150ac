/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   libvips' loader of PNG gets its pixels from png_data.h where the picture is not large. Header and metadata stay libvips'.
 * Thread:    see fast.h. Ownership: for good.
 */
#pragma once

void png_load_install(void);
