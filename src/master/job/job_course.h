/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the course of a job as two tables. Each phase names who must act next, until when, and what people read meanwhile. Each row of
 *            the other table says what an event does in a phase: the next phase, what is counted, and the effects.
 *            job_step() is pure: no loop, no I/O, no clock but the event's. schedule/run_effects.c runs the effects.
 * Thread:    any. Ownership: values; texts of an event are borrowed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "status/snapshot.h"

/* Who must act next. */
enum job_actor {
	ACTOR_NOBODY,
	ACTOR_LOOP,    /* the master's loop, which looks each second */
	ACTOR_TIMER,   /* not_before_us */
	ACTOR_THREAD,  /* it answers every request */
	ACTOR_PROCESS, /* its end is watched, and so is its time */
	ACTOR_LEASES,  /* workers are watched, and so are their time and their heartbeats */
	ACTOR_COUNT
};

/* Until when. */
enum job_until {
	UNTIL_NEVER,
	UNTIL_ROOM,     /* there is room for one more: each end makes some */
	UNTIL_PAUSE,    /* of at most 32 s */
	UNTIL_ANSWER,   /* of the thread */
	UNTIL_SECONDS,  /* limits: seconds */
	UNTIL_DEADLINE, /* of a lease; or limits: seconds */
};

/* The list of the master's that holds a job. */
enum job_list { LIST_NONE, LIST_QUEUE, LIST_RUNNING };

/* phase, name, state that is shown, list, actor, until, what people read. JOB_STATE_COUNT: it is not counted. */
#define JOB_PHASES(X)                                                                                                  \
	X(PHASE_NEW, "new", JOB_STATE_COUNT, LIST_NONE, ACTOR_LOOP, UNTIL_ROOM, "was just dropped")                    \
	X(PHASE_QUEUED, "queued", JOB_QUEUED, LIST_QUEUE, ACTOR_LOOP, UNTIL_ROOM, "waits for its turn")                \
	X(PHASE_WAITING, "waiting", JOB_QUEUED, LIST_QUEUE, ACTOR_TIMER, UNTIL_PAUSE, "is tried again soon")           \
	X(PHASE_NAMING, "naming", JOB_RUNNING, LIST_RUNNING, ACTOR_THREAD, UNTIL_ANSWER, "names the outputs")          \
	X(PHASE_PLANNING, "planning", JOB_RUNNING, LIST_RUNNING, ACTOR_PROCESS, UNTIL_SECONDS, "reads the header")     \
	X(PHASE_RUNNING, "running", JOB_RUNNING, LIST_RUNNING, ACTOR_LEASES, UNTIL_DEADLINE, "computes the pixels")    \
	X(PHASE_COMMITTING, "committing", JOB_RUNNING, LIST_RUNNING, ACTOR_THREAD, UNTIL_ANSWER, "saves the result")   \
	X(PHASE_HELD_UP, "held up", JOB_RUNNING, LIST_RUNNING, ACTOR_TIMER, UNTIL_PAUSE,                               \
		"saves the result again soon")                                                                         \
	X(PHASE_DONE, "done", JOB_DONE, LIST_NONE, ACTOR_NOBODY, UNTIL_NEVER, "")                                      \
	X(PHASE_FAILED, "failed", JOB_FAILED, LIST_NONE, ACTOR_NOBODY, UNTIL_NEVER, "")                                \
	X(PHASE_RETURNED, "returned", JOB_STATE_COUNT, LIST_NONE, ACTOR_NOBODY, UNTIL_NEVER, "")

enum job_phase {
#define X(phase, ...) phase,
	JOB_PHASES(X)
#undef X
		PHASE_COUNT
};

struct phase_facts {
	const char *name;
	enum job_state state;
	enum job_list list;
	enum job_actor actor;
	enum job_until until;
	const char *reason;
};

const struct phase_facts *phase_facts(enum job_phase phase);
/* Done, failed, or back in its inbox: nothing follows. */
bool phase_ended(enum job_phase phase);
/* Its outputs, or its failure, are on their way to disk. */
bool phase_commits(enum job_phase phase);

/* What an event is bound to: of an older ticket or run it means nothing. An answer carries the ticket of its request. */
enum job_bond { BOND_NOTHING, BOND_TICKET, BOND_RUN };

