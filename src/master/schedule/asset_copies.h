/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the assets of definitions, as the master cares for them: it watches the files, keeps copies by their hash in the state folder
 *            (the checker writes them) for as long as a definition or a job names them, and sends the bytes to workers that cannot read them.
 * Thread:    the master's loop.
 * Ownership: see each function.
 */
#pragma once

#include "master/config/definitions.h"
#include "master/fleet/workers.h"
#include "master/job/queue.h"
#include "master/link/link.h"

struct assets;

/* Copies lie in state/assets. changed is called some time after a watched file was. */
struct assets *assets_new(const char *state, void (*changed)(void *user), void *user);
void assets_free(struct assets *assets); /* NULL is fine */

const char *assets_folder(const struct assets *assets); /* borrowed */

/* Watches what these definitions are made of, the links that lead there included, and nothing else any more. */
void assets_watch(struct assets *assets, const GPtrArray *definitions);

/* Removes copies that neither a definition nor an unfinished job names. */
void assets_sweep(struct assets *assets, const struct definitions *definitions, const struct queue *queue);
/* The clock: sweeps now and then, for what the last job of an older version left. */
void assets_tick(struct assets *assets, const struct definitions *definitions, const struct queue *queue);

/* A picture's own profile, which its codec read and workers need, becomes an asset of the job. The bytes go into the
 * folder (`once` makes one for as long as it runs), and the path into the source of the plan's task. False with the
 * reason: it cannot be written. */
bool assets_keep_profile(struct definitions *definitions, struct job *job, JsonObject *plan, GError **error);

/* What this worker must be sent with a task of the job, because it cannot read it and was not sent it before: struct parcel, owned; NULL: nothing.
 * NULL with error (G_FILE_ERROR) when an asset's bytes are gone or too many for the bus. */
GPtrArray *assets_parcels(const struct link *link, const struct job *job, const struct worker *worker, GError **error);
/* They are on their way to it. */
void assets_sent(struct worker *worker, const GPtrArray *parcels);
/* It has not got this one. */
void assets_lacking(struct worker *worker, const char *sha256);
