/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   who owns which output, the numbers of originals, and originals that stay, in history.db. None of it is pruned.
 * Thread:    see database.h.
 * Ownership: records passed in are borrowed.
 */
#pragma once

#include "base/disk/stamp.h"
#include "ledger/database.h"

/* The ledger: which original ("pipeline/relative source") owns which output, under which name it was wished, which job wrote it last, and what it
 * was then. Paths are below the output folder, which may be moved. owner is NULL when no original owns the path; job may be NULL. Strings
 * are owned. All errors are ERROR_RETRY: not to know is not the same as to know that there is none. */
struct history_output {
	char *owner, *job;
	struct stamp stamp;  /* of the newest that was reported; it may not have got its name */
	struct stamp before; /* of the one that it was to replace */
};
bool history_owner(struct history *history, const char *path, struct history_output *output, GError **error);
void history_output_clear(struct history_output *output);
/* The paths that this original got where it wished this one, shortest first. Returns owned, possibly empty; NULL on error. */
GPtrArray *history_places(struct history *history, const char *owner, const char *wished, GError **error);
/* Do the outputs that are written down from here on carry a mark (output_xattr.h)? One without needs its line on disk before it gets its name. */
void history_have_marks(struct history *history, bool marked);
bool history_own(struct history *history, const char *path, const char *owner, const char *wished, const char *job,
	const struct stamp *stamp, GError **error);
/* A ledger of an older version has absolute paths: those below out become relative. */
bool history_relocate(struct history *history, const char *out, GError **error);

void history_disown(struct history *history, const char *path);

/* The number of an original among those of its pipeline: the one it has, or the next, from 1. On disk when this returns; 0 on error. */
gint64 history_number(struct history *history, const char *pipeline, const char *source, GError **error);

/* One that it had before, unless it has another by now. */
bool history_set_number(
	struct history *history, const char *pipeline, const char *source, gint64 number, GError **error);

/* Originals that stay in their inbox (master/commit/kept_originals.h), by owner. */
struct history_original {
	const char *owner;
	struct stamp stamp;
	gint64 ctime_ns;  /* 0: not known yet */
	const char *hash; /* SHA-256, hexadecimal; NULL: not known yet */
};
bool history_keep(struct history *history, const struct history_original *original, GError **error);
bool history_unkeep(struct history *history, const char *owner, GError **error);
void history_kept(
	struct history *history, void (*each)(const struct history_original *original, void *user), void *user);
/* Keys by device and inode, of an older version. */
void history_kept_keys(struct history *history, void (*each)(const char *key, void *user), void *user);
bool history_unkeep_key(struct history *history, const char *key, GError **error);
