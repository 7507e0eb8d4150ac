/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a format that can be encoded in strips has to do. Private to strips*.c.
 * Thread:    begin, append and end are called in order, never two at once; encode in any thread, several at once.
 */
#ifndef DROPMILL_IMAGE_WRITE_PARALLEL_PARALLEL_SAVE_PRIVATE_H
#define DROPMILL_IMAGE_WRITE_PARALLEL_PARALLEL_SAVE_PRIVATE_H

#include "image/table/format_table.h"
#include "image/write/parallel/parallel_save.h"

/* The file that is written. */
struct strips_file {
	int fd;             /* -1: to memory */
	const char *path;   /* for errors */
	gint64 at;          /* bytes written */
	GByteArray *memory; /* what was written, instead */
};
bool strips_open(struct strips_file *file, const char *path /* NULL: to memory */, GError **error);
/* On disk; error: what went wrong before, or does now. */
void strips_close(struct strips_file *file, GError **error);
bool strips_write(struct strips_file *file, const void *bytes, gsize length, GError **error);
/* Over what was written before. */
bool strips_write_over(struct strips_file *file, gint64 at, const void *bytes, gsize length, GError **error);

struct strips {
	const struct strips_kind *kind;
	const struct format *format;
	VipsImage *image; /* as the saver gets it */
	JsonObject *save;
	JsonObject *bare; /* the same, without metadata */
	int rows;         /* of a strip; the last one has what is left, */
	int least;        /* but that never alone when it is less than this: then the one before is the last */
	int threads;
	struct strips_flow flow;
	void *state; /* of the kind */
};

struct strips_kind {
	const char *format;
	bool fixed;     /* strips have just that many rows: */
	bool whole_end; /* none has less: */
	/* The strips' rows must be a multiple of this; 0: not with these options. */
	int (*unit)(const struct strips *strips);
	/* Reads what a saver writes of a picture like this. NULL without an error: does not suit after all. Returns owned. */
	void *(*begin)(struct strips *strips, GError **error);
	/* One strip, whose rows are there. Returns owned. */
	void *(*encode)(struct strips *strips, const VipsRect *strip, GError **error);
	/* Takes what encode() made. */
	bool (*append)(struct strips *strips, struct strips_file *file, void *encoded, GError **error);
	bool (*end)(struct strips *strips, struct strips_file *file, GError **error);
	void (*encoded_free)(void *encoded);
	void (*state_free)(void *state);
};
extern const struct strips_kind strips_jpeg, strips_png, strips_tiff;

/* A PNG by one thread, with the same bytes. image: as the saver gets it. */
bool strips_png_suits(VipsImage *image, JsonObject *save);
/* suits: set to false, without an error, when the saver itself is to write it after all. */
bool strips_png_save(VipsImage *image, const struct format *format, JsonObject *save, struct strips_file *file,
	bool *suits, GError **error);

/* This part of the picture as the saver writes it by itself, with none of its metadata. */
bool strips_save_part(struct strips *strips, const VipsRect *part, GBytes **out, GError **error);

/* What the saver writes, with all metadata, of a black picture like this one, until `enough` says so; all of it if that never does. */
bool strips_save_head(struct strips *strips, JsonObject *save, bool (*enough)(const GByteArray *written),
	GByteArray **out, GError **error);

/* A black picture of another size, with all metadata. */
bool strips_save_model(struct strips *strips, int width, int height, GBytes **out, GError **error);

#endif
