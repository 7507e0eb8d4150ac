/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the records of originals that stay, their database, and the thread that reads contents. Used by kept_originals.c, and to open it.
 * Thread:    whatever takes a struct kept and a path, but for kept_save(), is called with mutex held. Ownership: struct kept owns all.
 */
#pragma once

#include "base/disk/stamp.h"
#include "ledger/history.h"
#include "master/commit/kept_originals.h"

struct kept_record {
	struct stamp stamp;
	gint64 ctime_ns; /* in its place; 0: not known yet */
	char *hash;      /* of its content; NULL: not read yet */
	bool returning;  /* not back in its place yet, or just now */
	bool announced;  /* the event of its way back is still to come */
	bool asked;      /* its content is to be read, or being read */
	guint64 met;     /* by this walk */
	guint reads;     /* that found the same, in a row */
	gint64 pause_us; /* not read again before */
};

struct shelf {               /* of a pipeline */
	GHashTable *records; /* relative path to struct kept_record */
	guint64 walk;
};

struct kept {
	GMutex mutex;
	GHashTable *shelves;  /* pipeline to struct shelf */
	GHashTable *old_keys; /* see adopt() */
	GMutex store_mutex;   /* of the next; taken before the other */
	struct history *store;
	GThreadPool *reader;
	gint quit; /* atomic */
	void (*decided)(const char *path, void *user);
	void *user;
};

/* Loads what earlier runs kept. decided: a content was compared, and kept_look() has another answer now; any thread. */
struct kept *kept_new(
	const struct history *history, void (*decided)(const char *path, void *user), void *user, GError **error);
void kept_free(struct kept *kept); /* NULL is fine */
DEFINE_AUTO(kept, kept_free)

struct shelf *kept_shelf(const struct kept *kept, const char *pipeline); /* NULL: nothing is kept */
struct kept_record *kept_find(const struct kept *kept, const char *pipeline, const char *relative);
struct kept_record *kept_put(struct kept *kept, const char *pipeline, const char *relative,
	const struct kept_record *content /* takes its hash */);
void kept_drop(struct kept *kept, const char *pipeline, const char *relative);
/* Its content is read; compare: decided() is called then. */
void kept_read(
	struct kept *kept, const struct inbox *inbox, const char *relative, struct kept_record *record, bool compare);
/* Without the mutex: on disk when it returns. */
bool kept_save(struct kept *kept, const char *pipeline, const char *relative, GError **error);
/* A mill of an older version knew it by device and inode. Returns its record, or NULL. */
struct kept_record *kept_adopt(
	struct kept *kept, const char *pipeline, const char *relative, const struct stat *status);
