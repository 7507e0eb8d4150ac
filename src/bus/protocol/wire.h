/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the messages of the mill, task, result and heartbeat, as records and back. The format is documented in
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

/* An asset (a file that the definition names: watermark, font, profile) on its way to a worker that cannot read it. */
struct parcel {
	char *sha256; /* of the bytes, hex */
	GBytes *bytes;
};
GPtrArray *parcels_new(void); /* of struct parcel, owned */
void parcels_add(GPtrArray *parcels, const char *sha256, GBytes *bytes);
gsize parcels_bytes(const GPtrArray *parcels /* NULL: none */);

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

/* How a process of the same supervisor ended: who is restarted tells of those before it. */
struct ending {
	gint64 pid;
	char *how;  /* process_status_text() */
	char *task; /* what it had in hand, as journal_name() has it; "": nothing; NULL: not known */
};
#define ENDINGS_MOST 8
/* Of struct ending, owned. */
GPtrArray *endings_new(void);
void endings_add(
	GPtrArray *endings, gint64 pid, const char *how, const char *task); /* beyond ENDINGS_MOST the oldest goes */

struct heartbeat {
	char *id; /* unique for a worker process's life */
	char *host;
	gint64 pid;
	char *machine;  /* process_machine(): may it share memory with the master? */
	char *state;    /* "idle", "busy", "stopping" */
	char *job;      /* current, or "" */
	gint32 tile;    /* current, or -1 */
	gint32 attempt; /* current, or 0 */
	gint64 busy_us; /* since when on the current task; 0 */
	guint64 done, failed;
	GArray *partitions; /* gint32 */
	gint64 lag;         /* -1: unknown */
	GArray *lags;       /* gint64, one for each of partitions, -1: unknown; NULL: not reported */
	char *version;      /* of dropmill; "": another program, or not reported */
	bool planes[2];     /* by enum plane */
	bool no_files;      /* it opens no file of this machine by its path: whole files are sent to it */
	char *vips;         /* "8.14.1" */
	char *test_hash;    /* SHA-256 of a test image through this libvips, hex */
	gint64 rss_bytes;
	gint64 sequence; /* from 1 */
	char *slot; /* the same for a worker and whoever is started in its place; "": nobody supervises it. May be NULL when sent */
	gint64 restarts;    /* in this slot so far */
	bool retiring;      /* it ends when its tasks are answered, and wants no new ones */
	GPtrArray *endings; /* struct ending, the newest last; NULL when sent: none; never NULL when read */
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

struct record *heartbeat_to_record(const struct heartbeat *heartbeat);
struct heartbeat *heartbeat_from_record(const struct record *record, GError **error);
void heartbeat_free(struct heartbeat *heartbeat);
DEFINE_AUTO(heartbeat, heartbeat_free)
