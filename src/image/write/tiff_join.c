/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pages of a TIFF, joined: see tiff_join.h. What libtiff wrote stays as it is, but for the places in it, which count from the file's start.
 * Layout: TIFF 6.0, section 2, and BigTIFF; in this machine's byte order, as libtiff writes. */
#include "image/write/tiff_join.h"
#include "definition/pipeline.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "image/read/page_frames.h"
#include "image/write/format_save.h"
#include "image/write/parallel/strips.h"

/* As for one picture: packed sizes are not known before. */
#define CLASSIC_MOST_RAW 3.9e9
/* Sub-directories in sub-directories: EXIF has one. */
#define DEEPEST 3

/* Of TAG_SUBFILE. */
#define ONE_OF_PAGES 2

enum { SHORT = 3, LONG = 4 };
enum tag {
	TAG_SUBFILE = 254,
	TAG_STRIP_OFFSETS = 273,
	TAG_PAGE_NUMBER = 297,
	TAG_TILE_OFFSETS = 324,
	TAG_SUB_IFDS = 330,
	TAG_EXIF_IFD = 34665,
	TAG_GPS_IFD = 34853,
	TAG_INTEROPERABILITY_IFD = 40965,
};

/* One page as a file of its own, whose places are being moved. */
struct page {
	guint8 *data;
	gsize length;
	bool wide;    /* BigTIFF */
	guint64 base; /* added to each place */
};

struct join {
	struct parallel_save_file file;
	guint64 link; /* where the last directory has the place of the next one */
	guint number, count;
};

static gsize field_bytes(const struct page *page)
{
	return page->wide ? 8 : 4;
}

static gsize entry_size(const struct page *page)
{
	return page->wide ? 20 : 12;
}

static gsize head_bytes(const struct page *page)
{
	return page->wide ? 16 : 8;
}

static bool read_number(const struct page *page, guint64 at, gsize bytes, guint64 *value)
{
	guint16 two;
	guint32 four;

	if (at > page->length || page->length - at < bytes)
		return false;
	if (bytes == 2) {
		memcpy(&two, page->data + at, 2);
		*value = two;
	} else if (bytes == 4) {
		memcpy(&four, page->data + at, 4);
		*value = four;
	} else {
		memcpy(value, page->data + at, 8);
	}
	return true;
}

static void write_number(guint8 *at, gsize bytes, guint64 value)
{
	guint16 two = (guint16)value;
	guint32 four = (guint32)value;

	if (bytes == 2)
		memcpy(at, &two, 2);
	else if (bytes == 4)
		memcpy(at, &four, 4);
	else
		memcpy(at, &value, 8);
}

/* Adds the base to the place that lies at `at`, and says what it was. */
static bool move_place(struct page *page, guint64 at, gsize bytes, guint64 *old)
{
	if (!read_number(page, at, bytes, old))
		return false;
	write_number(page->data + at, bytes, *old + page->base);
	return true;
}

static gsize type_bytes(guint64 type)
{
	static const guint8 sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};

	return type < G_N_ELEMENTS(sizes) ? sizes[type] : 0;
}

static bool move_directory(struct page *page, guint64 at, int depth, guint64 *link);

/* The places that an entry has for its value: of pixels, or of directories. */
static bool move_values(struct page *page, guint64 at, guint64 count, gsize bytes, bool directories, int depth)
{
	for (guint64 i = 0; i < count; i++) {
		guint64 old, link;
		if (!move_place(page, at + i * bytes, bytes, &old) ||
			(directories && !move_directory(page, old, depth + 1, &link)))
			return false;
	}
	return true;
}

static bool move_entry(struct page *page, guint64 at, int depth)
{
	guint64 tag, type, count, where = at + 4 + field_bytes(page);

	if (!read_number(page, at, 2, &tag) || !read_number(page, at + 2, 2, &type) ||
		!read_number(page, at + 4, field_bytes(page), &count))
		return false;
	gsize bytes = type_bytes(type);
	if (bytes == 0 || count > page->length)
		return false;
	if (count * bytes > field_bytes(page) && !move_place(page, where, field_bytes(page), &where))
		return false;
	switch (tag) {
	case TAG_STRIP_OFFSETS:
	case TAG_TILE_OFFSETS:
		return bytes >= 4 && move_values(page, where, count, bytes, false, depth);
	case TAG_SUB_IFDS:
	case TAG_EXIF_IFD:
	case TAG_GPS_IFD:
	case TAG_INTEROPERABILITY_IFD:
		return bytes >= 4 && move_values(page, where, count, bytes, true, depth);
	default:
		return true;
	}
}

/* link: where it has the place of the next one. */
static bool move_directory(struct page *page, guint64 at, int depth, guint64 *link)
{
	gsize head = page->wide ? 8 : 2;
	guint64 count;

	if (depth > DEEPEST || !read_number(page, at, head, &count) || count > page->length / entry_size(page))
		return false;
	for (guint64 i = 0; i < count; i++)
		if (!move_entry(page, at + head + i * entry_size(page), depth))
			return false;
	*link = at + head + count * entry_size(page);
	return *link + field_bytes(page) <= page->length;
}

static void put(GByteArray *out, guint64 value, gsize bytes)
{
	guint8 number[8];

	write_number(number, bytes, value);
	g_byte_array_append(out, number, (guint)bytes);
}

/* An entry of one LONG, or of two SHORTs. */
static void put_entry(GByteArray *out, const struct page *page, enum tag tag, guint type, guint first, guint second)
{
	static const guint8 nothing[8];

	put(out, tag, 2);
	put(out, type, 2);
	put(out, type == SHORT ? 2 : 1, field_bytes(page));
	put(out, first, type == SHORT ? 2 : 4);
	if (type == SHORT)
		put(out, second, 2);
	g_byte_array_append(out, nothing, (guint)field_bytes(page) - 4);
}

