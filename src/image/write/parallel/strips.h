/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a format that can be encoded in strips has to do. Private to this room.
 * Thread:    begin, append and end are called in order, never two at once; encode in any thread, several at once.
 */
#pragma once

#include "image/table/format_table.h"
#include "image/write/parallel/parallel_save.h"

/* The file that is written. */
struct parallel_save_file {
	int fd;             /* -1: to memory */
	const char *path;   /* for errors */
	gint64 at;          /* bytes written */
	GByteArray *memory; /* the bytes, instead */
};
bool parallel_save_open(struct parallel_save_file *file, const char *path /* NULL: to memory */, GError **error);
/* Syncs it to disk. error may be set before: then it stays. */
void parallel_save_close(struct parallel_save_file *file, GError **error);
bool parallel_save_write(struct parallel_save_file *file, const void *bytes, gsize length, GError **error);
/* Overwrites bytes that were written before. */
bool parallel_save_write_over(
	struct parallel_save_file *file, gint64 at, const void *bytes, gsize length, GError **error);

struct parallel_save {
	const struct parallel_save_kind *kind;
	const struct format *format;
	VipsImage *image; /* as the saver gets it */
	JsonObject *save;
	JsonObject *bare; /* the same, without metadata */
	int rows;         /* of a strip; the last one may have fewer */
	int least;        /* a last strip of fewer rows than this becomes part of the one before */
	int threads;
	struct parallel_save_flow flow;
	void *state; /* of the kind */
};

struct parallel_save_kind {
	const char *format;
	bool fixed;     /* strips have just that many rows: */
	bool whole_end; /* none has less: */
	/* The strips' rows must be a multiple of this; 0: not with these options. */
	int (*unit)(const struct parallel_save *strips);
	/* Reads what a saver writes of a picture like this. NULL without an error: does not suit after all. Returns owned. */
	void *(*begin)(struct parallel_save *strips, GError **error);
	/* One strip, whose rows are there. Returns owned. */
	void *(*encode)(struct parallel_save *strips, const VipsRect *strip, GError **error);
	/* Takes what encode() made. */
	bool (*append)(struct parallel_save *strips, struct parallel_save_file *file, void *encoded, GError **error);
	bool (*end)(struct parallel_save *strips, struct parallel_save_file *file, GError **error);
	void (*encoded_free)(void *encoded);
	void (*state_free)(void *state);
};
extern const struct parallel_save_kind parallel_jpeg, parallel_png, parallel_tiff;

/* This part of the picture as the saver writes it by itself, with none of its metadata. */
bool parallel_save_part(struct parallel_save *strips, const VipsRect *part, GBytes **out, GError **error);

/* What the saver writes, with all metadata, of a black picture like this one, until `enough` says so; all of it if that never does. */
bool parallel_save_head(struct parallel_save *strips, JsonObject *save, bool (*enough)(const GByteArray *written),
	GByteArray **out, GError **error);

/* A black picture of another size, with all metadata. */
bool parallel_save_model(struct parallel_save *strips, int width, int height, GBytes **out, GError **error);
