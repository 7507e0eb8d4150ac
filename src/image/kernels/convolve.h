/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   kernels of numbers over a picture, for the filters made of them. Private to image/.
 * Thread:    the thread that owns the images. Ownership: images are returned owned in *out.
 */
#pragma once

#include <stdbool.h>

#include "image/table/auto.h"

/* Sum of weights times pixels, over scale, plus offset (in levels), as floating point. The kernel is not mirrored. */
bool convolve_with(VipsImage *in, const double *weights, int width, int height, double scale, double offset,
	VipsImage **out, GError **error);

/* A Gaussian of that sigma over radius pixels to either side (0: three sigma), as floating point: nothing is lost to rounding. */
bool convolve_gaussian(VipsImage *in, double sigma, int radius, VipsImage **out, GError **error);

/* libvips divides by the rounded scale of a kernel where it convolves in integers: see QUIRK_CONV_BY_ROUNDED_SCALE. */
bool convolve_scale_fits(double scale, bool integer, GError **error);
