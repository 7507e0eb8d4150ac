/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a job as other threads know it, by value. struct drop is what never changes of it; struct found is where its outputs go and lie,
 *            as far as that is known. Requests to the threads that name and commit carry both, and answers bring the second
 *            back, which the loop takes over. struct job belongs to the loop alone: `make lint-threads` looks.
 * Thread:    any. A drop is immutable and reference counted; a found belongs to whoever has it.
 * Ownership: drop_ref() and drop_unref(); found_free().
 */
#pragma once

#include "bus/protocol/body.h"
#include "definition/pipeline.h"
#include "master/inbox/claim.h"

struct drop {
	char *id;                  /* of the job */
	char *source;              /* as shown */
	char *owner;               /* the original as the ledger knows it */
	const struct claim *claim; /* a copy as it was made */
	struct pipeline *pipeline;
	gint64 queued_us, queued_wall_us;
	bool loose; /* the original is not claimed and stays where it is */
};

/* Copies what it is given, references the pipeline. */
struct drop *drop_new(const struct drop *values);
struct drop *drop_ref(const struct drop *drop);
void drop_unref(struct drop *drop); /* NULL is fine */
DEFINE_AUTO(drop, drop_unref)

/* Where an output lies while it is made and when it is finished. */
struct job_output {
	guint number; /* among the pipeline's outputs; those that a condition leaves out are not in the job's list */
	char *folder; /* where it is made: that of its final place, or on the same file system */
	char *temp;   /* in there */
	char *wished; /* what its template says, absolute; NULL: not known yet */
	char *final;  /* what it gets, absolute; NULL: not known yet */
	char *note;   /* why these are not the same, or why it is skipped; NULL */
	char *lost;   /* which metadata its format does not hold; NULL */
	gint64 bytes;
	int width, height;
	bool is_folder;       /* deep zoom */
	bool fresh;           /* nothing was there when it got its place */
	bool skipped;         /* it is not made: on_conflict: skip */
	bool renamed;         /* under its final name */
	bool committed;       /* and on disk there */
	struct body *arrived; /* has what came over the bus and is not in temp yet; NULL: nothing did */
	gint64 arrived_at, arrived_bytes;
};

/* An empty list of struct job_output, which it owns. */
GPtrArray *job_outputs_new(void);
void job_remove_temp(const struct job_output *output);
/* Note and lost, as people read them. Returns owned; NULL: neither. */
char *job_output_note(const struct job_output *output);

struct found {
	guint32 ticket;     /* of the request, and of its answer: see job_course.h */
	GPtrArray *outputs; /* struct job_output */
	char *hash;         /* of the original's bytes; NULL: not known */
	gint64 number;      /* of the original; 0: not known */
};

/* A copy of these outputs; NULL: with none. */
struct found *found_new(const GPtrArray *outputs, const char *hash, gint64 number);
void found_free(struct found *found); /* NULL is fine */
DEFINE_AUTO(found, found_free)
