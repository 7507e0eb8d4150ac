/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the broker as a running master sees it. The bus tells of connections, but a broker that hangs keeps its connections, and topics
 *            can be deleted under a running mill: so a cluster is also asked, every few seconds. Topics that are missing are made
 *            again. As long as something is wrong nothing is given out, and no worker's silence is taken for its death.
 * Thread:    broker_connection() on any; the rest on the master's loop. The cluster is asked on a thread of its own, which a broker that does
 *            not answer may hold up.
 * Ownership: the broker borrows the master, which outlives it.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_BROKER_H
#define DROPMILL_MASTER_SCHEDULE_BROKER_H

#include <glib.h>
#include <stdbool.h>

struct master;
struct broker;

/* Connected or not, and why; a bus_state_fn whose user is the master. */
void broker_connection(bool up, const char *why, void *user);

/* On a cluster, once: waits until it answers; the topics are there, or are made. */
bool broker_wait_ready(struct master *master, GError **error);

/* Begins to ask. Not for the embedded broker, which cannot lose what it has. */
struct broker *broker_watch(struct master *master);
/* Something went wrong that may be the cluster's doing: asks now. NULL is fine. */
void broker_ask(struct broker *broker);
/* Does not wait for an answer that does not come; what is left goes with the process. NULL is fine. */
void broker_forget(struct broker *broker);

#endif
