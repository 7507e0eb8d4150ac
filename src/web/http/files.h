/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   an output as a download: addressed by job and number, never by path; whole or one range.
 * Thread:    the CivetWeb thread that holds the connection.
 * Ownership: borrows both.
 */
#pragma once

#include "status/snapshot.h"
#include "web/http/answer.h"

/* Returns the status sent. */
int files_send(struct request *request, const struct output_view *output);
/* A file of ours, to be shown and not saved. path NULL: not there. */
int files_send_inline(struct request *request, const char *path, const char *type);
/* The original, where it lies now. */
int files_send_original(struct request *request, const struct job_view *job);

/* One byte range of a file of `size` bytes. RANGE_NONE: send it whole (no header, or one this server may ignore). */
enum range { RANGE_NONE, RANGE_PART, RANGE_UNSATISFIABLE };
enum range files_range(const char *header, gint64 size, gint64 *first, gint64 *last);
