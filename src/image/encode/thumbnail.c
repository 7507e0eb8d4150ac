/* SPDX-License-Identifier: GPL-2.0-or-later
 * A thumbnail in EXIF: see thumbnail.h. EXIF 2.3, 4.5.8 (the second directory) and 4.6.3 (its tags); ITU-T T.81, B.1.1 (segments, fill
 * bytes). */
#include "image/encode/thumbnail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "base/error.h"
#include "image/read/header.h"
#include "image/read/profile.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"

#define FIELD "jpeg-thumbnail-data" /* libvips' name: its saver writes these bytes into EXIF */
#define LONGEST_PX 160
#define SEGMENT_MOST 65533
#define HEAD_BYTES (128 << 10) /* of a file: EXIF ends within */
#define EOI_BYTES 2

/* The first with which EXIF is small enough. A photograph of 160 px has 4 to 8 kB at quality 90. */
static const gsize rooms[] = {8192, 4096};

static guint number_at(const guint8 *at)
{
	return (guint)at[0] << 8 | at[1];
}

static bool is_empty(const guint8 *bytes, gsize length)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0;
}

/* Where the room is: the last bytes of EXIF. 0: nowhere. */
static gsize find_room(const guint8 *jpeg, gsize length, gsize room)
{
	for (gsize at = 2; at + 10 <= length && jpeg[at] == 0xff && jpeg[at + 1] != 0xda;) {
		gsize end = at + 2 + number_at(jpeg + at + 2);
		if (jpeg[at + 1] == 0xe1 && memcmp(jpeg + at + 4, "Exif", 5) == 0)
			return end <= length && end - at > room && is_empty(jpeg + end - room, room) ? end - room : 0;
		at = end;
	}
	return 0;
}

static void set_room(VipsImage *image, gsize room)
{
	static const struct {
		const char *name, *value;
	} tags[] = {
		{"exif-ifd1-Compression", "6"}, /* JPEG */
		{"exif-ifd1-XResolution", "72/1"}, {"exif-ifd1-YResolution", "72/1"},
		{"exif-ifd1-ResolutionUnit", "2"}, /* inch */
	};
	g_autofree guint8 *empty = g_malloc0(room);

	for (guint i = 0; i < G_N_ELEMENTS(tags); i++)
		if (room)
			vips_image_set_string(image, tags[i].name, tags[i].value);
		else
			vips_image_remove(image, tags[i].name);
	if (room)
		vips_image_set_blob_copy(image, FIELD, empty, room);
	else
		vips_image_remove(image, FIELD);
}

/* Tried with a single pixel: the saver, and libexif, decide what EXIF will be. */
static bool is_written(VipsImage *image, gsize room)
{
	g_autoptr(VipsImage) dot = header_black(image, 1, 1);
	void *bytes = NULL;
	size_t length = 0;

	if (!dot || vips_jpegsave_buffer(dot, &bytes, &length, NULL)) {
		vips_error_clear();
		return false;
	}
	bool found = find_room(bytes, length, room) > 0;
	g_free(bytes);
	return found;
}

void thumbnail_reserve(VipsImage *image)
{
	const void *block;
	size_t length = 0;

	if (vips_image_get_typeof(image, VIPS_META_EXIF_NAME))
		vips_image_get_blob(image, VIPS_META_EXIF_NAME, &block, &length);
	for (guint i = 0; i < G_N_ELEMENTS(rooms); i++) {
		/* The saver would warn. */
		if (length + rooms[i] > SEGMENT_MOST)
			continue;
		set_room(image, rooms[i]);
		if (is_written(image, rooms[i]))
			return;
	}
	set_room(image, 0);
}

gsize thumbnail_reserved(VipsImage *image)
{
	const void *bytes;
	size_t length = 0;

	if (!vips_image_get_typeof(image, FIELD) || vips_image_get_blob(image, FIELD, &bytes, &length))
		return 0;
	return length;
}

