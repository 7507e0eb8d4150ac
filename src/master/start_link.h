/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   opens the link to the broker: the embedded one or a cluster, topics and readers. What readers bring goes on to the loop.
 * Thread:    the main thread, before the loop runs.
 * Ownership: the master's link owns what is opened.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct master;

/* The embedded broker, when no brokers are named. */
bool start_embedded(struct master *master, int partitions, GError **error);
/* Bus, topics and readers; the embedded broker is there. */
bool start_bus(struct master *master, GError **error);
