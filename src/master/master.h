/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the master: one loop that owns every job, and the threads that feed it.
 * Thread:    the main thread; signals are taken there.
 */
#pragma once

#include "ledger/history.h"
#include "master/config/options.h"

/* The status page, given by whoever knows both (web reads snapshots and knows no master; the master knows no web). */
struct master_page {
	void *(*open)(const char *listen, const char *state, GError **error);
	/* A history of the page's own: taken. out: the out folder. */
	void (*remember)(void *page, struct history *history, const char *out);
	const char *(*url)(const void *page);
	void (*close)(void *page);
};

/* `dropmill run` (own_workers) and `dropmill master`: until SIGTERM or SIGINT. Returns the exit status. */
int master_run(const struct options *options, bool own_workers, const struct master_page *page);

/* `dropmill once`: files through one pipeline (a name or a path), outputs into options->out. Returns 0, or 1 when some failed. */
int master_once(const struct options *options, const char *pipeline, char **files);

/* `dropmill worker`: options->count workers of a cluster, kept running until SIGTERM. Returns the exit status. */
int worker_host_run(const struct options *options);

/* ---- what `run` and `once` share; the state itself: master/state/state.h */

struct master;

/* The clock, once a second. */
gboolean master_tick(gpointer master);
void master_init(struct master *master, const struct options *options);
void master_close(struct master *master);
/* A supervisor calls it; user is the master. */
void master_child_ended(gint64 pid, const char *how, const char *task, void *user);
/* No new work from now on; the loop ends when what is in hand is done. */
void master_drain(struct master *master);
