/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a page that a worker shares with whoever started it, on which it writes down the task that it has in hand. It outlives the
 *            worker, so that its supervisor knows on what it died: not what waited beside it, nor what it had finished.
 * Thread:    written by one thread of the worker; read by the supervisor when the worker is dead.
 * Ownership: journal_free() unmaps; the supervisor's closes the memory, too.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

#define JOURNAL_TASK_BYTES 128

struct journal;

struct journal *journal_create(GError **error);
/* Where others open it. Borrowed. */
const char *journal_path(const struct journal *journal);
struct journal *journal_open(const char *path, GError **error);
void journal_free(struct journal *journal); /* NULL is fine */
DEFINE_AUTO(journal, journal_free)

/* The name of a task in a journal: "JOB/SERIAL/TILE/ATTEMPT". */
void journal_name(char name[JOURNAL_TASK_BYTES], const char *job, guint32 serial, int tile, int attempt);
void journal_begin(struct journal *journal, const char *name);
void journal_end(struct journal *journal);
/* The task in hand, or "". Owned. */
char *journal_read(const struct journal *journal);
/* Tasks begun since it was cleared. */
guint journal_count(const struct journal *journal);
/* For the next worker. */
void journal_clear(struct journal *journal);
