/* SPDX-License-Identifier: GPL-2.0-or-later
 * Faster ways to the same bytes: see fast.h. */
#include "image/fast/fast.h"

#include "image/fast/png_load.h"
#include "image/fast/reduce.h"

void fast_install(void)
{
	png_load_install();
	reduce_install();
}
