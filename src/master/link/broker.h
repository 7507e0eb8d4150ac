/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the broker as a running master sees it. The bus tells of connections, but a broker that hangs keeps its connections, and topics
 *            can be deleted under a running mill: so a cluster is also asked, every few seconds. Topics that are missing are made
 *            again. As long as something is wrong nothing is given out, and no silent worker is treated as dead.
 * Thread:    broker_connection() on any; the rest on the master's loop. The cluster is asked on a thread of its own, which a broker that does
 *            not answer may hold up.
 * Ownership: the broker borrows the link, which outlives it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct link;
struct broker;

/* Connected or not, and why; a bus_state_fn whose user is the link. */
void broker_connection(bool up, const char *why, void *user);

/* Runs the loop for a second, or until enough (NULL: never). False: no more tries. */
typedef bool (*broker_pause)(const bool *enough, void *user);
/* On a cluster, once: waits until it answers; the topics are there, or are made. brokers: as they were named. pause: during a try, and before the
 * next. */
bool broker_wait_ready(struct link *link, const char *brokers, broker_pause pause, void *user, GError **error);

/* Begins to ask. Not for the embedded broker, which cannot lose what it has. */
struct broker *broker_watch(struct link *link);
/* Something went wrong that may be the cluster's doing: asks now. NULL is fine. */
void broker_ask(struct broker *broker);
/* Does not wait for a late answer; the rest is freed with the process. NULL is fine. */
void broker_forget(struct broker *broker);
