/* SPDX-License-Identifier: GPL-2.0-or-later
 * TIFF in strips: see strips.h. A TIFF holds its pixels in pieces (its own strips, or tiles) that are packed each by itself, anywhere in the file,
 * and a directory that says where. The pieces are those of small TIFFs that the saver makes, one of each strip; so is the directory,
 * but for the picture's size and for where its pieces lie.
 * Layout: TIFF 6.0, section 2; BigTIFF as libtiff writes it. All in the machine's own byte order, as libtiff does. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "image/auto.h"
#include "image/strips_private.h"

enum tag {
	TAG_WIDTH = 256,
	TAG_LENGTH = 257,
	TAG_STRIP_OFFSETS = 273,
	TAG_ROWS_PER_STRIP = 278,
	TAG_STRIP_BYTES = 279,
	TAG_TILE_LENGTH = 323,
	TAG_TILE_OFFSETS = 324,
	TAG_TILE_BYTES = 325,
	TAG_SUB_IFDS = 330,
	TAG_EXIF_IFD = 34665,
	TAG_GPS_IFD = 34853,
};

enum type { TYPE_SHORT = 3, TYPE_LONG = 4, TYPE_LONG8 = 16 };

#define DEFAULT_TILE_ROWS 128 /* libvips' */
#define MODEL_WIDTH 64     /* px */
#define CLASSIC_MOST G_MAXUINT32

/* Bytes, by type; 0: unknown. */
static const guint8 type_bytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};

struct entry {
	guint16 tag, type;
	guint64 count;
	const guint8 *value; /* in the file */
};

/* A TIFF of one page, in memory. */
struct small {
	GBytes *file;
	bool big;
	GArray *entries; /* struct entry */
};

struct tiff {
	struct small *model;
	bool tiled;
	gint64 first;    /* where the header has the directory's place */
	GArray *offsets; /* guint64, of the pieces written; */
	GArray *lengths; /* guint64 */
};

static void small_free(struct small *small)
{
	if (!small)
		return;
	g_bytes_unref(small->file);
	g_array_unref(small->entries);
	g_free(small);
}
DEFINE_AUTO(small, small_free)

static guint64 number_at(const guint8 *bytes, guint type)
{
	guint16 two;
	guint32 four;
	guint64 eight;

	switch (type) {
	case TYPE_SHORT:
		memcpy(&two, bytes, sizeof(two));
		return two;
	case TYPE_LONG:
		memcpy(&four, bytes, sizeof(four));
		return four;
	default:
		memcpy(&eight, bytes, sizeof(eight));
		return eight;
	}
}

static const struct entry *find_entry(const struct small *small, enum tag tag)
{
	for (guint i = 0; i < small->entries->len; i++)
		if (g_array_index(small->entries, struct entry, i).tag == tag)
			return &g_array_index(small->entries, struct entry, i);
	return NULL;
}

static guint64 entry_number(const struct entry *entry, guint64 index)
{
	return number_at(entry->value + index * type_bytes[entry->type], entry->type);
}

static bool read_entry(const guint8 *bytes, gsize length, gsize at, bool big, struct entry *entry)
{
	gsize field = big ? 8 : 4;

	entry->tag = (guint16)number_at(bytes + at, TYPE_SHORT);
	entry->type = (guint16)number_at(bytes + at + 2, TYPE_SHORT);
	entry->count = number_at(bytes + at + 4, big ? TYPE_LONG8 : TYPE_LONG);
	if (entry->type >= G_N_ELEMENTS(type_bytes) || !type_bytes[entry->type] || entry->count > length)
		return false;
	guint64 size = entry->count * type_bytes[entry->type];
	gsize place = at + 4 + field;
	guint64 where = size <= field ? place : number_at(bytes + place, big ? TYPE_LONG8 : TYPE_LONG);
	entry->value = bytes + where;
	return where <= length && size <= length - where;
}

/* The directory of what libvips wrote. NULL: not as libtiff has written them until now. */
static struct small *small_read(GBytes *file /* takes */)
{
	auto_struct(small) small = g_new0(struct small, 1);
	gsize length;
	const guint8 *bytes = g_bytes_get_data(file, &length);

	small->file = file;
	small->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
	if (length < 16 || bytes[0] != (G_BYTE_ORDER == G_LITTLE_ENDIAN ? 'I' : 'M'))
		return NULL;
	small->big = number_at(bytes + 2, TYPE_SHORT) == 43;
	guint64 at = small->big ? number_at(bytes + 8, TYPE_LONG8) : number_at(bytes + 4, TYPE_LONG);
	gsize head = small->big ? 8 : 2, each = small->big ? 20 : 12;
	if (at > length || length - at < head)
		return NULL;
	guint64 count = number_at(bytes + at, small->big ? TYPE_LONG8 : TYPE_SHORT);
	if (count > (length - at - head) / each)
		return NULL;
	for (guint64 i = 0; i < count; i++) {
		struct entry entry;
		if (!read_entry(bytes, length, at + head + i * each, small->big, &entry))
			return NULL;
		g_array_append_val(small->entries, entry);
	}
	return g_steal_pointer(&small);
}

