/* SPDX-License-Identifier: GPL-2.0-or-later
 * EXIF into a TIFF that is written, by a new directory at its end: see tiff_exif.h. */
#include "image/encode/tiff_exif_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "base/disk/io.h"
#include "base/error.h"
#include "image/encode/tiff_exif.h"

#define CLASSIC_MOST G_MAXUINT32

/* A file that is read and written. */
struct whole {
	int fd;            /* or -1: */
	GByteArray *bytes; /* in memory */
	guint64 length;
};

static bool read_at(const struct whole *whole, guint64 at, void *into, gsize length)
{
	if (at > whole->length || length > whole->length - at)
		return false;
	if (whole->fd < 0)
		memcpy(into, whole->bytes->data + at, length);
	else if (pread(whole->fd, into, length, (off_t)at) != (gssize)length)
		return false;
	return true;
}

static bool write_at(const struct whole *whole, guint64 at, const guint8 *from, gsize length)
{
	if (whole->fd < 0) {
		if (at + length > G_MAXUINT) {
			errno = EFBIG;
			return false;
		}
		if (at + length > whole->bytes->len)
			g_byte_array_set_size(whole->bytes, (guint)(at + length));
		memcpy(whole->bytes->data + at, from, length);
		return true;
	}
	return io_write_at(whole->fd, from, length, (gint64)at);
}

/* The first directory as it lies in the file. Returns owned; NULL: not as libtiff writes it. */
static guint8 *read_directory(const struct whole *whole, bool *big, gsize *length)
{
	guint8 head[16] = {0}, count[8] = {0};

	if (!read_at(whole, 0, head, MIN(whole->length, sizeof head)) ||
		head[0] != (G_BYTE_ORDER == G_LITTLE_ENDIAN ? 'I' : 'M'))
		return NULL;
	*big = tiff_exif_number(head + 2, 2) == 43;
	guint64 at = *big ? tiff_exif_number(head + 8, 8) : tiff_exif_number(head + 4, 4);
	if (!read_at(whole, at, count, *big ? 8 : 2))
		return NULL;
	guint64 entries = tiff_exif_number(count, *big ? 8 : 2);
	if (entries > G_MAXUINT16)
		return NULL;
	*length = *big ? 8 + entries * 20 + 8 : 2 + entries * 12 + 4;
	guint8 *directory = g_malloc(*length);
	if (read_at(whole, at, directory, *length))
		return directory;
	g_free(directory);
	return NULL;
}

static bool append(VipsImage *image, struct whole *whole, GError **error)
{
	gsize length;
	guint64 first, at = whole->length + whole->length % 2;
	bool big;
	g_autofree guint8 *directory = read_directory(whole, &big, &length);

	if (!directory)
		return fail(error, ERROR_SYSTEM, "tiff: libvips wrote a file that cannot be read");
	g_autoptr(GByteArray) tail = tiff_exif_tail(image, big, directory, length, at, &first);
	if (!tail)
		return true;
	if (!big && at + tail->len > CLASSIC_MOST)
		return fail(
			error, ERROR_INPUT, "tiff: more than 4 GB of packed pixels; add bigtiff: true to the output");
	guint32 four = (guint32)first;
	return (write_at(whole, at, tail->data, tail->len) &&
		       write_at(whole, big ? 8 : 4, big ? (const guint8 *)&first : (const guint8 *)&four,
			       big ? 8 : 4)) ||
	       fail_errno(error, "tiff");
}

bool tiff_exif_add_file(VipsImage *image, const char *path, GError **error)
{
	if (!vips_image_get_typeof(image, VIPS_META_EXIF_NAME))
		return true;
	struct whole whole = {.fd = open(path, O_RDWR | O_CLOEXEC)};
	off_t end = whole.fd < 0 ? -1 : lseek(whole.fd, 0, SEEK_END);
	GError *cause = NULL;

	whole.length = (guint64)end;
	if (end < 0)
		fail_errno(&cause, "%s", path);
	else
		append(image, &whole, &cause);
	if (whole.fd >= 0 && cause)
		close(whole.fd);
	else if (whole.fd >= 0)
		files_finish(whole.fd, path, &cause);
	if (cause)
		g_propagate_error(error, cause);
	return !cause;
}

bool tiff_exif_add_bytes(VipsImage *image, GBytes **bytes, GError **error)
{
	if (!vips_image_get_typeof(image, VIPS_META_EXIF_NAME))
		return true;
	if (g_bytes_get_size(*bytes) > G_MAXUINT) /* GLib's arrays end there */
		return fail(error, ERROR_INPUT,
			"tiff: more than 4 GB of packed pixels are too many to add EXIF to in memory; leave it out (keep "
			"without exif)");
	struct whole whole = {-1, g_bytes_unref_to_array(g_steal_pointer(bytes)), 0};

	whole.length = whole.bytes->len;
	bool done = append(image, &whole, error);
	*bytes = g_byte_array_free_to_bytes(whole.bytes);
	return done;
}
