/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the end of a job, made durable: temp files, which whoever wrote them has fsynced, are renamed, the folder is fsynced, only then the
 *            original is moved; history and ledger are written. What came over the bus is written here. Names that need an output's size are
 *            given here. A step that fails is tried again by itself, but for a temp file: that one is never trusted again.
 *            Pictures that end at the same time go through each step together and share its fsync; each keeps its order and its own end.
 * Thread:    one thread of its own, so that a slow disk never stops the master's loop; done is called on the master's loop.
 * Ownership: a request is taken; it comes back in done and is freed after it. It is a value: no job is seen (drop.h).
 */
#pragma once

#include "ledger/history.h"
#include "master/commit/kept_originals.h"
#include "master/commit/output_names.h"
#include "master/job/drop.h"

enum commit_kind {
	COMMIT_OUTPUTS, /* outputs to their places, original as the pipeline says */
	COMMIT_STORY, /* for the history: what the page tells of a job that is over; lost when it cannot be written; done is not called */
	COMMIT_FAILURE, /* original to _failed/ with the reason */
};

struct commit_request {
	enum commit_kind kind;
	struct drop *drop;
	struct claim *claim; /* a copy: tells in the answer where the original went */
	struct found *found; /* copies of the outputs, which tell in the answer what became of them */
	/* For the history: */
	char *failure; /* COMMIT_FAILURE: why */
	bool tiled;
	int width, height;
	guint tiles, runs;
	gint64 started_wall_us;
	guint tries; /* of the same that failed */
	/* The commit thread's own: */
	bool taken;  /* another picture in work has one of its names */
	bool leaves; /* its original has moved, which claim_settle() and claim_finish() make last */
	/* The answer: */
	bool ok;
	bool refused; /* error is the picture's own: it fails */
	bool changed; /* the original was written to meanwhile: the job must start over */
	bool lost; /* an output is gone, was not written whole, or differs from the definition: the picture is processed again */
	GPtrArray *next; /* ids of jobs that may have a name now which they waited for; NULL: another answer tells */
	GError *error;
	char *story[5]; /* COMMIT_STORY: id, original, timeline, hash and what it does */
};

void commit_request_free(struct commit_request *request); /* NULL is fine */

struct committer;

struct committer *committer_new(struct names *names /* borrowed */,
	struct history *history /* borrowed; NULL: `once` */, struct kept *kept /* borrowed */,
	void (*done)(struct commit_request *request, void *user), void *user);
void committer_add(struct committer *committer, struct commit_request *request /* takes */);
void committer_free(struct committer *committer); /* finishes what is queued; NULL is fine */
DEFINE_AUTO(committer, committer_free)
