/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   where the names of an inbox's files come from. A source is one file with a struct source in it, and a row in SOURCES.
 *            It reports names; that they are complete, are not known, and can be claimed is seen to by intake_settle.h and intake_take.h.
 * Thread:    intake's.
 * Ownership: a pass belongs to its inbox, until end().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "master/inbox/inbox.h"

struct intake;
struct watched_inbox;

/* NAME of NAME_source. The first that fits has an inbox. */
#define SOURCES(X) X(walk)

/* What every source knows of a pass over all of an inbox: the first member of its own struct. */
struct pass {
	int number;   /* errno of the inbox's folder, or 0 */
	bool watched; /* changes will be seen; else another pass follows after intake_poll_us */
};

struct source {
	bool (*fits)(const struct inbox *settings); /* asked when the inbox is opened; NULL: yes */
	struct pass *(*begin)(void);
	/* Calls settle_notice() with ARRIVED_WALKED for at most one file. False: that was all. */
	bool (*next)(struct intake *intake, struct watched_inbox *inbox, struct pass *pass);
	void (*end)(struct pass *pass);
	guint64 (*count)(struct intake *intake, struct watched_inbox *inbox); /* how many files there are, by name */
};

#define DECLARE_SOURCE(NAME) extern const struct source NAME##_source;
SOURCES(DECLARE_SOURCE)

/* The source of an inbox. */
const struct source *source_of(const struct inbox *settings);
