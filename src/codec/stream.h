/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the two ends of the row flow: the decoder fills the source ring from the opened file, an encoder saves an image whose rows
 *            come out of a result ring.
 * Thread:    each function runs on a thread of its own and returns when its work is done, failed or was stopped.
 */
#ifndef DROPMILL_CODEC_STREAM_H
#define DROPMILL_CODEC_STREAM_H

#include "codec/rows.h"

/* What an end did besides decoding or encoding. */
struct stream_spent {
	gint64 wait_us, copy_us, copied_bytes;
};

/* Decodes the whole source. Errors: ERROR_INPUT with libvips' reason. True also when the flow was stopped. */
bool stream_decode(const struct plan *plan, struct rows *rows, struct stream_spent *spent, GError **error);

/* Saves output number index to path. Errors: ERROR_INPUT or ERROR_RETRY (disk). */
bool stream_encode(const struct plan *plan, struct rows *rows, int index, const char *path, struct stream_spent *spent,
	GError **error);

#endif
