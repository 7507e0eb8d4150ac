/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   struct pipeline, a checked definition: which inbox, which steps, which outputs. It has one
 *            canonical JSON form, in which it travels from the process that checks definitions to the
 *            master, and its chain from the master to codecs and workers.
 * Thread:    immutable once made; reference counted, so any thread may hold one.
 * Ownership: pipeline_ref()/pipeline_unref(); everything inside belongs to it.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "base/auto.h"

enum originals { ORIGINALS_ARCHIVE, ORIGINALS_DELETE, ORIGINALS_KEEP };

/* When an output's name is taken. The default, rename: by a number behind the stem, except that the same original dropped again replaces its
 * own output. */
enum on_conflict { CONFLICT_RENAME, CONFLICT_OVERWRITE, CONFLICT_SKIP, CONFLICT_FAIL };

struct step {
	char *operation;    /* canonical name in the table of operations; never an alias */
	JsonObject *params; /* checked; only the given ones, no defaults filled in */
	/* When it is done: [{"id": 1, "if": "width > 4000"}, ...], all of which must hold; NULL: always. Conditions of one id are one
	 * (of a group of steps), judged once, by the picture as it comes to the first of its steps. */
	JsonArray *when;
	const char *file; /* interned; NULL where it came from JSON */
	unsigned line, column;
};

struct output {
	char *name;       /* template, e.g. "{stem}-thumb.webp" */
	char *format;     /* "jpeg", "png", "webp", "tiff", ... or NULL: the source's own format */
	JsonObject *save; /* checked save options: quality, strip, ... */
	GPtrArray *steps; /* struct step: this output's own, after the common ones */
	char *when;       /* condition on the picture after the common steps; NULL: it is always made */
	const char *file; /* interned; NULL where it came from JSON */
	unsigned line, column;
};

struct limits {
	double megapixels; /* of one frame times frames; default 1000 */
	unsigned frames;   /* default 64 */
	double seconds;    /* for one attempt of one task; default 600 */
	gint64 bytes;      /* of the file; 0: no limit */
};

/* Where a key stands, for messages; line 0: nowhere, or unknown because the pipeline came from JSON. */
struct place {
	const char *file; /* interned */
	unsigned line, column;
};

struct pipeline {
	gint ref_count;
	char *name; /* the file's name without .yaml */
	char *file; /* path it was read from */
	char *hash; /* SHA-256 of the file's bytes and of all that it is made of (includes, assets, environment), hex */
	char **watch;      /* absolute paths of what it is made of besides its file: includes and assets */
	char *shown;       /* GRefString: JSON for people, made by the master (pipeline_show.h); NULL: not made */
	char *description; /* "" when none */
	char *inbox;       /* as written: below the watch folder, or absolute */
	bool recursive;    /* default true */
	char **accept;     /* glob patterns and names of formats ("jpeg": by content), or NULL: every safe format */
	char **allow; /* formats that are read for this pipeline though libvips calls their loaders untrusted; or NULL */
	char **reject;      /* the same, for files that are left alone although accepted; or NULL */
	GPtrArray *steps;   /* struct step */
	GPtrArray *outputs; /* struct output; at least one */
	enum originals originals;
	enum on_conflict on_conflict;
	gint64 settle_us;     /* default 500,000 */
	gint64 prune_us;      /* until emptied folders of a drop go; default 30 s; -1: never */
	gint64 wait_empty_us; /* for the content of a file of 0 bytes; default ten minutes */
	struct limits limits;
	int priority;                         /* 0 to 9, default 5; higher goes first */
	unsigned attempts;                    /* after so many that ended badly a picture is given up; default 3 */
	struct place name_place, inbox_place; /* line 1 where the file's name decides */
};

/* [a-z0-9][a-z0-9_-]*, 64 at most: it becomes part of paths, addresses and metrics. */
bool pipeline_name_valid(const char *name);

struct pipeline *pipeline_new(void); /* defaults, no outputs yet */
struct pipeline *pipeline_ref(struct pipeline *pipeline);
void pipeline_unref(struct pipeline *pipeline); /* NULL is fine */
DEFINE_AUTO(pipeline, pipeline_unref)

struct step *step_new(const char *operation, JsonObject *params /* takes */, unsigned line, unsigned column);
void step_free(struct step *step); /* NULL is fine */
DEFINE_AUTO(step, step_free)
struct output *output_new(void); /* no name yet; goes into a pipeline's outputs, which free it */

/* Canonical JSON, which pipeline_from_json() reads. It is owned, and shares nothing with the pipeline. */
JsonObject *pipeline_to_json(const struct pipeline *pipeline);

/* An output may keep the format of a source that can only be read. Then this is its ending: "png" for "svg". NULL: the
 * source's own. format: as sniff_format() has it, or NULL. */
const char *pipeline_kept_ending(const char *format);

/* "jpeg" for a word of accept: or reject: that names a format and is not a pattern ("jpg" too); NULL for anything
 * else. */
const char *pipeline_format_word(const char *word);

/* A deep copy, which may go to another thread: json-glib's own share what is below. Returns owned. */
JsonObject *params_copy(JsonObject *from);

/* What is to be done with a picture, into the description of a job: "steps", "outputs" (steps, format, save, when), "limits", and "allow"
 * where there is one. */
void pipeline_describe_job(const struct pipeline *pipeline, JsonObject *object);

/* A list of steps as [{"op": "blur", "params": {"sigma": 3}}, ...], with "when" where there is one: the form that tasks carry.
 * a then b; either may be NULL. Returns owned. */
JsonArray *steps_to_json(const GPtrArray *a, const GPtrArray *b);
