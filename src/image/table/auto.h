/* SPDX-License-Identifier: GPL-2.0-or-later
 * Purpose: g_autoptr() of libvips' classes, where libvips' memory.h does not define them: see QUIRK_OWN_AUTOPTR. */
#pragma once

#include <vips/vips.h>

#include "image/quirks/quirks.h"

#if BUILT_WITHOUT_AUTOPTR
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VipsImage, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VipsRegion, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VipsSource, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VipsTarget, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VipsOperation, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VipsInterpolate, g_object_unref)
#endif
