/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the master's own state, shared by the files that make up its loop: master.c (start, stop, events), job_start.c (a job's course),
 *            dispatch.c (tasks out), assemble.c (results in), view.c (the snapshot).
 * Thread:    the master's loop and nobody else.
 * Ownership: struct master owns all of it.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_SCHEDULE_PRIVATE_H
#define DROPMILL_MASTER_SCHEDULE_SCHEDULE_PRIVATE_H

#include <gio/gio.h>

#include "ledger/history.h"
#include "master/commit/commit.h"
#include "master/commit/kept_originals.h"
#include "master/commit/output_names.h"
#include "master/config/definitions.h"
#include "master/config/settings.h"
#include "master/fleet/fleet.h"
#include "master/intake/inboxes.h"
#include "master/intake/intake.h"
#include "master/job/job.h"
#include "master/job/queue.h"
#include "master/master.h"
#include "master/report/report.h"
#include "master/schedule/codec_link.h"
#include "master/schedule/job_events.h"
#include "master/schedule/link.h"
#include "status/not_taken.h"
#include "status/stats.h"

/* Weight of tasks in a worker's window: eight tiles cover the round trip (facts/kafka.md), two whole files keep a worker busy. */
#define WINDOW_WEIGHT 8
#define WEIGHT_TILE 1
#define WEIGHT_WHOLE 4
/* From this file size on the master asks a codec first; below, a worker looks and may say that the picture is huge. */
#define ASK_CODEC_BYTES (3 << 20)
/* Inline bytes that may be on their way to one worker. */
#define WINDOW_CLUSTER_BYTES (32 << 20)

struct master {
	GMainLoop *loop;
	struct settings settings;
	struct queue queue;
	struct fleet fleet;
	struct stats stats;
	struct report report;
	struct definitions definitions;
	struct link link;
	struct intake *intake;
	struct waiting *waiting;
	struct inboxes *inboxes;
	struct committer *committer;
	struct names *names;
	struct history *history;
	const struct master_page *page;
	void *web; /* the open page */
	struct kept *kept;
	bool ready;
	bool draining;
	gint64 ticked_us;
	int exit_status;
	void (*finished_hook)(struct master *master, struct job *job); /* `once`: a job is done or failed */
	void *hook_data;
};

/* master.c */
/* Heartbeats come every second; so does the clock that looks for missing ones. */
#define MASTER_TICK_MS 1000
gboolean master_tick(gpointer master);
void master_init(struct master *master, const struct options *options);
void master_close(struct master *master);
void master_child_ended(gint64 pid, const char *how, const char *task, void *user);
/* Ends the loop when the mill is draining and nothing runs any more. */
void master_check_drained(struct master *master);
/* No new work from now on; ends when what is in hand is done. */
void master_drain(struct master *master);

/* job_start.c, job_transitions.c, job_codec.c, job_end.c; events and effects: job_events.h, job_effects.h */
void jobs_add(struct master *master, struct job *job);
/* Its outputs have names, or not: the job goes on. user is the master. */
void jobs_named(struct named *named, void *user);
/* The codec's messages; user is the job. */
void jobs_codec_event(JsonObject *event, const char *how, void *user);
/* How many files of one inbox may be claimed and not finished. */
guint jobs_queue(const struct master *master);
/* Starts queued jobs while there is room. */
void jobs_start(struct master *master);
/* Where one large picture came there come others: the next one's process has loaded its libraries by then (40 ms). */
void jobs_have_spare_codec(struct master *master);
/* A whole job's task was taken back: another run, other temp files. */
void jobs_renew_whole(struct master *master, struct job *job);
/* Sizes of outputs, from a codec's or a worker's report. */
void jobs_read_outputs(struct job *job, JsonArray *list);
/* With copies of all that the commit thread needs. */
void jobs_ask_commit(struct master *master, struct job *job, enum commit_kind kind);
void jobs_committed(struct commit_request *request, void *user);
/* Lets go of a run's codec, segment and leases. */
void jobs_stop_run(struct master *master, struct job *job);
/* At the end of the process: a file given by hand leaves no temp files (a claim's are swept at the next start). */
void jobs_abandon(struct master *master, struct job *job);