/* event, bond */
#define JOB_EVENTS(X)                                                                                                  \
	X(EVENT_ADDED, BOND_NOTHING)                                                                                   \
	X(EVENT_NAME_FREE, BOND_NOTHING)       /* the name that it waits for */                                        \
	X(EVENT_STARTED, BOND_NOTHING)         /* there is room: run is the number of this run */                      \
	X(EVENT_TOO_LARGE, BOND_NOTHING)       /* the same, but its file has more bytes than its pipeline allows */    \
	X(EVENT_NAMED_FOR_CODEC, BOND_TICKET)  /* its outputs have names: a codec looks whether it is cut */           \
	X(EVENT_NAMED_FOR_WORKER, BOND_TICKET) /* the same: one worker mills it */                                     \
	X(EVENT_NAMED_FOR_NOBODY, BOND_TICKET) /* the same: all of them are skipped */                                 \
	X(EVENT_NAME_TAKEN, BOND_TICKET)       /* another picture in work has the name */                              \
	X(EVENT_NAMES_TROUBLE, BOND_TICKET)    /* for a time */                                                        \
	X(EVENT_NAMES_BAD, BOND_TICKET)        /* they cannot be made */                                               \
	X(EVENT_PLANNED, BOND_RUN)             /* its codec cuts it */                                                 \
	X(EVENT_RENEWED, BOND_RUN)             /* its only task was taken back: run is the number of another run */    \
	X(EVENT_OTHER_LANE, BOND_RUN)          /* lane is where it must run */                                         \
	X(EVENT_MADE, BOND_RUN)                /* all outputs are in their temp files */                               \
	X(EVENT_BROKEN, BOND_RUN)  /* a process died, or talked nonsense: the run is lost, and it counts */            \
	X(EVENT_TROUBLE, BOND_RUN) /* what may pass: a disk that is full, a permission */                              \
	X(EVENT_BAD, BOND_RUN)     /* the picture is at fault */                                                       \
	X(EVENT_COMMITTED, BOND_TICKET)                                                                                \
	X(EVENT_COMMIT_REFUSED, BOND_TICKET) /* by what its outputs are, or where they shall lie */                    \
	X(EVENT_COMMIT_CHANGED, BOND_TICKET) /* the original was written to meanwhile */                               \
	X(EVENT_COMMIT_LOST, BOND_TICKET)    /* an output was not there, or not what it should be */                   \
	X(EVENT_COMMIT_SPOILT, BOND_TICKET)  /* an output was not written, for what may pass */                        \
	X(EVENT_COMMIT_TROUBLE, BOND_TICKET) /* what may pass */                                                       \
	X(EVENT_COMMIT_TIMER, BOND_TICKET)   /* the pause is over */

enum job_event_kind {
#define X(event, bond) event,
	JOB_EVENTS(X)
#undef X
		EVENT_COUNT
};

enum job_bond event_bond(enum job_event_kind kind);

enum lane { LANE_UNDECIDED, LANE_WHOLE, LANE_TILED };

struct job_event {
	enum job_event_kind kind;
	guint32 ticket; /* BOND_TICKET */
	guint32 of_run; /* BOND_RUN */
	guint32 run;    /* EVENT_STARTED, EVENT_RENEWED: the new one */
	enum lane lane; /* EVENT_OTHER_LANE */
	gint64 now_us;
	const char *why;                /* in words, for people; NULL where nothing went wrong */
	enum error_shown kind_of_error; /* of what fails the job */
};

/* What a commit says to the world. */
enum job_verdict { VERDICT_NONE, VERDICT_MADE, VERDICT_BAD };

struct course {
	enum job_phase phase;
	guint32 ticket; /* of this phase: another one each time that a phase begins */
	enum job_verdict verdict;
	enum lane must;       /* the lane that it must take; LANE_UNDECIDED: either */
	guint32 run;          /* the number of this run; a new one for each start over */
	guint attempts;       /* so many runs may break: its pipeline says it */
	guint runs;           /* starts so far */
	guint faults;         /* runs that ended in a process's death or nonsense */
	guint waits;          /* temporary faults in a row */
	guint lost;           /* runs whose outputs were lost before they were committed */
	guint commit_tries;   /* that failed, in a row */
	gint64 not_before_us; /* PHASE_WAITING and PHASE_HELD_UP: when it is tried again */
	bool stuck;           /* it had trouble in this run or the one before: see job_waiting.c */
};

/* What is to be done, in this order. */
enum job_effect {
	EFFECT_NONE,
	EFFECT_BEGIN_RUN,
	EFFECT_ASK_NAMES,   /* the names' thread answers */
	EFFECT_ASK_PLAN,    /* a codec process answers, or its end does */
	EFFECT_OFFER_WHOLE, /* one task: workers answer */
	EFFECT_RENEW,       /* the same task, with other temp files */
	EFFECT_ASK_COMMIT,  /* the commit thread answers: the verdict says what is committed */
	EFFECT_SET_TIMER,   /* the timer rings at not_before_us */
	EFFECT_HAND_IN,     /* the run is over: its codec and segment go */
	EFFECT_STOP_RUN,    /* the same, and nobody is to go on with its tasks */
	EFFECT_REMOVE_TEMPS,
	EFFECT_SAY_LANE,
	EFFECT_SAY_RESTART,
	EFFECT_SAY_NAME_TAKEN,
	EFFECT_SAY_WAITING,
	EFFECT_SAY_WAITED, /* what it waited for is over */
	EFFECT_SAY_BAD,
	EFFECT_SAY_GIVEN_UP,
	EFFECT_FINISH,       /* the job is gone after this */
	EFFECT_GIVE_BACK,    /* the same */
	EFFECT_START_OTHERS, /* there may be room */
	EFFECT_COUNT
};

#define EFFECTS_MOST 6

struct job_step {
	bool taken; /* false: the event means nothing here, or is too late; nothing else is set */
	struct course course;
	enum job_effect effects[EFFECTS_MOST]; /* up to EFFECT_NONE */
};

struct job_step job_step(const struct course *course, const struct job_event *event);

/* Seconds of the pause after so many tries. */
guint course_pause_s(guint tries);

/* For the tests: the rows of the table, and which one an event takes; -1: none. */
int course_rows(void);
int course_row(const struct course *course, const struct job_event *event);
