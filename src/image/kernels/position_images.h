/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   images that compute each pixel from its place alone, for what libvips has no operation of: one picture laid into another,
 *            a picture stretched without a grid, the shapes of frames and round corners. However they are cut, the pixels are the
 *            same, and none of them holds a whole picture. Private to image/.
 * Thread:    as libvips' own. Ownership: images are returned owned; they keep what they read from.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* main with sub in it, at left, top (sub lies inside main; bands and format are the same). Unlike vips_insert() it never asks main for what sub
 * covers, and drops nothing of a source that is read once. */
bool position_images_patch(VipsImage *main, VipsImage *sub, int left, int top, VipsImage **out, GError **error);

/* A picture in memory, 8 or 16 bits, as width x height by linear interpolation. alpha: colours weigh as much as they show. */
bool position_images_stretch(VipsImage *memory, int width, int height, bool alpha, VipsImage **out, GError **error);

/* 255 (one band, 8 bits) inside a rectangle of the image's size with round corners, 0 outside, in between where the edge crosses. */
bool position_images_round_mask(int width, int height, double radius, VipsImage **out, GError **error);

/* An image like this one (bands, format, colour space), width x height. Each of its four sides has a colour (top,
 * right, bottom, left; pixels in the image's format). They meet in the diagonals of the corners. */
bool position_images_sides(
	VipsImage *like, int width, int height, VipsArrayDouble *const colours[4], VipsImage **out, GError **error);
