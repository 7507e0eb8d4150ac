/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one picture encoded on several cores. Its rows come from top to bottom, and each strip of them is encoded by itself as soon as it
 *            is there, beside its neighbours; the parts are joined in their order. JPEG and TIFF are, byte for byte, what libvips' savers
 *            write. A PNG holds the same pixels and metadata in other bytes, which depend on the picture alone: format_save() writes the same.
 *            Formats and options that cannot be cut so are left to it.
 * Thread:    parallel_save_run() in one; the callbacks `taken` and `stop`, and the picture's pixels, run in threads of its
 *            own, several at once.
 * Ownership: parallel_save_free().
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

#include "base/auto.h"

struct parallel_save;

/* Where the rows come from. */
struct parallel_save_flow {
	bool (*wait)(void *user, int until);  /* until the rows above are there; false: they will never be */
	void (*taken)(void *user, int until); /* no row above is requested again */
	void (*stop)(void *user);             /* a strip failed: makes wait() return false */
	void *user;
	int band_rows; /* rows come in bands of so many, */
	int room_rows; /* and no more than these are there at once: from the first that was not taken */
};

/* NULL: one thread is to save it; with an error if libvips refuses to. threads: at most so many. The image's pixels are not asked for here;
 * afterwards any part of rows that are there, in any order. flow is copied. */
struct parallel_save *parallel_save_new(VipsImage *image, const char *format, JsonObject *save, int threads,
	const struct parallel_save_flow *flow, GError **error);
void parallel_save_free(struct parallel_save *strips); /* NULL is fine */
DEFINE_AUTO(parallel_save, parallel_save_free)

int parallel_save_count(const struct parallel_save *strips);

/* As format_save(). False without an error: wait() said that there is nothing more to come. */
bool parallel_save_run(struct parallel_save *strips, const char *path, GError **error);
