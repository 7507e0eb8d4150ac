/* SPDX-License-Identifier: GPL-2.0-or-later
 * TIFF in strips: see parallel_save.h. A TIFF holds its pixels in pieces (its own strips, or tiles) that are packed each by itself, and a directory that
 * says where. The pieces are those of small TIFFs that the saver makes, one of each strip; so is the directory, but for the picture's
 * size and for where its pieces lie. The layout is libtiff's: pieces one after the other, then the directory at an even
 * offset. Then come the values that do not fit into its entries, in the order of the model. Layout: TIFF 6.0, section
 * 2; BigTIFF as libtiff writes it. All in the machine's own byte order, as libtiff does. */

#include "base/error.h"
#include "base/json.h"
#include "image/encode/tiff_exif.h"
#include "image/file/tiff_directory.h"
#include "image/write/parallel/strips.h"

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

#define DEFAULT_TILE_ROWS 128 /* libvips' */
#define CLASSIC_MOST G_MAXUINT32

/* For the model: more pieces than an entry has room for, */
#define MODEL_PIECES 9
/* and pieces of as many bytes as make libtiff write their lengths as LONG (tif_dirwrite.c, _WriteAsType(): a tenth of what a SHORT holds). */
#define LONG_PIECE_BYTES 6554

struct tiff {
	struct small *model;
	bool tiled;
	gint64 first;    /* where the header has the directory's place */
	GArray *offsets; /* guint64, of the pieces written; */
	GArray *lengths; /* guint64 */
};

static bool is_place(enum tag tag)
{
	return tag == TAG_STRIP_OFFSETS || tag == TAG_STRIP_BYTES || tag == TAG_TILE_OFFSETS || tag == TAG_TILE_BYTES;
}

/* May its directory stand for the whole picture's? */
static bool is_model(const struct small *small, int rows)
{
	const struct entry *height = small_find(small, TAG_TILE_LENGTH);

	if (!height)
		height = small_find(small, TAG_ROWS_PER_STRIP);
	/* These point elsewhere in the file. */
	return height && entry_number(height, 0) > 0 && (guint64)rows % entry_number(height, 0) == 0 &&
	       !small_find(small, TAG_SUB_IFDS) && !small_find(small, TAG_EXIF_IFD) && !small_find(small, TAG_GPS_IFD);
}

static int unit(const struct parallel_save *strips)
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

static void *begin(struct parallel_save *strips, GError **error)
{
	GBytes *bytes = NULL;

	int height = unit(strips);
	gsize column = VIPS_IMAGE_SIZEOF_PEL(strips->image) * (gsize)height;
	int width = VIPS_MIN(strips->image->Xsize, (int)(LONG_PIECE_BYTES * 8 / column) + 1);
	if (!parallel_save_model(strips, width, height * MODEL_PIECES, &bytes, error))
		return NULL;
	auto_struct(small) model = small_read(bytes);
	if (!model || !is_model(model, strips->rows))
		return NULL;
	struct tiff *tiff = g_new0(struct tiff, 1);
	tiff->tiled = small_find(model, TAG_TILE_OFFSETS) != NULL;
	tiff->model = g_steal_pointer(&model);
	tiff->offsets = g_array_new(FALSE, FALSE, sizeof(guint64));
	tiff->lengths = g_array_new(FALSE, FALSE, sizeof(guint64));
	return tiff;
}

