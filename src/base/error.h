/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the one error domain. The kind says who has to act: nobody (retry later), the owner of the
 *            file (input), or the operator (system). One table says what kind an errno is, by the place where it occurred.
 *            Kind and number travel in the error; nobody reads its text. Bugs are assertions, not errors.
 * Thread:    any. Ownership: GError's.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum error_kind {
	ERROR_INPUT,  /* the file or the definition is at fault: the job fails with this reason */
	ERROR_RETRY,  /* may pass (disk full, permission, broker down): try again later */
	ERROR_SYSTEM, /* cannot go on: stop with this message */
};

/* Where the system refused something. */
enum error_place {
	PLACE_PROCESS,  /* what a process needs to run at all */
	PLACE_OUTPUT,   /* a picture's way out: its outputs, and where its original goes */
	PLACE_ORIGINAL, /* a picture's original */
	PLACE_COUNT
};

#define DROPMILL_ERROR (dropmill_error_quark())
GQuark dropmill_error_quark(void);

/* Sets error and returns false, so that `return fail(error, ERROR_INPUT, ...)` reads well. */
bool fail(GError **error, enum error_kind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* ERROR_INPUT, since it is beyond a limit that somebody set. */
bool fail_limit(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* ERROR_RETRY, since what the limit allows is in use now. */
bool fail_in_use(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* fail() with ": " and strerror(errno) behind; the kind is that of errno at this place. fail_errno() is for PLACE_PROCESS. */
bool fail_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool fail_errno_at(GError **error, enum error_place place, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same for this number, where the text itself says what it means. */
bool fail_number_at(GError **error, enum error_place place, int number, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* The table. */
enum error_kind error_kind_of(int number, enum error_place place);
/* For an error of any domain: it may pass by itself. */
enum error_kind error_kind(const GError *error);
/* errno, as far as the error has one; 0: none. */
int error_number(const GError *error);

/* Was it fail_limit() or fail_in_use() that set it? */
bool error_is_limit(const GError *error);
