/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   files and libvips images: open with limits, save with options.
 * Thread:    any, one image to one thread. Ownership: images are returned owned.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

#include "definition/reader/definition.h"
#include "image/table/auto.h"

struct param;

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

/* The image of such a source, header first; options as libvips has them behind a name ("[page=1]"), or "". NULL: libvips says why. */
VipsImage *format_load(VipsSource *source, const char *options, VipsAccess access);

/* libvips' operations that take a source would not open it, or show it in wrong colours: only format_load() does. */
bool format_must_load(VipsSource *source);

/* Save options of a format, checked from a definition (struct step_rules.check_save). */
JsonObject *format_check_save(
	const char *format, const struct node *output, const char *const *reserved, struct diagnostics *errors);
bool format_available(const char *format); /* the libvips at hand can write it */

/* The save options of a format; format NULL: those of an output that keeps the source's format. Ends with a NULL name; NULL for an unknown format. */
const struct param *format_options(const char *format);

/* The table of formats: "text", "markdown" or "json". Returns owned. */
char *formats_describe(const char *form);

/* The save options of one of a task's outputs ({"save", "title"...}); a pyramid's title, which the place gives, is among them. Returns owned. */
JsonObject *format_save_options(const char *format, JsonObject *wanted);

/* Does its profile say how the picture is to be seen, and will it not be in the file? Then format_save() applies it before: as a last step
 * would do, strip with keep: all but icc. */
bool format_drops_profile(VipsImage *image, const char *format, JsonObject *save);

/* What format_save() converts though nobody asked for it: a set of bits, 1 << enum implied (definition/implied.h). */
unsigned format_implied(VipsImage *image, const char *format, JsonObject *save);
/* The words of such a set: "implied": ["profile", "depth"] into entry, if there is any. */
void format_tell_implied(unsigned set, JsonObject *entry);

/* Which of its metadata will not be in the file, though the output's options would keep it: "lost": ["exif", "xmp", "iptc"] into entry, if there
 * is any. "thumbnail": EXIF has no room for the one that was asked for. */
void format_tell_lost(VipsImage *image, const char *format, JsonObject *save, JsonObject *entry);

/* Writes image as format ("jpeg"...) with save options to path (created or overwritten), or to memory. A pyramid (dz) makes a
 * folder there, or the bytes of one for folder_unpack(). On disk: what failed is to be thrown away. */
bool format_save(VipsImage *image, const char *path, const char *format, JsonObject *save, GError **error);
bool format_save_memory(VipsImage *image, const char *format, JsonObject *save, GBytes **out, GError **error);

/* The format that a loader stands for ("jpegload" is "jpeg", "svgload" is "svg"); "png" for those that are unknown. */
const char *format_of_loader(const char *loader);
/* The same for an opened image, which also tells AVIF from HEIC. */
const char *format_of_image(VipsImage *image);
/* In which format it is written where an output keeps the source's: "png" for one that is only read. */
const char *format_kept(VipsImage *image);
/* Opened by a loader that a definition has to allow. Such files run whole: some of their loaders draw only the
 * requested area. */
bool format_needs_leave(VipsImage *image);
