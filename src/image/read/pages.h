/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   which of the pages that a loader speaks of are pictures of their own. libvips' HEIF loader counts every visible item, also the
 *            tiles that the picture is made of; its TIFF loader counts the smaller copies in a pyramid; its JPEG 2000 loader calls the
 *            picture's resolutions pages. Private to image/.
 * Thread:    the thread that owns the image. Ownership: borrows everything.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* How many pages the file has, as its loader says; vips_image_get_n_pages() says 1 from 10,000 on. */
int pages_count(VipsImage *image);

/* A freshly opened image then says how many pages the file has: its n-pages counts pictures. bytes NULL: the file at path. Does not touch
 * the image's source, from which some loaders read on where they were. */
void pages_settle(VipsImage *image, const char *path, GBytes *bytes);

/* The numbers by which the loader knows the pages of a TIFF (int), in their order; directories: as many as the file must have, 0: any number.
 * NULL: not known, so it is all that the loader has. Returns owned. */
GArray *pages_of_tiff(const char *path, GBytes *bytes, int directories);

/* Has the loader of this source, which nobody reads yet, such an argument ("n", "page")? */
bool pages_loader_takes(VipsSource *source, const char *argument);

/* The error of an animation (an AVIF or HEIF image sequence) that cannot be read. False, without an error: the file is none. */
bool pages_fail_sequence(const char *path, GBytes *bytes, GError **error);

/* Is what libvips would show of this page true (see unsupported.h)? */
bool pages_supported(const char *path, GBytes *given, const char *format, guint page, GError **error);
