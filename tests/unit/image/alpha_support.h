/* SPDX-License-Identifier: GPL-2.0-or-later
 * What exactness means for pictures with alpha, where neighbouring pixels are mixed. */
#pragma once

#include "support.h"

/* What libvips makes of the picture, by hand. */
typedef int (*direct)(VipsImage *in, VipsImage **out);

/* Premultiply, the operation, unpremultiply, cast. */
static inline int by_alpha(VipsImage *in, direct operation, VipsImage **out)
{
	g_autoptr(VipsImage) weighed = NULL, mixed = NULL, plain = NULL;

	if (!vips_image_hasalpha(in))
		return operation(in, out);
	return vips_premultiply(in, &weighed, NULL) || operation(weighed, &mixed) ||
	       vips_unpremultiply(mixed, &plain, NULL) || vips_cast(plain, out, in->BandFmt, NULL);
}
