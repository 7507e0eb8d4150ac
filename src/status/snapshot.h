/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the mill at one moment, immutable: what the page, the API, /metrics and `dropmill status` render.
 * Thread:    made by the master's loop; read by any thread between snapshot_get() and snapshot_unref().
 * Ownership: reference counted; everything inside belongs to it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"
#include "base/counters.h"
#include "status/job_view.h"
#include "status/task_log.h"

/* A worker is late after this long without a heartbeat (one a second), gone after the other (shorter with DROPMILL_TEST_GONE_MS). */
#define WORKER_LATE_US (3 * G_USEC_PER_SEC)
#define WORKER_GONE_US (10 * G_USEC_PER_SEC)
enum worker_state { WORKER_LIVE, WORKER_LATE, WORKER_GONE, WORKER_STATE_COUNT };
extern const char *const worker_state_names[WORKER_STATE_COUNT + 1]; /* ended by NULL */
static inline const char *worker_state_name(enum worker_state state)
{
	return worker_state_names[state];
}

/* What a job failed of, as /metrics tells them apart. */
enum error_shown { SHOWN_INPUT, SHOWN_LIMIT, SHOWN_CRASH, SHOWN_RETRIES, ERROR_KINDS_SHOWN };
extern const char *const error_shown_names[ERROR_KINDS_SHOWN + 1]; /* ended by NULL */
static inline const char *error_shown_name(enum error_shown kind)
{
	return error_shown_names[kind];
}

/* Where a worker reads its tasks. */
struct partitions_view {
	char *list;   /* "0,3" */
	GArray *lags; /* gint64, as long as list; -1: not known. NULL: it did not say */
	gint64 lag;   /* of all; -1: not known */
};

/* What a worker has in hand. */
struct work_view {
	char *text; /* "JOB tile 12", or "" */
	char *job;  /* NULL: none */
	int tile;
	gint64 busy_us; /* on it, when the last heartbeat was sent; 0 */
};

/* Whether a worker is taken out. */
struct breaker_view {
	const char *state; /* "closed", "open" (taken out), "half-open" (tried with one task) */
	char *reason;      /* why it was opened the last time; NULL */
	gint64 until_us;   /* open: clock_now_us() when it is tried */
};

/* How a worker ended. */
struct end_view {
	char *how;           /* when gone and known; NULL */
	gint64 gone_wall_us; /* 0: it is not */
};

struct worker_view {
	guint64 changed; /* sequence of the first snapshot that shows it so */
	char *id;
	char *host;
	gint64 pid;
	enum worker_state state;
	gint64 heartbeat_us; /* clock_now_us() when the last one came */
	char *plane;         /* "shm", "inline" */
	struct partitions_view partitions;
	guint64 tiles_done, failed;
	double tiles_per_s;
	struct work_view work;
	char *vips;
	char *version; /* dropmill's; NULL: it did not say */
	gint64 rss_bytes;
	guint leases;       /* tasks given and not answered */
	guint64 taken_back; /* tasks taken from it and given to others */
	struct end_view end;
	guint64 restarts; /* of its place: how often a process was started there again */
	bool retiring;    /* it finishes what it has, and another takes its place */
	struct breaker_view breaker;
	bool used; /* its group gets new pictures */
};

/* Workers with the same image code: see policy/mixed_fleet.h. */
struct group_view {
	char *vips, *version, *pixels; /* of libvips, of dropmill; the hash of what they compute */
	guint workers;                 /* live or late */
	bool used;                     /* it gets new pictures */
};

struct pipeline_view {
	char *name, *description, *inbox, *file, *hash;
	char *error; /* diagnostics of the newest version, or NULL */
	bool enabled;
	char *chain;           /* GRefString, JSON: its steps and outputs for people; NULL: never was right */
	gint64 loaded_wall_us; /* the version that is live */
	const char *originals; /* as definitions spell it; NULL: never was right */
	bool recursive;
	int priority;
	char **accept;                 /* NULL: every safe format */
	guint64 jobs[JOB_STATE_COUNT]; /* done and failed since the master started */
	guint64 kept;                  /* originals: keep: how many stay in the inbox, already processed */
	gint64 median_us;              /* from dropped to done, of the last ones; 0: none yet */
};

