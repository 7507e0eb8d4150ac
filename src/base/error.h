/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the one error domain. The kind says who has to act: nobody (retry later), the owner of the
 *            file (input), or the operator (system). Bugs are assertions, not errors.
 * Thread:    any. Ownership: GError's.
 */
#ifndef DROPMILL_BASE_ERROR_H
#define DROPMILL_BASE_ERROR_H

#include <glib.h>
#include <stdbool.h>

enum error_kind {
	ERROR_INPUT,  /* the file or the definition is at fault: the job fails with this reason */
	ERROR_RETRY,  /* may pass (disk full, permission, broker down): try again later */
	ERROR_SYSTEM, /* cannot go on: stop with this message */
};

#define DROPMILL_ERROR (dropmill_error_quark())
GQuark dropmill_error_quark(void);

/* Sets error and returns false, so that `return fail(error, ERROR_INPUT, ...)` reads well. */
bool fail(GError **error, enum error_kind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same with ": " and strerror(errno) behind; the kind follows errno (ENOSPC, EACCES, EROFS, EIO, EDQUOT, EMFILE,
 * ENFILE, EAGAIN, ENOMEM are ERROR_RETRY, the rest ERROR_SYSTEM). */
bool fail_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
