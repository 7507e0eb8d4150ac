/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   struct tile, one task of a job, and struct job_work, those of its present run. A whole job is a job of one tile.
 * Thread:    the master's loop. Ownership: the job's; see job_set_tiles() and job_reset().
 */
#pragma once

#include "bus/protocol/wire.h"
#include "master/policy/poison_task.h"

struct lease;

enum tile_state { TILE_WAITING, TILE_READY, TILE_LEASED, TILE_DONE };

struct tile {
	int output;
	struct rect out, need;
	enum tile_state state;
	guint attempt;  /* of the latest lease, from 1 */
	gint32 sent_to; /* the partition of its latest task, and 1; 0: none yet */
	guint reissued; /* of these, how many were given out because another was late */
	struct poison_count poison;
	struct lease *lease; /* TILE_LEASED: who has it, and how; see workers.h */
	struct lease *extra; /* who also has it, since that one is late; NULL: nobody */
	char *who;           /* GRefString: who has it, or had it last, or made it; NULL: nobody yet */
	gint64 took_us;      /* TILE_DONE: computing, as its worker says */
	bool failed;         /* it is what the job failed of */
};

struct job_work {
	struct tile *tiles;
	guint tile_count, done, leased;
	guint held;                  /* tiles that are done, while another worker may still write where they lie */
	GQueue ready;                /* tile numbers (GUINT_TO_POINTER) in the order they became ready */
	guint failed_tries;          /* of tiles */
	struct tile_timing *timings; /* how long tiles took, by output, see tile_timing.h; NULL: none came back yet */
	GPtrArray *failure_votes;    /* struct failure_vote, see failure_votes.h; NULL: none */
	gint64 first_sent_us;        /* when the first tile went out; 0: none did */
	gint64 eta_us;               /* clock_now_us() when the last tile should be done; 0: not known */
	char *undelivered;           /* why a task did not reach the broker; NULL: all did */
	guint undelivered_at;        /* how many were done then: one more, and it has passed */
	gint64 send_after_us;        /* until then none is given out */
};
