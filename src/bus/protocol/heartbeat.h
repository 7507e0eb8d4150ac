/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a worker says of itself once a second, as a record and back.
 * Thread:    any. Ownership: a heartbeat owns its strings.
 */
#pragma once

#include "base/auto.h"
#include "bus/protocol/record.h"

/* How a process of the same supervisor ended: who is restarted tells of those before it. */
struct ending {
	gint64 pid;
	char *how;  /* process_status_text() */
	char *task; /* what it had in hand, as journal_name() has it; "": nothing; NULL: not known */
};
#define ENDINGS_MOST 8
/* Of struct ending, owned. */
GPtrArray *endings_new(void);
void endings_add(
	GPtrArray *endings, gint64 pid, const char *how, const char *task); /* beyond ENDINGS_MOST the oldest goes */

struct heartbeat {
	char *id; /* unique for a worker process's life */
	char *host;
	gint64 pid;
	char *machine;  /* process_machine(): may it share memory with the master? */
	char *state;    /* "idle", "busy", "stopping" */
	char *job;      /* current, or "" */
	gint32 tile;    /* current, or -1 */
	gint32 attempt; /* current, or 0 */
	gint64 busy_us; /* since when on the current task; 0 */
	guint64 done, failed;
	GArray *partitions; /* gint32 */
	gint64 lag;         /* -1: unknown */
	GArray *lags;       /* gint64, one for each of partitions, -1: unknown; NULL: not reported */
	char *version;      /* of dropmill; "": another program, or not reported */
	bool planes[2];     /* by enum plane */
	bool no_files;      /* it opens no file of this machine by its path: whole files are sent to it */
	char *vips;         /* "8.14.1" */
	char *test_hash;    /* SHA-256 of a test image through this libvips, hex */
	gint64 rss_bytes;
	gint64 sequence; /* from 1 */
	char *slot; /* the same for a worker and whoever is started in its place; "": nobody supervises it. May be NULL when sent */
	gint64 restarts;    /* in this slot so far */
	bool retiring;      /* it ends when its tasks are answered, and wants no new ones */
	GPtrArray *endings; /* struct ending, the newest last; NULL when sent: none; never NULL when read */
};

struct record *heartbeat_to_record(const struct heartbeat *heartbeat);
struct heartbeat *heartbeat_from_record(const struct record *record, GError **error);
void heartbeat_free(struct heartbeat *heartbeat);
DEFINE_AUTO(heartbeat, heartbeat_free)