static bool is_place(enum tag tag)
{
	return tag == TAG_STRIP_OFFSETS || tag == TAG_STRIP_BYTES || tag == TAG_TILE_OFFSETS || tag == TAG_TILE_BYTES;
}

/* May its directory stand for the whole picture's? */
static bool is_model(const struct small *small, int rows)
{
	const struct entry *height = find_entry(small, TAG_TILE_LENGTH);

	if (!height)
		height = find_entry(small, TAG_ROWS_PER_STRIP);
	/* These point elsewhere in the file. */
	return height && entry_number(height, 0) > 0 && (guint64)rows % entry_number(height, 0) == 0 &&
	       !find_entry(small, TAG_SUB_IFDS) && !find_entry(small, TAG_EXIF_IFD) &&
	       !find_entry(small, TAG_GPS_IFD);
}

static int unit(const struct strips *strips)
{
	JsonObject *save = strips->save;

	if (json_bool(save, "pyramid", false) || json_bool(save, "subifd", false) ||
		g_str_equal(json_string(save, "compression", "none"), "none"))
		return 0;
	return (int)json_int(save, "tile_height", DEFAULT_TILE_ROWS);
}

static void tiff_free(void *data)
{
	struct tiff *tiff = data;

	small_free(tiff->model);
	g_array_unref(tiff->offsets);
	g_array_unref(tiff->lengths);
	g_free(tiff);
}

static void *begin(struct strips *strips, GError **error)
{
	GBytes *bytes = NULL;

	if (!strips_save_model(
		    strips, VIPS_MIN(strips->image->Xsize, MODEL_WIDTH), strips->rows, &bytes, error))
		return NULL;
	auto_struct(small) model = small_read(bytes);
	if (!model || !is_model(model, strips->rows))
		return NULL;
	struct tiff *tiff = g_new0(struct tiff, 1);
	tiff->tiled = find_entry(model, TAG_TILE_OFFSETS) != NULL;
	tiff->model = g_steal_pointer(&model);
	tiff->offsets = g_array_new(FALSE, FALSE, sizeof(guint64));
	tiff->lengths = g_array_new(FALSE, FALSE, sizeof(guint64));
	return tiff;
}

static void *encode(struct strips *strips, const VipsRect *rect, GError **error)
{
	GBytes *bytes = NULL;

	if (!strips_save_part(strips, rect, &bytes, error))
		return NULL;
	struct small *small = small_read(bytes);
	if (!small)
		fail(error, ERROR_SYSTEM, "tiff: libvips wrote a part that cannot be read");
	return small;
}

static void encoded_free(void *encoded)
{
	small_free(encoded);
}

static bool write_header(struct tiff *tiff, struct strips_file *file, GError **error)
{
	gsize length;
	const guint8 *bytes = g_bytes_get_data(tiff->model->file, &length);

	/* Byte order, version, width of offsets; then the directory's place, which is written over at the end. */
	gsize head = tiff->model->big ? 16 : 8;
	tiff->first = tiff->model->big ? 8 : 4;
	return strips_write(file, bytes, MIN(head, length), error);
}

static bool fail_full(GError **error)
{
	return fail(error, ERROR_INPUT, "tiff: more than 4 GB of packed pixels; add bigtiff: true to the output's save");
}

static bool append_piece(
	struct tiff *tiff, struct strips_file *file, const struct small *small, guint64 at, guint64 length, GError **error)
{
	gsize size;
	const guint8 *bytes = g_bytes_get_data(small->file, &size);
	guint64 offset = (guint64)file->at;

	if (at > size || length > size - at)
		return fail(error, ERROR_SYSTEM, "tiff: libvips wrote a part that cannot be read");
	if (!tiff->model->big && offset + length > CLASSIC_MOST)
		return fail_full(error);
	g_array_append_val(tiff->offsets, offset);
	g_array_append_val(tiff->lengths, length);
	return strips_write(file, bytes + at, length, error);
}