/* job_waiting.c */
/* A task did not reach the broker: its job's tasks are given out again after a pause, and the page shows why. Nothing is counted. */
void jobs_undelivered(struct master *master, struct job *job, const char *why);
/* Why one that had no fault does not go on, or NULL. */
const char *jobs_standing(const struct master *master, const struct job *job);
/* What is done for one that is not over, in a few words whose subject is the mill or the picture; static. */
const char *jobs_doing(const struct job *job);
/* Back to its inbox, now or as soon as that can be. */
void jobs_give_back(struct master *master, struct claim *claim /* takes */);

/* send_task.c */
/* What goes over the bus with this task when nothing is shared. */
gsize give_bytes(const struct job *job, guint tile);
/* Would this worker's tiles lie in memory that it shares with the master? */
bool give_shares(const struct master *master, const struct worker *worker);
/* How many live workers that is true of. */
guint give_sharing(const struct master *master);
/* The plane that its pixels or its file would take to this worker. False: none may. */
bool give_plane(
	const struct master *master, const struct worker *worker, const struct job *job, guint tile, enum plane *plane);
/* Leases the tile to this worker and sends it; a lease that it has already stays. False: it could not be sent, and waits. */
bool give(struct master *master, struct job *job, guint tile, struct worker *worker, enum plane plane);

/* dispatch.c */
/* Why a job starts over: memory that it was lent cannot be used again, and nobody knows for how long. */
#define SILENT_HOLDER "a silent worker holds a piece of it"
/* Gives out what is ready to whoever has room. */
void dispatch(struct master *master);
/* A leased tile becomes ready again, unless another has it as well. The caller made sure that this lease's worker cannot harm: dead, fenced,
 * or answered. The lease is gone then. */
void dispatch_take_back(struct master *master, struct lease *lease, const char *why);
/* The same of one whose task, or whose answer, was lost, whatever became of it. It is counted: what is lost again and again starts the job over, and
 * in the end fails it. */
void dispatch_lost(struct master *master, struct lease *lease, const char *why);
/* May this lease go to another although its worker was not heard to be dead? */
bool dispatch_fenced(const struct lease *lease);
void dispatch_worker_gone(struct worker *worker, bool dead, void *user);
void dispatch_worker_changed(struct worker *worker, void *user);
/* The clock: leases that were lost on the way, tasks that hang. */
void dispatch_tick(struct master *master);

/* To the dead-letter topic: a task that nobody shall try again. */
void dispatch_dead_letter(struct master *master, const struct job *job, guint tile, const char *reason);

/* poison_task.c */
/* A worker died, or fell silent: the task that it had in hand is suspected, and its job fails when it was so often enough. */
void blame_worker_gone(struct master *master, struct worker *worker, bool dead);
/* The clock: tasks and codecs that take longer than their pipeline allows. */
void blame_tick(struct master *master);

/* assemble.c */
void assemble(struct master *master, struct result *result);

/* view.c */
/* Something changed: a snapshot follows soon (at most four a second). */
void view_changed(struct master *master);
void view_publish(struct master *master);
/* view_pipeline.c */
void view_pipelines(struct master *master, struct snapshot *snapshot);
/* A job of this pipeline is over. */
void view_tally(struct master *master, const struct job *job);
/* At the start: what the history counts, and then the times of those that were loaded of it (over), newest first; one that is not over after all
 * is taken back (over false). */
void view_tally_history(struct master *master);
void view_tally_view(struct master *master, const struct job_view *view, bool over);
void view_free(struct master *master);
/* view_job.c */
/* Its view as of the next snapshot: the one before when nothing changed. Returns a reference. */
struct job_view *view_of_job(struct master *master, struct job *job);
/* Brings the tile map up to date, before the run's tiles are let go. */
void view_show_tiles(struct master *master, struct job *job);
/* A job's last view, kept for the page. */
void view_remember(struct master *master, struct job *job);
/* A claim whose end was written down before a crash, and that is in work once more: it is not over, and not to be counted twice. */
void view_forget(struct master *master, const char *id);
void view_load_history(struct master *master);

#endif