/* A file, or an inbox, that is seen and not taken. */
struct waiting_view {
	char *pipeline;
	char *path; /* absolute, as shown: valid UTF-8 */
	char *why;
	gint64 since_wall_us;
	guint64 files; /* number of files of this entry; 1, except for those of an inbox that are not listed one by one */
};

struct broker_view {
	bool embedded;
	bool up;
	char *servers;
	char *note; /* why it is down, or a warning with the command that fixes it; "" */
};

/* Tiles of running jobs, and the job that waits longest. */
struct queue_view {
	guint64 tiles_queued, tiles_running;
	gint64 oldest_us;    /* clock_now_us() when the oldest queued job came; 0: none */
	char *oldest_source; /* NULL: none */
};

/* Speed of the last seconds. */
struct rates_view {
	double megapixels_per_s, tiles_per_s, jobs_per_min;
};

/* Sequences of the snapshots in which these lists last changed in what they hold or in their order. */
struct lists_view {
	guint64 jobs_changed, workers_changed, pipelines_changed, waiting_changed;
};

/* How long tasks took since the master started, for /metrics. */
struct task_times {
	guint64 buckets[TASK_BOUNDS + 1]; /* tasks answered well, by task_bounds_s; the last: longer */
	gint64 sum_us;
};

struct snapshot {
	gint ref_count;
	guint64 sequence;
	gint64 taken_us;
	gint64 started_us;
	bool ready;
	struct broker_view broker;
	guint workers_by_state[WORKER_STATE_COUNT];
	guint64 jobs_by_state[JOB_STATE_COUNT]; /* done and failed since the history began */
	struct queue_view queue;
	GPtrArray
		*jobs; /* struct job_view: running, queued, then finished, newest first; shared with other snapshots */
	GPtrArray *workers;   /* struct worker_view */
	GPtrArray *groups;    /* struct group_view: those with workers that are there */
	bool mixed;           /* there are several */
	GPtrArray *pipelines; /* struct pipeline_view */
	GPtrArray *waiting;   /* struct waiting_view: the oldest, a bounded number */
	guint64 waiting_total;
	guint64 counters[COUNTER_COUNT];
	gint64 taken_wall_us;
	guint32 boot; /* tells one process of the master from the next */
	struct lists_view lists;
	struct task_times tasks;
	guint64 errors[ERROR_KINDS_SHOWN]; /* jobs that failed since the master started, by enum error_shown */
	guint64 kept_since;                /* every job that changed in a snapshot after this one is still in jobs */
	struct rates_view lately;
};

/* Empty, taken now; the arrays free what they hold. */
struct snapshot *snapshot_new(void);
void worker_view_free(struct worker_view *view);
void waiting_view_free(struct waiting_view *view);
void pipeline_view_free(struct pipeline_view *view);

/* The latest one, referenced for the caller; never NULL after the first publish. Any thread. */
struct snapshot *snapshot_get(void);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
/* The same, but waits for one above this sequence; NULL when clock_now_us() is until_us or enough() says so. enough()
 * is called at once and after each snapshot_wake(), in this thread and under a lock: it must not ask for snapshots. */
struct snapshot *snapshot_wait(guint64 above, gint64 until_us, bool (*enough)(void *user), void *user);
/* Everybody who waits looks at his stop flag. */
void snapshot_wake(void);
void snapshot_unref(struct snapshot *snapshot);
DEFINE_AUTO(snapshot, snapshot_unref)
/* Makes it the latest; takes it. Its sequence is raised when it is not above the last one's; NULL withdraws the latest. */
void snapshot_publish(struct snapshot *snapshot);
