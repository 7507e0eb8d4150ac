/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   an end of the row flow: saves an image whose rows come out of a result ring, on as many cores as wait and its format can use
 *            (image/write/parallel/parallel_save.h).
 * Thread:    encoder_new() before the flow begins; encoder_run() on a thread of its own, it returns when its work is done, failed or was stopped.
 * Ownership: encoder_free(). Borrows plan and rows.
 */
#pragma once

#include "codec/rows.h"
#include "codec/stream.h"

struct encoder;

/* Of output number index. Errors: ERROR_INPUT. */
struct encoder *encoder_new(const struct plan *plan, struct rows *rows, int index, GError **error);
void encoder_free(struct encoder *encoder); /* NULL is fine */
DEFINE_AUTO(encoder, encoder_free)

/* Saves to path. Errors: ERROR_INPUT or ERROR_RETRY (disk). False without an error: the flow was stopped. */
bool encoder_run(struct encoder *encoder, const char *path, GError **error);

const struct stream_spent *encoder_spent(const struct encoder *encoder);
