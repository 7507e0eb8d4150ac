/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what output_names.c and output_conflicts.c share. Private to them.
 * Thread:    everything below mutex is touched with it held. Ownership: struct names owns all of it.
 */
#ifndef DROPMILL_MASTER_COMMIT_OUTPUT_NAMES_PRIVATE_H
#define DROPMILL_MASTER_COMMIT_OUTPUT_NAMES_PRIVATE_H

#include "definition/template/template.h"
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

/* Finds a place for each output of a new run; found has none yet. Any thread. */
enum names_answer names_find(struct names *names, const struct drop *drop, struct found *found, GError **error);

/* With the mutex held. */
/* After a new ledger began, in place of one that was lost or damaged, it learns from the marks. */
void names_refresh(struct names *names);
void names_let_go(struct names *names, const struct drop *drop);

#endif
