/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   whose fault is a failure? The worker's, when another manages the task; the picture's, when a second worker says the same. Until that
 *            is known each failure is a vote, and what follows is decided from the votes.
 * Thread:    any. Ownership: none; who makes a vote owns what it points to.
 */
#pragma once

#include "master/policy/breaker.h"

enum failure_kind {
	FAILURE_TROUBLE, /* the worker could not do it: disk full, no memory, no access */
	FAILURE_VERDICT, /* it says that the picture is at fault */
	FAILURE_DEATH,   /* it died of it: its machine is avoided, too */
	FAILURE_FULL,    /* its limits are in use by other tasks: not its fault */
	FAILURE_LIMIT, /* it says that the picture is beyond its limit or the pipeline's: a verdict, and not its fault */
};

struct failure_vote {
	guint tile;
	enum failure_kind kind;
	const struct breaker *breaker; /* the worker's; its address says whose vote it is */
	char *machine;
};

/* A strike for the worker, if another manages the task. */
bool failure_is_fault(enum failure_kind kind);
/* How little this worker should get this task: 0 not at all suspected, 1 its machine's, 2 itself. votes: struct failure_vote; NULL: none. */
int votes_suspicion(const GPtrArray *votes, guint tile, const struct breaker *breaker, const char *machine);
/* How many workers in good standing say that the picture is at fault. */
guint votes_verdicts(const GPtrArray *votes, guint tile);

enum failure_answer {
	ANSWER_WAIT,       /* for the other worker that has the task */
	ANSWER_ELSEWHERE,  /* another worker tries */
	ANSWER_AGAIN,      /* the same may try at once */
	ANSWER_START_OVER, /* the job */
	ANSWER_LATER,      /* the job waits: the trouble may pass */
	ANSWER_FAIL        /* the job fails */
};

struct failure_facts {
	enum failure_kind kind;
	bool other_has_it; /* another worker */
	bool elsewhere;    /* there is a worker that has not failed it */
	guint verdicts;    /* with this one */
	bool trusted;      /* this worker's breaker is closed */
	guint waits;       /* of the job so far, in a row */
};

/* A worker failed the task. Its verdict is believed when a second worker says the same, or when there is no second one. The verdict of a
 * worker whose breaker is open is doubted while another may yet come. */
enum failure_answer failure_answer(const struct failure_facts *facts);
/* No worker is at fault: bytes were lost, or the lease had passed. attempts: of the task in this run, without those because another was late. */
enum failure_answer mishap_answer(bool other_has_it, guint attempts);
