/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the mill at one moment, immutable: what the page, the API, /metrics and `dropmill status` render.
 * Thread:    made by the master's loop; read by any thread between snapshot_get() and snapshot_unref().
 * Ownership: reference counted; everything inside belongs to it.
 */
#ifndef DROPMILL_MASTER_SNAPSHOT_H
#define DROPMILL_MASTER_SNAPSHOT_H

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

/* name, text */
#define JOB_STATES(X)                                                                                                  \
	X(JOB_QUEUED, "queued")                                                                                        \
	X(JOB_RUNNING, "running")                                                                                      \
	X(JOB_DONE, "done")                                                                                            \
	X(JOB_FAILED, "failed")
enum job_state {
#define X(name, text) name,
	JOB_STATES(X)
#undef X
		JOB_STATE_COUNT
};
const char *job_state_name(enum job_state state);

enum worker_state { WORKER_LIVE, WORKER_LATE, WORKER_GONE, WORKER_STATE_COUNT };
const char *worker_state_name(enum worker_state state);

struct output_view {
	char *path; /* absolute; only for serving the file */
	char *name; /* as shown: below the out folder, valid UTF-8 */
	gint64 bytes;
	int width, height;
	char *type; /* MIME type */
	char *note; /* why it has not the name that its template says, or was skipped; NULL */
	bool skipped;
};

struct job_view {
	char *id;
	char *pipeline;
	char *source; /* as shown: relative name, valid UTF-8 */
	enum job_state state;
	bool tiled;
	int width, height; /* of the source; 0: not known yet */
	int tiles_total, tiles_done, tiles_running;
	int attempt;
	GPtrArray *outputs;                                       /* struct output_view */
	char *error;                                              /* NULL when none */
	gint64 queued_wall_us, started_wall_us, finished_wall_us; /* 0: not yet */
};

struct worker_view {
	char *id;
	char *host;
	gint64 pid;
	enum worker_state state;
	gint64 heartbeat_us; /* clock_now_us() when the last one came */
	char *plane;         /* "shm", "inline" */
	char *partitions;    /* "0,3" */
	gint64 lag;          /* -1 unknown */
	guint64 tiles_done, failed;
	double tiles_per_s;
	char *current; /* "JOB tile 12", or "" */
	char *vips;
	gint64 rss_bytes;
};

struct pipeline_view {
	char *name, *description, *inbox, *file, *hash;
	char *error; /* diagnostics of the newest version, or NULL */
	bool enabled;
};

/* A file, or an inbox, that is seen and not taken. */
struct waiting_view {
	char *pipeline;
	char *path; /* absolute, as shown: valid UTF-8 */
	char *why;
	gint64 since_wall_us;
};

struct snapshot {
	gint ref_count;
	guint64 sequence;
	gint64 taken_us;
	gint64 started_us;
	bool embedded; /* broker */
	bool broker_up;
	bool ready;
	char *brokers;
	char *broker_note; /* why it is down, or a warning with the command that mends it; "" */
	guint workers_by_state[WORKER_STATE_COUNT];
	guint64 jobs_by_state[JOB_STATE_COUNT]; /* done and failed since the history began */
	guint64 tiles_queued, tiles_running, tiles_done, tiles_retried, tiles_duplicate;
	gint64 oldest_queued_us; /* clock_now_us() when the oldest queued job came; 0: none */
	GPtrArray *jobs;         /* struct job_view: active ones, then finished, newest first */
	GPtrArray *workers;      /* struct worker_view */
	GPtrArray *pipelines;    /* struct pipeline_view */
	GPtrArray *waiting;      /* struct waiting_view: the oldest, a bounded number */
	guint waiting_total;
	guint64 records_refused; /* from Kafka: malformed, of another version, not what was asked for */
	guint64 overflows;       /* of inotify's queue, each answered by looking at everything */
};

/* Empty, taken now; the arrays free what they hold. Outputs of a job_view: g_ptr_array_new_with_free_func(output_view_free). */
struct snapshot *snapshot_new(void);
void output_view_free(struct output_view *view);
void job_view_free(struct job_view *view);
void worker_view_free(struct worker_view *view);
void waiting_view_free(struct waiting_view *view);
void pipeline_view_free(struct pipeline_view *view);

/* The latest one, referenced for the caller; never NULL after the first publish. Any thread. */
struct snapshot *snapshot_get(void);
void snapshot_unref(struct snapshot *snapshot);
DEFINE_AUTO(snapshot, snapshot_unref)
/* Makes it the latest; takes it. Its sequence is raised when it is not above the last one's; NULL withdraws the latest. */
void snapshot_publish(struct snapshot *snapshot);

#endif
