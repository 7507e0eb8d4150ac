/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the master's end of a codec process: starts it, sends commands, hands on its events. See codec/codec.h for the messages.
 * Thread:    the master's loop; reading is asynchronous.
 * Ownership: codec_link_free() kills the process when it still runs; no event comes after it.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "base/auto.h"

struct codec_link;

/* Called for each event; event NULL: the process has ended, how says how. The link may be freed inside. */
typedef void (*codec_event_fn)(JsonObject *event, const char *how, void *user);

/* event NULL: a spare one, for a job that comes. */
struct codec_link *codec_link_new(codec_event_fn event, void *user, GError **error);
/* A spare one's events go to this job from now on. False when its process has ended. */
bool codec_link_use(struct codec_link *link, codec_event_fn event, void *user);
/* fd: goes with it; -1: none. */
void codec_link_send(struct codec_link *link, JsonObject *command, int fd);
/* held: another may still write where it lies, and reads what it is made of. */
void codec_link_done(struct codec_link *link, guint tile, bool held);
/* That one has ended. */
void codec_link_free_tile(struct codec_link *link, guint tile);
void codec_link_free(struct codec_link *link); /* NULL is fine */
DEFINE_AUTO(codec_link, codec_link_free)
