/* SPDX-License-Identifier: GPL-2.0-or-later
 * EXIF in TIFF: see tiff_exif.h. TIFF 6.0, section 2; EXIF 2.3, 4.6. libexif reads the EXIF that came in. */
#include "image/encode/tiff_exif.h"

#include <libexif/exif-data.h>
#include <string.h>

enum { SHORT = 3, LONG = 4, LONG8 = 16 };
enum { TAG_EXIF_IFD = 34665, TAG_GPS_IFD = 34853, MAKER_NOTE = 0x927c, PIXELS_ACROSS = 0xa002, PIXELS_DOWN = 0xa003 };

/* Of EXIF's main directory: what is said of the picture. The others tell how pixels were kept there. */
static const guint16 descriptive[] = {0x010e, 0x010f, 0x0110, 0x0131, 0x0132, 0x013b, 0x013c, 0x4746, 0x4749, 0x8298,
	0x9c9b, 0x9c9c, 0x9c9d, 0x9c9e, 0x9c9f};

/* An entry of a directory that is made: its value in this machine's byte order. */
struct item {
	guint16 tag, type;
	guint64 count;
	GByteArray *value;
};

static void item_clear(gpointer data)
{
	g_byte_array_unref(((struct item *)data)->value);
}

static GArray *items_new(void)
{
	GArray *items = g_array_new(FALSE, FALSE, sizeof(struct item));

	g_array_set_clear_func(items, item_clear);
	return items;
}

static gint by_tag(gconstpointer a, gconstpointer b)
{
	return ((const struct item *)a)->tag - ((const struct item *)b)->tag;
}

static void add(GArray *items, guint16 tag, guint16 type, guint64 count, const void *value, gsize length)
{
	struct item item = {tag, type, count, g_byte_array_append(g_byte_array_new(), value, (guint)length)};

	g_array_append_val(items, item);
}

static void add_long(GArray *items, guint16 tag, guint64 value, bool big)
{
	guint32 four = (guint32)value;

	if (big)
		add(items, tag, LONG8, 1, &value, sizeof value);
	else
		add(items, tag, LONG, 1, &four, sizeof four);
}

static void turn_bytes(guint8 *bytes, gsize length, gsize unit)
{
	for (gsize at = 0; unit > 1 && at + unit <= length; at += unit)
		for (gsize i = 0; i < unit / 2; i++) {
			guint8 byte = bytes[at + i];
			bytes[at + i] = bytes[at + unit - 1 - i];
			bytes[at + unit - 1 - i] = byte;
		}
}

/* Numbers of an entry that are turned as one: a fraction has two of four bytes. */
static gsize unit_of(ExifFormat format)
{
	bool fraction = format == EXIF_FORMAT_RATIONAL || format == EXIF_FORMAT_SRATIONAL;

	return fraction ? 4 : exif_format_get_size(format);
}

/* Does the picture still have it? A step may have taken away a field that the block has. */
static bool stays(VipsImage *image, ExifIfd kind, ExifTag tag)
{
	const char *name = exif_tag_get_name_in_ifd(tag, kind);
	g_autofree char *field = g_strdup_printf("exif-ifd%d-%s", kind, name ? name : "");

	return name && vips_image_get_typeof(image, field);
}

static bool is_wanted(ExifIfd kind, guint16 tag)
{
	if (kind != EXIF_IFD_0)
		return tag != MAKER_NOTE;
	for (guint i = 0; i < G_N_ELEMENTS(descriptive); i++)
		if (descriptive[i] == tag)
			return true;
	return false;
}

static void add_entry(GArray *items, VipsImage *image, ExifIfd kind, const ExifEntry *entry, bool turned)
{
	guint16 tag = (guint16)entry->tag;
	gsize length = entry->components * exif_format_get_size(entry->format);
	guint32 side = (guint32)(tag == PIXELS_ACROSS ? image->Xsize : vips_image_get_page_height(image));

	if (length == 0 || !entry->data || entry->size < length || !is_wanted(kind, tag) ||
		!stays(image, kind, entry->tag))
		return;
	if (kind == EXIF_IFD_EXIF && (tag == PIXELS_ACROSS || tag == PIXELS_DOWN)) {
		add(items, tag, LONG, 1, &side, sizeof side);
		return;
	}
	add(items, tag, (guint16)entry->format, entry->components, entry->data, length);
	if (turned)
		turn_bytes(
			g_array_index(items, struct item, items->len - 1).value->data, length, unit_of(entry->format));
}

/* Sorted, without a tag that comes twice. */
static GArray *items_of(ExifData *exif, VipsImage *image, ExifIfd kind)
{
	bool little = exif_data_get_byte_order(exif) == EXIF_BYTE_ORDER_INTEL;
	const ExifContent *content = exif->ifd[kind];
	GArray *items = items_new();

	for (guint i = 0; content && i < content->count; i++)
		add_entry(items, image, kind, content->entries[i], little != (G_BYTE_ORDER == G_LITTLE_ENDIAN));
	g_array_sort(items, by_tag);
	for (guint i = items->len; i > 1; i--)
		if (g_array_index(items, struct item, i - 1).tag == g_array_index(items, struct item, i - 2).tag)
			g_array_remove_index(items, i - 1);
	return items;
}

/* A TIFF's own bytes. */
struct tail {
	GByteArray *bytes;
	guint64 at; /* in the file */
	bool big;
};

static void put(struct tail *tail, guint64 value, gsize length)
{
	guint16 two = (guint16)value;
	guint32 four = (guint32)value;
	const void *from = length == 2 ? (const void *)&two : length == 4 ? (const void *)&four : (const void *)&value;

	g_byte_array_append(tail->bytes, from, (guint)length);
}

