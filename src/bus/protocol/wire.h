/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   tasks and results as records and back. The format is documented in
 *            src/dist/doc/reference/protocol.md; every field is checked on the way in, and a record that is malformed is refused with a reason.
 * Thread:    any. Ownership: a message owns its strings and references its payload.
 */
#pragma once

#include "base/auto.h"
#include "bus/protocol/record.h"

#define WIRE_VERSION 1

struct rect {
	int left, top, width, height; /* px; width, height > 0 */
};

enum task_kind { TASK_TILE, TASK_WHOLE };
enum plane { PLANE_SHM, PLANE_INLINE };
enum result_status {
	RESULT_OK,
	RESULT_FAILED,  /* the input's fault, with a message: the job fails */
	RESULT_RETRY,   /* may pass elsewhere or later (disk full, no memory) */
	RESULT_MISSING, /* a tile needed pixels that it was not given: run the job whole */
	RESULT_HUGE,    /* a whole file is large and can be tiled: start over in the other lane */
	RESULT_REFUSED, /* this worker cannot take the task (no shared memory here, other libvips) */
	RESULT_STALE,   /* the lease had passed to another attempt before the work began */
	RESULT_LACKS,   /* the worker has no bytes of an asset; the message is its hash: again, with the bytes */
};
const char *plane_name(enum plane plane);                  /* "shm", "inline" */
const char *result_status_name(enum result_status status); /* "ok", "failed", ... */

struct task {
	enum task_kind kind;
	enum plane plane;
	char *job;        /* [a-zA-Z0-9._-], 1 to 64 bytes */
	guint32 serial;   /* of the job's run; with attempt and tile it names a lease */
	gint32 tile;      /* from 0; 0 for a whole job */
	gint32 attempt;   /* from 1 */
	char *worker;     /* whom it is leased to */
	gint32 output;    /* which output a tile belongs to, from 0 */
	struct rect out;  /* tile: what to compute, in the output's pixels */
	struct rect need; /* tile: the source pixels that came with it */
	char *spec; /* JSON object, the same for every task of one run of a job: source header, steps, outputs, segment */
	GBytes *payload; /* inline: source pixels row by row without padding, or the file; else empty. Never NULL */
	struct body *
		file; /* in place of payload: the file as it is sent; when read, the spool that a large one came in. NULL: none */
	struct body *body;  /* when read: where these lie, if not in memory; who used them asks body_was_kept() */
	GPtrArray *parcels; /* assets that come with it, on any plane; NULL when sent: none; never NULL when read */
	gint64 limit_ms;    /* longer than this it must not take; 0: no limit */
};

/* What became of a task's time in its worker, and how much was done. No number may be above WORK_SPENT_MOST. */
#define WORK_SPENT_MOST G_GINT64_CONSTANT(1000000000000)
struct work_spent {
	gint64 cpu_us;   /* of the whole process meanwhile */
	gint64 wait_us;  /* before it, when the task before was of the same run */
	gint64 build_us; /* of compute_us: building the chain */
	gint64 copy_us;  /* of compute_us: copying pixels to their place */
	gint64 copied_bytes;
	gint64 chains; /* built */
};

struct result {
	char *job;
	guint32 serial;
	gint32 tile;
	gint32 attempt;
	char *worker;
	enum result_status status;
	bool not_taken; /* never sent: it is in place of one that its receiver had no room for */
	bool limit; /* not ok: beyond a limit, of its pipeline or of its receiver; or what that allows is in use now */
	gint64 compute_us;
	struct work_spent spent; /* all 0 where the worker did not say */
	char *message;           /* not ok: the reason; else "" */
	char *report;            /* JSON object: what the worker has to say of a whole job's outputs; "{}" for a tile */
	struct body
		*payload; /* inline: the tile's pixels, or the outputs one after the other; else empty. Never NULL */
};

struct record *task_to_record(const struct task *task, gint32 partition);
struct task *task_from_record(const struct record *record, GError **error); /* ERROR_INPUT when malformed */
void task_free(struct task *task);
DEFINE_AUTO(task, task_free)

struct record *result_to_record(const struct result *result, gint32 partition);
struct result *result_from_record(const struct record *record, GError **error);
void result_free(struct result *result);
DEFINE_AUTO(result, result_free)

/* What becomes of a task or result that did not come whole, for the reasons that a joiner gives. */
enum result_status result_status_of_lost(const GError *why);
/* A result for a task, or in place of a result, that cannot be used: what its headers say of its lease, and why. NULL when they do not say that:
 * then there is nobody to answer. Owned. */
struct result *result_instead(const struct record *record, enum result_status status, const char *why);
