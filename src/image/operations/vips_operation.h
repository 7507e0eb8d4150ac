/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `vips: {operation: NAME, ...}`, any libvips operation with one image in and one out. Private to image/.
 * Thread:    any, after image_init(). Ownership: static.
 */
#pragma once

#include <stdbool.h>

/* Whether libvips has an operation of that name that can be a step. */
bool vips_operation_usable(const char *name);
