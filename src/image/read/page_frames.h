/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   animations and documents of several pages: each frame opened by itself, and joined again for the saver.
 * Thread:    the thread that owns the images. Ownership: images are returned owned.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

#include "base/auto.h"
#include "image/read/format.h"

/* Does an output of this format and with these options take all frames of this opened file? False for a single picture. */
bool page_frames_wanted(VipsImage *opened, const char *format, JsonObject *save);

/* May they all be taken? Not more than the limit, and not of an animation that no loader reads. bytes NULL: the file at path. */
bool page_frames_allowed(
	VipsImage *opened, const char *path, GBytes *bytes, const struct image_limits *limits, GError **error);

struct page_frames {
	GPtrArray *images; /* VipsImage: each a picture like any other */
	VipsImage *all;    /* what delays and loop are taken from; NULL: none */
};

/* Opens every frame or page that is a picture of its own (see pages.h). limits: megapixels counts them all. */
struct page_frames *page_frames_open(
	const char *path, GBytes *bytes, const struct image_limits *limits, GError **error);
void page_frames_free(struct page_frames *frames); /* NULL is fine */
DEFINE_AUTO(page_frames, page_frames_free)

/* Finished frames (VipsImage): do they differ in size or colours? TIFF holds such pages (tiff_join.h); for all others that is the error of
 * page_frames_may_join(). */
bool page_frames_mixed(const GPtrArray *finished);
bool page_frames_may_join(const GPtrArray *finished, GError **error);

/* One image for format_save(): the finished frames (VipsImage) below each other, with what the source said of their time. */
bool page_frames_join(const struct page_frames *frames, const GPtrArray *finished, VipsImage **out, GError **error);

/* Joined, and the colours of its pages became sRGB, because their profiles differ. */
bool page_frames_settled(VipsImage *image);

/* The frames of an image for format_save(). */
int page_frames_count(VipsImage *image);

/* A finished picture that is one of several pages, or was one: what its loader said of pages is not true any more, and a saver would
 * cut it up. Puts a copy of the header in place of *image. */
bool page_frames_single(VipsImage **image, GError **error);