/* In memory, in sRGB: a thumbnail has no profile of its own. Not turned: EXIF's orientation is also that of the thumbnail. */
static VipsImage *shrink(VipsSource *source, GError **error)
{
	g_autoptr(VipsImage) small = NULL, settled = NULL, colours = NULL;

	if (vips_thumbnail_source(
		    source, &small, LONGEST_PX, "height", LONGEST_PX, "size", VIPS_SIZE_DOWN, "no_rotate", TRUE, NULL))
		return vips_failed(error, "thumbnail"), NULL;
	if (!profile_settle(small, &settled, error))
		return NULL;
	VipsImage *memory = vips_colourspace(settled, &colours, VIPS_INTERPRETATION_sRGB, NULL)
				    ? NULL
				    : vips_image_copy_memory(colours);
	if (!memory)
		vips_failed(error, "thumbnail");
	return memory;
}

/* The best that has room; of noise, which packs badly, one of half the size. */
static bool encode(VipsImage *small, gsize room, guint8 **bytes, gsize *length, GError **error)
{
	g_autoptr(VipsImage) half = NULL;

	for (int quality = 90; quality >= 40; quality -= 10) {
		void *made = NULL;
		if (vips_jpegsave_buffer(small, &made, length, "Q", quality, "strip", TRUE, "subsample_mode",
			    VIPS_FOREIGN_SUBSAMPLE_ON, NULL))
			return vips_failed(error, "thumbnail");
		*bytes = made;
		if (*length <= room)
			return true;
		g_clear_pointer(bytes, g_free);
	}
	if (small->Xsize == 1 && small->Ysize == 1)
		return fail(error, ERROR_SYSTEM, "thumbnail: a pixel of more than %zu bytes", room);
	return vips_thumbnail_image(
		       small, &half, VIPS_MAX(1, small->Xsize / 2), "height", VIPS_MAX(1, small->Ysize / 2), NULL)
		       ? vips_failed(error, "thumbnail")
		       : encode(half, room, bytes, length, error);
}

/* As many bytes as there is room. Returns owned. */
static guint8 *make(VipsSource *source, gsize room, GError **error)
{
	g_autoptr(VipsImage) small = shrink(source, error);
	g_autofree guint8 *bytes = NULL;
	gsize length;

	if (!small || !encode(small, room, &bytes, &length, error))
		return NULL;
	guint8 *filled = g_malloc(room);
	memset(filled, 0xff, room);
	memcpy(filled, bytes, length - EOI_BYTES);
	memcpy(filled + room - EOI_BYTES, bytes + length - EOI_BYTES, EOI_BYTES);
	return filled;
}

static bool fail_lost(GError **error)
{
	return fail(error, ERROR_SYSTEM, "thumbnail: libvips wrote a JPEG without the room for it");
}

static bool fill_bytes(GBytes *bytes, gsize room, GError **error)
{
	gsize length;
	guint8 *jpeg = (guint8 *)g_bytes_get_data(bytes, &length);
	gsize at = find_room(jpeg, length, room);
	g_autoptr(VipsSource) source = vips_source_new_from_memory(jpeg, length);
	g_autofree guint8 *thumbnail = NULL;

	if (!at || !source)
		return fail_lost(error);
	thumbnail = make(source, room, error);
	if (thumbnail)
		memcpy(jpeg + at, thumbnail, room);
	return thumbnail != NULL;
}

static bool fill_file(int fd, const char *path, gsize room, GError **error)
{
	g_autofree guint8 *head = g_malloc(HEAD_BYTES);
	gssize length = pread(fd, head, HEAD_BYTES, 0);
	gsize at = length > 0 ? find_room(head, (gsize)length, room) : 0;
	g_autoptr(VipsSource) source = vips_source_new_from_descriptor(fd);
	g_autofree guint8 *thumbnail = NULL;

	if (length < 0)
		return fail_errno(error, "%s", path);
	if (!at || !source)
		return fail_lost(error);
	thumbnail = make(source, room, error);
	if (!thumbnail)
		return false;
	errno = ENOSPC; /* for a write that is cut short */
	return pwrite(fd, thumbnail, room, (off_t)at) == (gssize)room || fail_errno(error, "%s", path);
}

bool thumbnail_fill(VipsImage *image, const char *path, GBytes *bytes, GError **error)
{
	gsize room = thumbnail_reserved(image);
	GError *cause = NULL;

	if (!room)
		return true;
	if (!path)
		return fill_bytes(bytes, room, error);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(error, "%s", path);
	if (fill_file(fd, path, room, &cause))
		files_finish(fd, path, &cause);
	else
		close(fd);
	if (cause)
		g_propagate_error(error, cause);
	return !cause;
}