static void *encode(struct parallel_save *strips, const VipsRect *rect, GError **error)
{
	GBytes *bytes = NULL;

	if (!parallel_save_part(strips, rect, &bytes, error))
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

static bool write_header(struct tiff *tiff, struct parallel_save_file *file, GError **error)
{
	gsize length;
	const guint8 *bytes = g_bytes_get_data(tiff->model->file, &length);

	/* Byte order, version, width of offsets; then the directory's place, which is written over at the end. */
	gsize head = tiff->model->big ? 16 : 8;
	tiff->first = tiff->model->big ? 8 : 4;
	return parallel_save_write(file, bytes, MIN(head, length), error);
}

static bool fail_full(GError **error)
{
	return fail(
		error, ERROR_INPUT, "tiff: more than 4 GB of packed pixels; add bigtiff: true to the output's save");
}

static bool append_piece(struct tiff *tiff, guint number, struct parallel_save_file *file, const struct small *small,
	guint64 at, guint64 length, GError **error)
{
	gsize size;
	const guint8 *bytes = g_bytes_get_data(small->file, &size);
	guint64 offset = (guint64)file->at;

	if (at > size || length > size - at)
		return fail(error, ERROR_SYSTEM, "tiff: libvips wrote a part that cannot be read");
	if (!tiff->model->big && offset + length > CLASSIC_MOST)
		return fail_full(error);
	g_array_index(tiff->offsets, guint64, number) = offset;
	g_array_index(tiff->lengths, guint64, number) = length;
	return parallel_save_write(file, bytes + at, length, error);
}

static gint by_place(gconstpointer a, gconstpointer b, gpointer offsets)
{
	guint64 one = entry_number(offsets, *(const guint *)a), other = entry_number(offsets, *(const guint *)b);

	return one < other ? -1 : one > other;
}

/* The pieces' numbers, in the order in which the file has them: see QUIRK_TIFF_TILES_FROM_RIGHT. */
static GArray *in_order(const struct entry *offsets)
{
	GArray *numbers = g_array_sized_new(FALSE, FALSE, sizeof(guint), (guint)offsets->count);

	for (guint i = 0; i < offsets->count; i++)
		g_array_append_val(numbers, i);
	g_array_sort_with_data(numbers, by_place, (gpointer)offsets);
	return numbers;
}

static bool append(struct parallel_save *strips, struct parallel_save_file *file, void *encoded, GError **error)
{
	struct tiff *tiff = strips->state;
	auto_struct(small) small = encoded;
	const struct entry *offsets = small_find(small, tiff->tiled ? TAG_TILE_OFFSETS : TAG_STRIP_OFFSETS),
			   *lengths = small_find(small, tiff->tiled ? TAG_TILE_BYTES : TAG_STRIP_BYTES);

	if (!offsets || !lengths || offsets->count != lengths->count)
		return fail(error, ERROR_SYSTEM, "tiff: libvips wrote a part that cannot be read");
	if (file->at == 0 && !write_header(tiff, file, error))
		return false;
	g_autoptr(GArray) order = in_order(offsets);
	guint before = tiff->offsets->len;
	g_array_set_size(tiff->offsets, before + order->len);
	g_array_set_size(tiff->lengths, before + order->len);
	for (guint i = 0; i < order->len; i++) {
		guint n = g_array_index(order, guint, i);
		if (!append_piece(
			    tiff, before + n, file, small, entry_number(offsets, n), entry_number(lengths, n), error))
			return false;
	}
	return true;
}

static void put(GByteArray *bytes, guint64 value, enum tiff_type type)
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
static GByteArray *whole_value(const struct parallel_save *strips, const struct entry *entry, struct entry *out)
{
	const struct tiff *tiff = strips->state;
	GByteArray *value = g_byte_array_new();

	*out = *entry;
	if (is_place(entry->tag)) {
		bool offsets = entry->tag == TAG_STRIP_OFFSETS || entry->tag == TAG_TILE_OFFSETS;
		const GArray *from = offsets ? tiff->offsets : tiff->lengths;
		out->count = from->len;
		for (guint i = 0; i < from->len; i++)
			put(value, g_array_index(from, guint64, i), entry->type);
	} else if (entry->tag == TAG_WIDTH || entry->tag == TAG_LENGTH) {
		int size = entry->tag == TAG_WIDTH ? strips->image->Xsize : strips->image->Ysize;
		out->type = size <= G_MAXUINT16 ? TYPE_SHORT : TYPE_LONG;
		put(value, (guint64)size, out->type);
	} else {
		g_byte_array_append(value, entry->value, (guint)entry_bytes(entry));
	}
	return value;
}

/* An entry of the whole picture's directory. */
struct placed {
	struct entry entry;
	GByteArray *value;
	const guint8 *model; /* where the model has its value */
	guint64 at;          /* in the file, when it does not fit into the entry */
};

static void placed_clear(gpointer data)
{
	g_byte_array_unref(((struct placed *)data)->value);
}

static gint by_model(gconstpointer a, gconstpointer b)
{
	const struct placed *one = *(struct placed *const *)a, *other = *(struct placed *const *)b;

	return one->model < other->model ? -1 : one->model > other->model;
}

/* Gives those that do not fit into an entry their places from `at` on, in the model's order; what lies there. Returns owned. */
static GByteArray *place_values(GArray *entries, gsize field, guint64 at)
{
	static const guint8 nothing[1];
	g_autoptr(GPtrArray) order = g_ptr_array_new();
	GByteArray *beyond = g_byte_array_new();

	for (guint i = 0; i < entries->len; i++)
		if (g_array_index(entries, struct placed, i).value->len > field)
			g_ptr_array_add(order, &g_array_index(entries, struct placed, i));
	g_ptr_array_sort(order, by_model);
	for (guint i = 0; i < order->len; i++) {
		struct placed *placed = order->pdata[i];
		g_byte_array_append(beyond, nothing, (guint)((at + beyond->len) % 2));
		placed->at = at + beyond->len;
		g_byte_array_append(beyond, placed->value->data, placed->value->len);
	}
	return beyond;
}

/* The directory, to be written at `at`, and after it what does not fit into its entries. Returns owned. */
static GByteArray *directory(const struct parallel_save *strips, guint64 at)
{
	const struct small *model = ((const struct tiff *)strips->state)->model;
	enum tiff_type wide = model->big ? TYPE_LONG8 : TYPE_LONG;
	gsize field = model->big ? 8 : 4;
	guint count = model->entries->len;
	gsize length = (model->big ? 8 : 2) + count * (model->big ? 20 : 12) + field;
	g_autoptr(GArray) entries = g_array_sized_new(FALSE, TRUE, sizeof(struct placed), count);
	static const guint8 nothing[8];
	GByteArray *out = g_byte_array_new();

	g_array_set_clear_func(entries, placed_clear);
	for (guint i = 0; i < count; i++) {
		const struct entry *entry = &g_array_index(model->entries, struct entry, i);
		struct placed placed = {.model = entry->value};
		placed.value = whole_value(strips, entry, &placed.entry);
		g_array_append_val(entries, placed);
	}
	g_autoptr(GByteArray) beyond = place_values(entries, field, at + length);
	put(out, count, model->big ? TYPE_LONG8 : TYPE_SHORT);
	for (guint i = 0; i < count; i++) {
		const struct placed *placed = &g_array_index(entries, struct placed, i);
		put(out, placed->entry.tag, TYPE_SHORT);
		put(out, placed->entry.type, TYPE_SHORT);
		put(out, placed->entry.count, wide);
		if (placed->at) {
			put(out, placed->at, wide);
		} else {
			g_byte_array_append(out, placed->value->data, placed->value->len);
			g_byte_array_append(out, nothing, (guint)(field - placed->value->len));
		}
	}
	put(out, 0, wide); /* no page follows */
	g_byte_array_append(out, beyond->data, beyond->len);
	return out;
}

/* Writes it at the end of the file, at an even place. */
static bool write_even(struct parallel_save_file *file, const GByteArray *bytes, GError **error)
{
	static const guint8 nothing[1];

	return parallel_save_write(file, nothing, (gsize)(file->at % 2), error) &&
	       parallel_save_write(file, bytes->data, bytes->len, error);
}

static bool end(struct parallel_save *strips, struct parallel_save_file *file, GError **error)
{
	bool big = ((const struct tiff *)strips->state)->model->big;
	guint64 first = (guint64)(file->at + file->at % 2);
	g_autoptr(GByteArray) place = g_byte_array_new();
	g_autoptr(GByteArray) all = directory(strips, first);

	if (!write_even(file, all, error))
		return false;
	guint64 behind = (guint64)(file->at + file->at % 2);
	g_autoptr(GByteArray) exif = tiff_exif_tail(strips->image, big, all->data, all->len, behind, &first);
	if (exif && !write_even(file, exif, error))
		return false;
	if (!big && (guint64)file->at > CLASSIC_MOST)
		return fail_full(error);
	put(place, first, big ? TYPE_LONG8 : TYPE_LONG);
	return parallel_save_write_over(
		file, ((const struct tiff *)strips->state)->first, place->data, place->len, error);
}

const struct parallel_save_kind parallel_tiff = {
	.format = "tiff",
	/* libvips writes what the tile before had into the part of a tile that is below the picture: a strip of such tiles alone would have
	 * none before. */
	.whole_end = true,
	.unit = unit,
	.begin = begin,
	.encode = encode,
	.append = append,
	.end = end,
	.encoded_free = encoded_free,
	.state_free = tiff_free,
};
