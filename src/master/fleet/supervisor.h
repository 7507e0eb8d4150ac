/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   keeps N worker processes running: starts them, starts them again with back-off when they end, ends them in order.
 * Thread:    the main thread (children die with the thread that forked them).
 * Ownership: supervisor_free() kills what still runs.
 */
#pragma once

#include "master/config/options.h"

struct segment_server;

struct supervisor;

/* by_hand: worker i reads partition i of the embedded broker at `brokers`; else they join the consumer group. places: what workers
 * may open, see allowed.h; taken. ended: a child ended, how, and on what task (journal_name(); "": none; NULL: not known). */
struct supervisor *supervisor_new(const struct options *options, const char *brokers, bool by_hand, GBytes *key,
	int count, char **places, void (*ended)(gint64 pid, const char *how, const char *task, void *user), void *user);
/* Other places, taken: workers end in order and are started again with them, unless they are the same. */
void supervisor_allow(struct supervisor *supervisor, char **places);
/* A rolling restart: each is asked to end when it has finished what it has in hand, the next one when its successor has settled. */
void supervisor_renew(struct supervisor *supervisor);
/* Asks all to end (SIGTERM) and calls done when the last one has; no child is started again. */
void supervisor_stop(struct supervisor *supervisor, void (*done)(void *user), void *user);
/* Kills one of ours that hangs; false when it is none of ours. */
bool supervisor_kill(struct supervisor *supervisor, gint64 pid);
void supervisor_free(struct supervisor *supervisor); /* NULL is fine */
DEFINE_AUTO(supervisor, supervisor_free)
