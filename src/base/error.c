/* SPDX-License-Identifier: GPL-2.0-or-later
 * The one error domain, and what error numbers mean: see error.h. */
#include "base/error.h"

#include <errno.h>

typedef struct {
	int number;
	bool limit;
} DropmillErrorPrivate; /* the name that GLib's macro wants */

static void dropmill_error_private_init(DropmillErrorPrivate *own)
{
	own->number = 0;
	own->limit = false;
}

static void dropmill_error_private_copy(const DropmillErrorPrivate *from, DropmillErrorPrivate *to)
{
	*to = *from;
}

static void dropmill_error_private_clear(DropmillErrorPrivate *own)
{
	(void)own;
}

G_DEFINE_EXTENDED_ERROR(DropmillError, dropmill_error)

/* A picture waits for causes outside it that somebody, or time, can fix: room, permission, a disk or a share that is
 * away. It fails of what stays as it is for this picture: a name that cannot be, something else where a folder must be.
 * A number that is not here may pass; a process does not start with it. */
static const struct {
	int number;
	enum error_kind kinds[PLACE_COUNT]; /* process, output, original */
} table[] = {
	/* no room, or too much at a time */
	{ENOSPC, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	{EDQUOT, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	{ENOMEM, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	{EAGAIN, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	{EMFILE, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	{ENFILE, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	{EINTR, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	{EBUSY, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	/* closed by somebody */
	{EACCES, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	{EPERM, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	{EROFS, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	/* a disk or a share in trouble, or away */
	{EIO, {ERROR_RETRY, ERROR_RETRY, ERROR_RETRY}},
	{ESTALE, {ERROR_SYSTEM, ERROR_RETRY, ERROR_RETRY}},
	{ENODEV, {ERROR_SYSTEM, ERROR_RETRY, ERROR_RETRY}},
	{ENXIO, {ERROR_SYSTEM, ERROR_RETRY, ERROR_RETRY}},
	{ENOTCONN, {ERROR_SYSTEM, ERROR_RETRY, ERROR_RETRY}},
	{ETIMEDOUT, {ERROR_SYSTEM, ERROR_RETRY, ERROR_RETRY}},
	{EHOSTDOWN, {ERROR_SYSTEM, ERROR_RETRY, ERROR_RETRY}},
	{ENOENT, {ERROR_SYSTEM, ERROR_RETRY, ERROR_INPUT}}, /* a folder may be made again, an original was taken away */
	/* as it is, it can never be */
	{EINVAL, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
	{EILSEQ, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
	{ENAMETOOLONG, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
	{ENOTDIR, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
	{EISDIR, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
	{ENOTEMPTY, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
	{EEXIST, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
	{ELOOP, {ERROR_SYSTEM, ERROR_RETRY, ERROR_INPUT}}, /* somebody can put a folder where the link is */
	{EXDEV, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}}, /* where a copy will do, one is made: see files_move() */
	{EFBIG, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
	{EOVERFLOW, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
	{EOPNOTSUPP, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
	{ENOSYS, {ERROR_SYSTEM, ERROR_INPUT, ERROR_INPUT}},
};

enum error_kind error_kind_of(int number, enum error_place place)
{
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		if (table[i].number == number)
			return table[i].kinds[place];
	return place == PLACE_PROCESS ? ERROR_SYSTEM : ERROR_RETRY;
}

static bool fail_numbered(GError **error, enum error_kind kind, int number, const char *format, va_list arguments)
	G_GNUC_PRINTF(4, 0);

static bool fail_numbered(GError **error, enum error_kind kind, int number, const char *format, va_list arguments)
{
	if (error) {
		*error = g_error_new_valist(DROPMILL_ERROR, kind, format, arguments);
		dropmill_error_get_private(*error)->number = number;
	}
	return false;
}

bool fail(GError **error, enum error_kind kind, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_numbered(error, kind, 0, format, arguments);
	va_end(arguments);
	return false;
}

bool fail_limit(GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_numbered(error, ERROR_INPUT, 0, format, arguments);
	va_end(arguments);
	if (error)
		dropmill_error_get_private(*error)->limit = true;
	return false;
}

bool fail_in_use(GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_numbered(error, ERROR_RETRY, 0, format, arguments);
	va_end(arguments);
	if (error)
		dropmill_error_get_private(*error)->limit = true;
	return false;
}

bool error_is_limit(const GError *error)
{
	return error && error->domain == DROPMILL_ERROR && dropmill_error_get_private(error)->limit;
}

static bool fail_at(GError **error, enum error_place place, int number, const char *format, va_list arguments)
	G_GNUC_PRINTF(4, 0);

static bool fail_at(GError **error, enum error_place place, int number, const char *format, va_list arguments)
{
	fail_numbered(error, error_kind_of(number, place), number, format, arguments);
	if (error) {
		g_autofree char *text = (*error)->message;
		(*error)->message = g_strdup_printf("%s: %s", text, g_strerror(number));
	}
	return false;
}

bool fail_errno(GError **error, const char *format, ...)
{
	int number = errno;
	va_list arguments;

	va_start(arguments, format);
	fail_at(error, PLACE_PROCESS, number, format, arguments);
	va_end(arguments);
	return false;
}

bool fail_errno_at(GError **error, enum error_place place, const char *format, ...)
{
	int number = errno;
	va_list arguments;

	va_start(arguments, format);
	fail_at(error, place, number, format, arguments);
	va_end(arguments);
	return false;
}

bool fail_number_at(GError **error, enum error_place place, int number, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_numbered(error, error_kind_of(number, place), number, format, arguments);
	va_end(arguments);
	return false;
}

int error_number(const GError *error)
{
	return error->domain == DROPMILL_ERROR ? dropmill_error_get_private(error)->number : 0;
}

enum error_kind error_kind(const GError *error)
{
	/* Another domain's code is not one of our kinds: G_FILE_ERROR_EXIST is 0 as well. */
	return error->domain == DROPMILL_ERROR ? (enum error_kind)error->code : ERROR_RETRY;
}
