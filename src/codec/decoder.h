/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   an end of the row flow: fills the source ring from the opened file.
 * Thread:    on a thread of its own; returns when its work is done, failed or was stopped.
 */
#pragma once

#include "codec/rows.h"
#include "codec/stream.h"

/* Decodes the whole source. Errors: ERROR_INPUT with libvips' reason. True also when the flow was stopped. */
bool decoder_run(const struct plan *plan, struct rows *rows, struct stream_spent *spent, GError **error);
