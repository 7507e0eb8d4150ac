/* SPDX-License-Identifier: GPL-2.0-or-later
 * Thumbnails in metadata: see previews.h. EXIF 2.3 (4.5.8: the second directory), Photoshop's file format (image resources), XMP
 * specification part 1 (xmp:Thumbnails). */
#include "image/read/previews.h"

#include <stdbool.h>
#include <string.h>

#include "image/read/header.h"

#define EXIF_HEAD 6 /* "Exif", 0, 0 */

static guint64 number(const guint8 *at, int bytes, bool big_endian)
{
	guint64 value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | at[big_endian ? i : bytes - 1 - i];
	return value;
}

/* Blanks the bytes that the second directory points at, and the pointer to that directory. */
static void blank_second(guint8 *tiff, gsize length, gsize pointer, bool big)
{
	gsize at = number(tiff + pointer, 4, big);
	guint64 start = 0, size = 0;

	memset(tiff + pointer, 0, 4);
	if (at < 8 || at + 2 > length)
		return;
	guint count = (guint)number(tiff + at, 2, big);
	for (gsize entry = at + 2; count > 0 && entry + 12 <= length; entry += 12, count--) {
		guint tag = (guint)number(tiff + entry, 2, big);
		guint64 value = number(tiff + entry + 8, number(tiff + entry + 2, 2, big) == 3 ? 2 : 4, big);
		if (tag == 0x201 || tag == 0x111) /* JPEG, or pixels */
			start = value;
		if (tag == 0x202 || tag == 0x117)
			size = value;
	}
	if (start < length)
		memset(tiff + start, 0, MIN(size, length - start));
}

/* True: data was changed. */
static bool blank_exif(guint8 *data, gsize length)
{
	gsize head = length > EXIF_HEAD && memcmp(data, "Exif", 4) == 0 ? EXIF_HEAD : 0;
	guint8 *tiff = data + head;

	length -= head;
	if (length < 8)
		return false;
	bool big = tiff[0] == 'M';
	gsize first = number(tiff + 4, 4, big);
	if (first + 2 > length)
		return false;
	gsize pointer = first + 2 + 12 * number(tiff + first, 2, big);
	if (pointer + 4 > length || number(tiff + pointer, 4, big) == 0)
		return false;
	blank_second(tiff, length, pointer, big);
	return true;
}

/* Photoshop's resources: "8BIM", number, a name, length, data; the name and the data are padded to even lengths. Thumbnails get a length
 * of 0. NULL: none is there. */
static GByteArray *without_resources(const guint8 *data, gsize length)
{
	static const char head[] = "Photoshop 3.0";
	gsize at = length > sizeof(head) && memcmp(data, head, sizeof(head)) == 0 ? sizeof(head) : 0;
	GByteArray *out = g_byte_array_new();
	bool found = false;

	g_byte_array_append(out, data, (guint)at);
	while (at + 12 <= length && memcmp(data + at, "8BIM", 4) == 0) {
		gsize size_at = at + 6 + ((gsize)data[at + 6] + 2) / 2 * 2;
		if (size_at + 4 > length)
			break;
		guint64 size = number(data + size_at, 4, true), end = size_at + 4 + size + size % 2;
		guint kind = (guint)number(data + at + 4, 2, true);
		bool thumbnail = kind == 1033 || kind == 1036;
		end = MIN(end, length);
		if (!thumbnail)
			g_byte_array_append(out, data + at, (guint)(end - at));
		found |= thumbnail;
		at = end;
	}
	g_byte_array_append(out, data + at, (guint)(length - at));
	return found ? out : (g_byte_array_unref(out), NULL);
}

/* XMP: from the element's start to its end. */
static GByteArray *without_element(const guint8 *data, gsize length)
{
	static const char open[] = "<xmp:Thumbnails", close[] = "</xmp:Thumbnails>";
	const guint8 *from = memmem(data, length, open, sizeof(open) - 1);
	const guint8 *to = from ? memmem(from, length - (gsize)(from - data), close, sizeof(close) - 1) : NULL;

	if (!to)
		return NULL;
	GByteArray *out = g_byte_array_new();
	to += sizeof(close) - 1;
	g_byte_array_append(out, data, (guint)(from - data));
	g_byte_array_append(out, to, (guint)(length - (gsize)(to - data)));
	return out;
}

static GByteArray *without_exif(const guint8 *data, gsize length)
{
	GByteArray *out = g_byte_array_append(g_byte_array_new(), data, (guint)length);

	return blank_exif(out->data, out->len) ? out : (g_byte_array_unref(out), NULL);
}

void previews_drop(VipsImage *image)
{
	static const struct {
		const char *name;
		GByteArray *(*without)(const guint8 *data, gsize length);
	} blobs[] = {
		{VIPS_META_EXIF_NAME, without_exif},
		{VIPS_META_IPTC_NAME, without_resources}, /* JPEG's loader puts all resources there */
		{VIPS_META_PHOTOSHOP_NAME, without_resources},
		{VIPS_META_XMP_NAME, without_element},
	};
	g_auto(GStrv) names = vips_image_get_fields(image);

	/* Savers write EXIF again from the fields, so these are removed too. */
	for (char **name = names; *name; name++)
		if (g_str_has_prefix(*name, "exif-ifd1-") || g_str_equal(*name, "jpeg-thumbnail-data"))
			vips_image_remove(image, *name);
	for (guint i = 0; i < G_N_ELEMENTS(blobs); i++) {
		const void *data;
		gsize length;
		if (!vips_image_get_typeof(image, blobs[i].name) ||
			vips_image_get_blob(image, blobs[i].name, &data, &length))
			continue;
		g_autoptr(GByteArray) rest = blobs[i].without(data, length);
		if (rest && g_str_equal(blobs[i].name, VIPS_META_EXIF_NAME))
			header_set_exif(image, rest->data, rest->len);
		else if (rest)
			vips_image_set_blob_copy(image, blobs[i].name, rest->data, rest->len);
	}
}
