/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the finished jobs of the whole history for the page, through a connection of its own.
 * Thread:    any; one at a time looks things up.
 * Ownership: archive_free(). Views are returned owned.
 */
#pragma once

#include "base/auto.h"
#include "ledger/history.h"
#include "status/snapshot.h"

struct archive;

struct archive *archive_new(void);
void archive_free(struct archive *archive); /* NULL is fine */
DEFINE_AUTO(archive, archive_free)
/* Takes the history; before, nothing is found. */
void archive_open(struct archive *archive, struct history *history, const char *out);

/* Up to limit of those that match, newest first. total: of all that match. NULL: the history cannot be read. */
GPtrArray *archive_find(
	struct archive *archive, const struct history_choice *choice, gint64 offset, int limit, gint64 *total);
/* NULL: there is none. archive NULL is fine. */
struct job_view *archive_job(struct archive *archive, const char *id);
/* See history_since(). */
bool archive_since(
	struct archive *archive, gint64 wall_us, void (*each)(const struct history_job *job, void *user), void *user);
