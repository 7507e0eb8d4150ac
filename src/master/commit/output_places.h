/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the places of outputs: taken ones, and those that are let go. For output_names.c and output_conflicts.c.
 * Thread:    everything below mutex is touched with it held. Ownership: struct names owns all of it.
 */
#pragma once

#include "master/commit/output_names.h"
#include "master/commit/output_xattr.h"

struct names {
	char *out, *watch;
	struct mark_place mill; /* of the two, for marks */
	names_done done;
	void *user;
	GThreadPool *namer, *hasher;
	GMutex mutex;
	struct history *ledger; /* a connection of its own; NULL: once */
	GHashTable *holders;    /* path to struct drop: places of pictures in work */
	GHashTable *
		waiting; /* struct drop to the path that it waits for, since another has it or an older one waits for it */
	GHashTable *made;    /* once: path to owner, of what this run made */
	GHashTable *numbers; /* once: owner to number */
};

/* With the mutex held. */
/* After a new ledger began, in place of one that was lost or damaged, it learns from the marks. */
void names_refresh(struct names *names);
void names_let_go(struct names *names, const struct drop *drop);

/* The place was taken by a stranger after all: out of the ledger, and the output has none. */
void names_give_up(struct names *names, struct job_output *output);
