/* SPDX-License-Identifier: GPL-2.0-or-later
 * The one error domain: see error.h. */
#include "base/error.h"

#include <errno.h>
#include <string.h>

G_DEFINE_QUARK(dropmill, dropmill_error)

bool fail(GError **error, enum error_kind kind, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (error)
		*error = g_error_new_valist(DROPMILL_ERROR, kind, format, arguments);
	va_end(arguments);
	return false;
}

static enum error_kind kind_of_errno(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
	case EACCES:
	case EPERM:
	case EROFS:
	case EIO:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
	case ENOMEM:
		return ERROR_RETRY;
	default:
		return ERROR_SYSTEM;
	}
}

bool fail_errno(GError **error, const char *format, ...)
{
	int number = errno;
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return fail(error, kind_of_errno(number), "%s: %s", text, g_strerror(number));
}
