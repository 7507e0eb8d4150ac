/* SPDX-License-Identifier: GPL-2.0-or-later
 * The weights: see reduce_weights.h. The arithmetic is that of libvips' templates.h. */
#include "image/fast/reduce_weights.h"

#include <math.h>
#include <vips/vips.h>

#include "image/quirks/quirks.h"

int reduce_points(int lobes, double shrink)
{
	return 2 * (int)rint(lobes * shrink) + 1;
}

static double sinc(double x)
{
	if (x == 0.0)
		return 1.0;
	x = x * VIPS_PI;
	return sin(x) / x;
}

/* The same number, with other roundings: see QUIRK_LANCZOS_BY_ONE_QUOTIENT. */
static double one_quotient(double at, int lobes)
{
	if (at == 0.0)
		return 1.0;
	return (double)lobes * sin(VIPS_PI * at) * sin(VIPS_PI * at / (double)lobes) / (VIPS_PI * VIPS_PI * at * at);
}

/* For a position x between two pixels, 0 to 1. */
static void fill_weights(double *weights, int lobes, double shrink, double x)
{
	const bool quotient = quirk(QUIRK_LANCZOS_BY_ONE_QUOTIENT);
	const int points = reduce_points(lobes, shrink);
	const double half = x + points / 2.0 - 1;
	double sum = 0;

	for (int i = 0; i < points; i++) {
		const double at = (i - half) / shrink;
		weights[i] = at < -lobes || at > lobes ? 0.0
			     : quotient                ? one_quotient(at, lobes)
						       : sinc(at) * sinc(at / lobes);
		sum += weights[i];
	}
	for (int i = 0; i < points; i++)
		weights[i] /= sum;
}

double *reduce_weights(int lobes, double shrink)
{
	const int points = reduce_points(lobes, shrink);
	double *weights = g_new(double, (gsize)points *(VIPS_TRANSFORM_SCALE + 1));

	for (int x = 0; x <= VIPS_TRANSFORM_SCALE; x++)
		fill_weights(weights + (gsize)x * points, lobes, shrink, (float)x / VIPS_TRANSFORM_SCALE);
	return weights;
}
