/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the master's link to the broker, and its state.
 * Thread:    the master's loop, but for the members that name another thread.
 * Ownership: the master owns all of it.
 */
#pragma once

#include "bus/embedded.h"
#include "bus/kafka.h"
#include "bus/protocol/joiner.h"
#include "master/link/broker.h"

struct link {
	struct bus *bus;
	struct embedded *embedded; /* NULL: the broker is a cluster */
	GBytes *key;               /* of records on the embedded broker; NULL: none */
	struct bus_reader *results, *heartbeats;
	struct joiner *joiner; /* results reader's thread only */
	struct broker *broker; /* NULL: embedded */
	bool up;
	void (*changed)(bool back, void *user); /* back: it was down, and is up */
	void *user;
	char *why_down;      /* NULL: it is up */
	char *no_connection; /* why there is none; NULL: there is one */
	char *no_answer;     /* why there is none, or which topics are missing; NULL: nothing is wrong */
};