static bool append(struct strips *strips, struct strips_file *file, void *encoded, GError **error)
{
	struct tiff *tiff = strips->state;
	auto_struct(small) small = encoded;
	const struct entry *offsets = find_entry(small, tiff->tiled ? TAG_TILE_OFFSETS : TAG_STRIP_OFFSETS),
			   *lengths = find_entry(small, tiff->tiled ? TAG_TILE_BYTES : TAG_STRIP_BYTES);

	if (!offsets || !lengths || offsets->count != lengths->count)
		return fail(error, ERROR_SYSTEM, "tiff: libvips wrote a part that cannot be read");
	if (file->at == 0 && !write_header(tiff, file, error))
		return false;
	for (guint64 i = 0; i < offsets->count; i++)
		if (!append_piece(tiff, file, small, entry_number(offsets, i), entry_number(lengths, i), error))
			return false;
	return true;
}

static void put(GByteArray *bytes, guint64 value, enum type type)
{
	guint16 two = (guint16)value;
	guint32 four = (guint32)value;

	if (type == TYPE_SHORT)
		g_byte_array_append(bytes, (const guint8 *)&two, sizeof(two));
	else if (type == TYPE_LONG)
		g_byte_array_append(bytes, (const guint8 *)&four, sizeof(four));
	else
		g_byte_array_append(bytes, (const guint8 *)&value, sizeof(value));
}

/* The value of an entry in the whole picture's directory. Returns owned. */
static GByteArray *whole_value(const struct strips *strips, const struct entry *entry, enum type wide, struct entry *out)
{
	const struct tiff *tiff = strips->state;
	GByteArray *value = g_byte_array_new();

	*out = *entry;
	if (is_place(entry->tag)) {
		bool offsets = entry->tag == TAG_STRIP_OFFSETS || entry->tag == TAG_TILE_OFFSETS;
		const GArray *from = offsets ? tiff->offsets : tiff->lengths;
		out->type = (guint16)wide;
		out->count = from->len;
		for (guint i = 0; i < from->len; i++)
			put(value, g_array_index(from, guint64, i), wide);
	} else if (entry->tag == TAG_WIDTH || entry->tag == TAG_LENGTH) {
		out->type = TYPE_LONG;
		put(value, (guint64)(entry->tag == TAG_WIDTH ? strips->image->Xsize : strips->image->Ysize), TYPE_LONG);
	} else {
		g_byte_array_append(value, entry->value, (guint)(entry->count * type_bytes[entry->type]));
	}
	return value;
}

/* The directory, to be written at `at`, and after it what does not fit into its entries. Returns owned. */
static GByteArray *directory(const struct strips *strips, guint64 at)
{
	const struct small *model = ((const struct tiff *)strips->state)->model;
	enum type wide = model->big ? TYPE_LONG8 : TYPE_LONG;
	gsize field = model->big ? 8 : 4;
	guint count = model->entries->len;
	gsize length = (model->big ? 8 : 2) + count * (model->big ? 20 : 12) + field;
	GByteArray *out = g_byte_array_new();
	g_autoptr(GByteArray) beyond = g_byte_array_new();
	static const guint8 nothing[8];

	put(out, count, model->big ? TYPE_LONG8 : TYPE_SHORT);
	for (guint i = 0; i < count; i++) {
		struct entry entry;
		g_autoptr(GByteArray) value =
			whole_value(strips, &g_array_index(model->entries, struct entry, i), wide, &entry);
		put(out, entry.tag, TYPE_SHORT);
		put(out, entry.type, TYPE_SHORT);
		put(out, entry.count, wide);
		if (value->len > field) {
			put(out, at + length + beyond->len, wide);
			/* Values begin at even places. */
			g_byte_array_append(value, nothing, value->len % 2);
			g_byte_array_append(beyond, value->data, value->len);
		} else {
			g_byte_array_append(out, value->data, value->len);
			g_byte_array_append(out, nothing, (guint)(field - value->len));
		}
	}
	put(out, 0, wide); /* no page follows */
	g_byte_array_append(out, beyond->data, beyond->len);
	return out;
}

static bool end(struct strips *strips, struct strips_file *file, GError **error)
{
	const struct tiff *tiff = strips->state;
	static const guint8 nothing[8];
	g_autoptr(GByteArray) place = g_byte_array_new();

	/* At a multiple of eight, as BigTIFF wants its directory. */
	if (file->at % 8 && !strips_write(file, nothing, 8 - (gsize)(file->at % 8), error))
		return false;
	g_autoptr(GByteArray) all = directory(strips, (guint64)file->at);
	if (!tiff->model->big && (guint64)file->at + all->len > CLASSIC_MOST)
		return fail_full(error);
	put(place, (guint64)file->at, tiff->model->big ? TYPE_LONG8 : TYPE_LONG);
	return strips_write(file, all->data, all->len, error) &&
	       strips_write_over(file, tiff->first, place->data, place->len, error);
}

const struct strips_kind strips_tiff = {
	.format = "tiff",
	.unit = unit,
	.begin = begin,
	.encode = encode,
	.append = append,
	.end = end,
	.encoded_free = encoded_free,
	.state_free = tiff_free,
};
