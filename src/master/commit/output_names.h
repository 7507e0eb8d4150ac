/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   where outputs go: templates filled in, and a place found for each before its picture is processed. A path belongs to one
 *            picture in work at a time; a path that is taken on disk is dealt with as the pipeline's on_conflict says, by the
 *            ledger in the history, which tells the mill's own files from others. A file that the ledger does not know is
 *            never destroyed.
 *            What needs the output's size ({width}, {height}) is named at the commit. What needs the content's hash is named before,
 *            by a thread that reads the original once: so a conflict is known before work starts, and no worker has to
 *            report it. `once` has no ledger: a file that is there counts as made by the same original, unless this
 *            very run made it from another.
 * Thread:    one thread names in the order asked, and two read for hashes; names_settle(), names_own(), names_release() and names_next() also from the
 *            commit thread (a mutex inside). The loop never waits for the mutex.
 * Ownership: names_free(). Questions and answers are values: no thread sees a job (drop.h).
 */
#pragma once

#include "ledger/history.h"
#include "master/job/drop.h"

enum names_answer {
	NAMES_GIVEN,  /* each output has its place, is skipped, or waits for its size (final is NULL) */
	NAMES_TAKEN,  /* a place belongs to another picture in work, and only its end tells what to do: ask again */
	NAMES_FAILED, /* error says why: ERROR_INPUT (on_conflict: fail, a name too long) or what may pass */
};

struct named {
	struct drop *drop; /* whose outputs */
	enum names_answer answer;
	GError *error;       /* NULL with NAMES_GIVEN */
	struct found *found; /* done may take it */
};

/* On the loop; named is freed after it. */
typedef void (*names_done)(struct named *named, void *user);

struct names;

/* out: the out folder; watch: that of the inboxes, which tells whose outputs are the mill's. The ledger is the history's, over a connection of its own. history NULL: `once`, whose outputs lie in out itself. Fails
 * only with a history. */
struct names *names_new(
	const char *out, const char *watch, const struct history *history, names_done done, void *user, GError **error);
void names_free(struct names *names); /* what is queued is dropped; NULL is fine */
DEFINE_AUTO(names, names_free)

/* Names the outputs of a job that begins. found: the facts of the original, without outputs. */
void names_ask(struct names *names, const struct drop *drop, struct found *found /* takes */);

/* Into the ledger, before the output gets its name: after a crash in between the place is known for the job's own. */
bool names_own(struct names *names, const struct drop *drop, gint64 number /* of the original, see struct found */,
	const struct job_output *output, GError **error);

/* The job is over: its places are free for others, and it waits for none. */
void names_release(struct names *names, const struct drop *drop);

/* Who may have a place now: the ids of jobs that wait for one which nobody has, the oldest for each. Returns owned. Any thread. */
GPtrArray *names_next(struct names *names);
