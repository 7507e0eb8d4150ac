/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what run, master, worker and once were told: command line before environment (DROPMILL_NAME) before dropmill.yaml before the
 *            default.
 * Thread:    read on the main thread before any other starts, constant afterwards.
 * Ownership: options_clear().
 */
#ifndef DROPMILL_MASTER_CONFIG_OPTIONS_H
#define DROPMILL_MASTER_CONFIG_OPTIONS_H

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

struct options {
	char *config;    /* dropmill.yaml */
	char *pipelines; /* folder of definitions */
	char *watch, *out, *state;
	char *http;    /* ADDR:PORT */
	char *brokers; /* NULL: embedded */
	char *prefix;
	char *payload; /* auto, inline, shm */
	char *log_format;
	int workers;            /* 0: as many as cores */
	int count;              /* worker: processes */
	int history;            /* finished jobs that are remembered */
	int drain_seconds;      /* after SIGTERM what is in hand may be finished for so long */
	int queue;              /* files of an inbox that are claimed and not finished at a time; 0: see jobs_queue() */
	int recycle_tasks;      /* a worker is replaced after so many; 0: never */
	int nice;               /* of workers and codecs */
	gint64 recycle_growth;  /* a worker is replaced when it grew by so many bytes; 0: never */
	gint64 memory;          /* bytes for the pixels of tiled jobs, in shared memory or on their way to workers */
	gint64 spool;           /* bytes of large records that may lie in files, in each process */
	gint64 worker_memory;   /* bytes that a worker may have of its own; 0: no limit */
	int tile;               /* px; 0: the default, and small pictures are not cut */
	char **allow;           /* worker: folders that tasks may name files in; NULL: none */
	GHashTable *properties; /* librdkafka properties */
	char **rest;            /* arguments that are no options */
};

/* argv[0] is the subcommand's name: run, master, worker, once. Errors are one line for people; exit status 2. usage is shown by --help. */
struct options *options_read(int argc, char **argv, const char *usage, GError **error);
void options_free(struct options *options);
DEFINE_AUTO(options, options_free)

#endif
