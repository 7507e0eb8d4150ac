/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the virtual full-extent image: a libvips image with the whole picture's header, backed only by the pixels at hand.
 *            Positions are absolute, so whatever an operation does with them agrees with a run on the whole picture. A request
 *            outside the pixels at hand is an error, never a guess. The same image without pixels records the requests
 *            to it: that is how a tile's needs are found, without a formula for any operation.
 * Thread:    one thread: the one that evaluates. libvips runs single-threaded there.
 * Ownership: the tilesource must outlive its image; backing memory is borrowed until the next set.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

#include "base/auto.h"

struct tilesource;

/* Describes an image's header so that another process can make the same virtual image: width, height, bands, format, coding,
 * interpretation, resolution, offsets, demand hint, orientation. Returns owned. */
JsonObject *tilesource_describe(VipsImage *image);

/* From a description, and the profile, whose hash the description may have as "profile" (see
 * definition/reader/assets.h). Errors: ERROR_INPUT for a bad one. */
struct tilesource *tilesource_new(JsonObject *description, GError **error);
/* With an image's own header and all its metadata (planning, where the file is open). */
struct tilesource *tilesource_new_like(VipsImage *image, GError **error);
void tilesource_free(struct tilesource *source); /* NULL is fine */
DEFINE_AUTO(tilesource, tilesource_free)

VipsImage *tilesource_image(struct tilesource *source); /* borrowed */

/* Where pixel (x, y) of the picture lies: rows + ((y - top) % ring_rows) * stride + (x - left) * pixel bytes; ring_rows 0: no ring.
 * Only pixels inside have may be read. */
struct backing {
	const guint8 *rows;
	gsize stride;
	int left, top;
	int ring_rows;
	VipsRect have;
};
void tilesource_set(struct tilesource *source, const struct backing *backing);

/* Was a pixel asked for that was not at hand, since the last set? */
bool tilesource_missed(const struct tilesource *source);

/* Recording: start forgets. stop gives the bounding box of the requested pixels, false when there were none. While
 * recording, requests succeed and deliver zeros. */
void tilesource_record(struct tilesource *source);
bool tilesource_recorded(struct tilesource *source, VipsRect *box);
