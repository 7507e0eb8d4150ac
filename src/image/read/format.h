/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   files opened as libvips images, with limits.
 * Thread:    any, one image to one thread. Ownership: images are returned owned.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

#include "image/table/auto.h"

struct image_limits {
	double megapixels; /* width * height of the read pixels / 1e6; 0: no limit */
	unsigned frames;   /* frames or pages that are read; 0: no limit */
};

/* Once per process: vips_init, no operation cache, untrusted loaders blocked (see image/read/allow.h), warnings to our log.
 * concurrency: libvips' threads; 0: its default. */
bool image_init(const char *program, int concurrency, GError **error);

/* A thread for computing regions by hand. Only in threads that libvips started does a region know that its buffer holds finished
 * pixels, and are freed buffers kept for the next ones. Join it. */
GThread *image_thread_new(const char *name, GThreadFunc run, gpointer data);

/* Opens the first frame or page of a file, or the bytes of one when bytes is not NULL (path then only names it in errors). Header only,
 * with as many pages as the file has pictures (see pages.h); the limit of frames is for page_frames_open(). Pixels are decoded when asked for, and a decoding error is an error (fail on truncation), never grey
 * pixels. sequential: read top to bottom once. Errors say what is wrong with the file: "not an image that
 * dropmill reads (the file starts with ...)", "empty file", "... limit". */
bool format_open(const char *path, GBytes *bytes, bool sequential, const struct image_limits *limits, VipsImage **out,
	GError **error);

/* The file, or its bytes, as a source that a safe or an allowed loader reads, for operations that load by themselves. Refuses what
 * format_open() refuses, except for the limits: open it first. Returns owned. */
VipsSource *format_source(const char *path, GBytes *bytes, GError **error);

/* What libvips must stop at, so that damage is an error and no pixels. */
VipsFailOn format_fail_on(VipsSource *source);

/* The image of such a source, header first; options as libvips has them behind a name ("[page=1]"), or "". NULL: libvips says why. */
VipsImage *format_load(VipsSource *source, const char *options, VipsAccess access);

/* libvips' operations that take a source would not open it, or show it in wrong colours: only format_load() does. */
bool format_must_load(VipsSource *source);

/* The format that a loader stands for ("jpegload" is "jpeg", "svgload" is "svg"); "png" for those that are unknown. */
const char *format_of_loader(const char *loader);
/* The same for an opened image, which also tells AVIF from HEIC. */
const char *format_of_image(VipsImage *image);
/* In which format it is written where an output keeps the source's: "png" for one that is only read. */
const char *format_kept(VipsImage *image);
/* Opened by a loader that a definition has to allow. Such files run whole: some of their loaders draw only the
 * requested area. */
bool format_needs_leave(VipsImage *image);
