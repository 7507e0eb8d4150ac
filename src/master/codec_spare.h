/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one codec process that waits for the next job: libvips and its modules take 50 ms to load, which a photograph that is cut would
 *            wait for. It is used once, like any codec, so that a large picture's memory goes back to the system with it.
 * Thread:    the master's loop.
 * Ownership: the links that are taken belong to the taker; codec_spare_free() ends the one that waits.
 */
#ifndef DROPMILL_MASTER_CODEC_SPARE_H
#define DROPMILL_MASTER_CODEC_SPARE_H

#include "master/codec_link.h"

struct codec_spare;

struct codec_spare *codec_spare_new(void);
void codec_spare_free(struct codec_spare *spare); /* NULL is fine */

/* Starts the one that waits when there is none, or it has died. Cheap: the process loads by itself. NULL is fine. */
void codec_spare_fill(struct codec_spare *spare);

/* The one that waits, or a new one; spare NULL: a new one. */
struct codec_link *codec_spare_take(struct codec_spare *spare, codec_event_fn event, void *user, GError **error);

#endif