/* The page's moved directory, and what says that it is a page of several. Its last bytes are the place of the next one. Returns owned. */
static GByteArray *page_directory(const struct page *page, guint64 at, guint number, guint count)
{
	GByteArray *out = g_byte_array_new();
	gsize head = page->wide ? 8 : 2;
	guint64 entries = 0, tag = 0;
	bool numbered = false;

	read_number(page, at, head, &entries);
	put(out, entries + 2, head);
	put_entry(out, page, TAG_SUBFILE, LONG, ONE_OF_PAGES, 0);
	for (guint64 i = 0; i < entries; i++) {
		guint64 entry = at + head + i * entry_size(page);
		read_number(page, entry, 2, &tag);
		if (!numbered && tag > TAG_PAGE_NUMBER) {
			put_entry(out, page, TAG_PAGE_NUMBER, SHORT, number, count);
			numbered = true;
		}
		g_byte_array_append(out, page->data + entry, (guint)entry_size(page));
	}
	if (!numbered)
		put_entry(out, page, TAG_PAGE_NUMBER, SHORT, number, count);
	put(out, 0, field_bytes(page));
	return out;
}

static bool fail_written(GError **error)
{
	return fail(error, ERROR_SYSTEM, "tiff: libvips wrote a page that cannot be read");
}

/* The place of the page's directory, into the file's head or into the directory before. */
static bool link_page(struct join *join, struct page *page, guint64 directory, GError **error)
{
	guint8 place[8];
	gsize bytes = field_bytes(page);

	if (!page->wide && directory > G_MAXUINT32)
		return fail(
			error, ERROR_INPUT, "tiff: more than 4 GB of packed pixels; add bigtiff: true to the output");
	write_number(place, bytes, directory);
	return parallel_save_write_over(&join->file, (gint64)join->link, place, bytes, error);
}

/* Appends a page that was saved by itself. Its bytes are ours, and moved where they are. */
static bool append_page(struct join *join, GBytes *bytes, GError **error)
{
	static const guint8 nothing[1];
	struct page page = {.data = (guint8 *)g_bytes_get_data(bytes, &page.length)};
	guint64 version, at, link;
	bool first = join->number == 0;

	if (!read_number(&page, 2, 2, &version))
		return fail_written(error);
	page.wide = version == 43;
	gsize head = head_bytes(&page), place = page.wide ? 8 : 4;
	if (page.length < head || page.data[0] != (G_BYTE_ORDER == G_LITTLE_ENDIAN ? 'I' : 'M') ||
		!read_number(&page, place, field_bytes(&page), &at))
		return fail_written(error);
	/* The first one's head is the file's; places are even. */
	gsize skipped = first ? 0 : head;
	if (!parallel_save_write(&join->file, nothing, (gsize)(join->file.at % 2), error))
		return false;
	page.base = first ? 0 : (guint64)join->file.at - head;
	if (!move_directory(&page, at, 0, &link))
		return fail_written(error);
	if (first)
		join->link = place;
	g_autoptr(GByteArray) directory = page_directory(&page, at, join->number, join->count);
	if (!parallel_save_write(&join->file, page.data + skipped, page.length - skipped, error) ||
		!parallel_save_write(&join->file, nothing, (gsize)(join->file.at % 2), error) ||
		!link_page(join, &page, (guint64)join->file.at, error))
		return false;
	join->link = (guint64)join->file.at + directory->len - field_bytes(&page);
	join->number++;
	return parallel_save_write(&join->file, directory->data, directory->len, error);
}

/* What each page is saved with: one kind of TIFF for all. Returns owned. */
static JsonObject *page_options(const GPtrArray *pages, JsonObject *save)
{
	JsonObject *options = save ? params_copy(save) : json_object_new();
	double bytes = 0;

	for (guint i = 0; i < pages->len; i++) {
		VipsImage *image = pages->pdata[i];
		bytes += (double)VIPS_IMAGE_SIZEOF_PEL(image) * image->Xsize * image->Ysize;
	}
	if (json_bool(options, "pyramid", false))
		json_object_set_boolean_member(options, "subifd", TRUE);
	if (bytes * (json_bool(options, "subifd", false) ? 4.0 / 3 : 1) > CLASSIC_MOST_RAW)
		json_object_set_boolean_member(options, "bigtiff", TRUE);
	return options;
}

static bool save_page(struct join *join, VipsImage *image, JsonObject *options, GError **error)
{
	g_autoptr(VipsImage) page = g_object_ref(image);
	g_autoptr(GBytes) bytes = NULL;

	if (page_frames_single(&page, error) && format_save_memory(page, "tiff", options, &bytes, error) &&
		append_page(join, bytes, error))
		return true;
	g_prefix_error(error, "page %u: ", join->number + 1);
	return false;
}

bool tiff_join_save(const GPtrArray *pages, const char *path, GBytes **bytes, JsonObject *save, GError **error)
{
	g_autoptr(JsonObject) options = page_options(pages, save);
	struct join join = {.count = pages->len};
	GError *cause = NULL;
	bool well = true;

	if (!parallel_save_open(&join.file, path, error))
		return false;
	for (guint i = 0; well && i < pages->len; i++)
		well = save_page(&join, pages->pdata[i], options, &cause);
	if (well && bytes)
		*bytes = g_byte_array_free_to_bytes(g_steal_pointer(&join.file.memory));
	parallel_save_close(&join.file, &cause);
	if (cause)
		g_propagate_error(error, cause);
	return !cause;
}
