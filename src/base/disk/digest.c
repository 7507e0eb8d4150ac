/* SPDX-License-Identifier: GPL-2.0-or-later
 * A file's SHA-256: see digest.h. */
#include "base/disk/digest.h"

#include <stdbool.h>
#include <unistd.h>

#include "base/disk/stamp.h"
#include "base/error.h"

#define BUFFER_BYTES (256 << 10)

static bool read_all(int descriptor, GChecksum *checksum, const gint *stop, GError **error)
{
	g_autofree guint8 *buffer = g_malloc(BUFFER_BYTES);
	gssize length;

	while ((length = read(descriptor, buffer, BUFFER_BYTES)) > 0) {
		g_checksum_update(checksum, buffer, length);
		if (stop && g_atomic_int_get(stop))
			return fail(error, ERROR_RETRY, "stopped");
	}
	return length == 0 || fail_errno_at(error, PLACE_ORIGINAL, "the original cannot be read");
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && stamp_ns(&a->st_mtim) == stamp_ns(&b->st_mtim) &&
	       stamp_ns(&a->st_ctim) == stamp_ns(&b->st_ctim);
}

char *digest_file(int descriptor, const gint *stop, struct stat *seen, GError **error)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	struct stat before, after;

	if (fstat(descriptor, &before) != 0) {
		fail_errno_at(error, PLACE_ORIGINAL, "the original cannot be looked at");
		return NULL;
	}
	if (!read_all(descriptor, checksum, stop, error))
		return NULL;
	if (fstat(descriptor, &after) != 0 || !is_same(&before, &after)) {
		fail(error, ERROR_RETRY, "the original was written to while it was read");
		return NULL;
	}
	if (seen)
		*seen = after;
	return g_strdup(g_checksum_get_string(checksum));
}
