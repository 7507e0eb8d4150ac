/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a worker's arguments from its supervisor: on the command line, and in the environment for those that
 *            others must not read.
 * Thread:    read before any other thread starts, constant afterwards.
 * Ownership: lives as long as the process.
 */
#pragma once

#include "bus/protocol/wire.h"

/* The socket to the supervisor. */
#define SERVER_FD 3

struct worker_args {
	char *brokers, *prefix, *payload;
	int partition, index, parent;
	gboolean embedded;
	gboolean server;      /* segments are handed over at descriptor 3 */
	GBytes *key;          /* of the embedded broker's records; it came there first; NULL: none */
	char **read, **write; /* folders that tasks may name files in; NULL: none */
	char *slot, *journal;
	int restarts;
	GPtrArray *endings;                        /* struct ending: processes of our supervisor */
	int recycle_tasks;                         /* end in order after so many; 0: never */
	gint64 recycle_growth_bytes, memory_bytes; /* end in order when larger; 0: never */
	gint64 spool_bytes;                        /* what parts of large tasks may take in files */
};

bool worker_args_read(struct worker_args *args, int argc, char **argv, GError **error);
/* librdkafka's, out of the environment: nothing that this process starts shall see them. Owned. */
GHashTable *worker_args_properties(void);