static guint64 place(struct tail *tail)
{
	if (tail->bytes->len % 2)
		put(tail, 0, 1);
	return tail->at + tail->bytes->len;
}

static void put_place(struct tail *tail, guint64 value)
{
	put(tail, value, tail->big ? 8 : 4);
}

/* Values that do not fit into entries. Returns their places, in the items' order; owned. */
static guint64 *put_values(struct tail *tail, const GArray *items)
{
	gsize field = tail->big ? 8 : 4;
	guint64 *places = g_new0(guint64, items->len + 1);

	for (guint i = 0; i < items->len; i++) {
		const struct item *item = &g_array_index(items, struct item, i);
		if (item->value->len <= field)
			continue;
		places[i] = place(tail);
		g_byte_array_append(tail->bytes, item->value->data, item->value->len);
	}
	return places;
}

static void put_item(struct tail *tail, const struct item *item, guint64 where)
{
	static const guint8 nothing[8];
	gsize field = tail->big ? 8 : 4;

	put(tail, item->tag, 2);
	put(tail, item->type, 2);
	put_place(tail, item->count);
	if (where) {
		put_place(tail, where);
		return;
	}
	g_byte_array_append(tail->bytes, item->value->data, item->value->len);
	g_byte_array_append(tail->bytes, nothing, (guint)(field - item->value->len));
}

/* A directory of its own. Returns its place; 0: nothing is in it. */
static guint64 put_directory(struct tail *tail, const GArray *items)
{
	if (items->len == 0)
		return 0;
	g_autofree guint64 *places = put_values(tail, items);
	guint64 at = place(tail);
	put(tail, items->len, tail->big ? 8 : 2);
	for (guint i = 0; i < items->len; i++)
		put_item(tail, &g_array_index(items, struct item, i), places[i]);
	put_place(tail, 0);
	return at;
}

static guint16 tag_at(const guint8 *entry)
{
	guint16 tag;

	memcpy(&tag, entry, sizeof tag);
	return tag;
}

guint64 tiff_exif_number(const guint8 *at, gsize length)
{
	guint16 two;
	guint32 four;
	guint64 eight;

	memcpy(&two, at, 2);
	if (length == 2)
		return two;
	memcpy(&four, at, 4);
	if (length == 4)
		return four;
	memcpy(&eight, at, 8);
	return eight;
}

/* Takes out what the old directory has. */
static void drop_known(GArray *items, const guint8 *entries, guint64 count, gsize each)
{
	for (guint i = items->len; i > 0; i--)
		for (guint64 k = 0; k < count; k++)
			if (tag_at(entries + k * each) == g_array_index(items, struct item, i - 1).tag) {
				g_array_remove_index(items, i - 1);
				break;
			}
}

/* The old directory with the new items among its entries. */
static guint64 put_first(struct tail *tail, const GArray *items, const guint8 *entries, guint64 count)
{
	gsize each = tail->big ? 20 : 12;
	g_autofree guint64 *places = put_values(tail, items);
	guint64 at = place(tail), k = 0;

	put(tail, count + items->len, tail->big ? 8 : 2);
	for (guint i = 0; i <= items->len; i++) {
		const struct item *item = i < items->len ? &g_array_index(items, struct item, i) : NULL;
		for (; k < count && (!item || tag_at(entries + k * each) < item->tag); k++)
			g_byte_array_append(tail->bytes, entries + k * each, (guint)each);
		if (item)
			put_item(tail, item, places[i]);
	}
	g_byte_array_append(tail->bytes, entries + count * each, tail->big ? 8 : 4);
	return at;
}

static ExifData *read_exif(VipsImage *image)
{
	const void *block;
	gsize length;

	if (!vips_image_get_typeof(image, VIPS_META_EXIF_NAME) ||
		vips_image_get_blob(image, VIPS_META_EXIF_NAME, &block, &length))
		return NULL;
	ExifData *exif = exif_data_new();
	/* As libvips does: what breaks the rules is still what the camera said. */
	exif_data_unset_option(exif, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
	exif_data_load_data(exif, block, (guint)MIN(length, G_MAXUINT));
	return exif;
}

GByteArray *tiff_exif_tail(
	VipsImage *image, bool big, const guint8 *directory, gsize length, guint64 at, guint64 *first)
{
	ExifData *exif = read_exif(image);
	gsize head = big ? 8 : 2, each = big ? 20 : 12;
	guint64 count = length >= 8 ? tiff_exif_number(directory, head) : 0;

	if (!exif)
		return NULL;
	g_autoptr(GArray) main = items_of(exif, image, EXIF_IFD_0);
	g_autoptr(GArray) picture = items_of(exif, image, EXIF_IFD_EXIF);
	g_autoptr(GArray) position = items_of(exif, image, EXIF_IFD_GPS);
	exif_data_unref(exif);
	if (count > length / each || head + count * each + (big ? 8 : 4) > length)
		return NULL;
	drop_known(main, directory + head, count, each);
	struct tail tail = {g_byte_array_new(), at, big};
	guint64 exif_at = put_directory(&tail, picture), gps_at = put_directory(&tail, position);
	if (exif_at)
		add_long(main, TAG_EXIF_IFD, exif_at, big);
	if (gps_at)
		add_long(main, TAG_GPS_IFD, gps_at, big);
	if (main->len == 0) {
		g_byte_array_unref(tail.bytes);
		return NULL;
	}
	g_array_sort(main, by_tag);
	*first = put_first(&tail, main, directory + head, count);
	return tail.bytes;
}
