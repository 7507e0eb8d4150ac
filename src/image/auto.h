/* SPDX-License-Identifier: GPL-2.0-or-later
 * Purpose: g_autoptr(VipsImage) and g_autoptr(VipsRegion), which libvips 8.14 does not define. */
#ifndef DROPMILL_IMAGE_AUTO_H
#define DROPMILL_IMAGE_AUTO_H

#include <vips/vips.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VipsImage, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VipsRegion, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VipsTarget, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VipsInterpolate, g_object_unref)

#endif
