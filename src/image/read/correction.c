/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files whose header tells more than libvips looks at: see correction.h. TIFF 6.0; netpbm's ppm(5); ITU-T H.273 (limited range). */
#include "image/read/correction.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "image/file/netpbm.h"
#include "image/file/page_scan.h"
#include "image/file/patched_source.h"
#include "image/read/tiff_rgb.h"
#include "image/table/auto.h"

struct correction {
	GBytes *file;        /* the original, or its ASCII in binary */
	GPtrArray *patches;  /* of the file */
	bool replaced;       /* libvips reads other bytes than the original's */
	GArray *directories; /* guint: those that libtiff converts; NULL: none */
	guint most;          /* the number of white; 0: it is the format's */
	bool limited;        /* black and white are 16 and 235 of 255 */
};

void correction_free(struct correction *correction)
{
	g_clear_pointer(&correction->file, g_bytes_unref);
	g_ptr_array_unref(correction->patches);
	g_clear_pointer(&correction->directories, g_array_unref);
	g_free(correction);
}

DEFINE_AUTO(correction, correction_free)

VipsSource *correction_source(const struct correction *correction)
{
	return correction->replaced ? patched_source_new(correction->file, correction->patches) : NULL;
}

static GBytes *open_bytes(const char *path, GBytes *given, GError **error)
{
	if (given)
		return g_bytes_ref(given);
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0) {
		fail_errno(error, "cannot open it");
		return NULL;
	}
	g_autoptr(GMappedFile) file = g_mapped_file_new_from_fd(descriptor, FALSE, error);
	close(descriptor);
	return file ? g_mapped_file_get_bytes(file) : NULL;
}

static void patch(struct correction *c, guint64 at, const void *bytes, gsize length)
{
	patches_add(c->patches, at, bytes, length);
	c->replaced = true;
}

static bool find_ppm(struct correction *c, GError **error)
{
	gsize length;
	const guint8 *data = g_bytes_get_data(c->file, &length);
	struct netpbm header;

	if (!netpbm_header(data, length, &header))
		return true;
	if (header.kind != '1' && header.kind != '4' && header.most != 255 && header.most != 65535)
		c->most = header.most;
	if (header.kind <= '3') {
		GBytes *binary = netpbm_binary(data, length, &header, error);
		if (!binary)
			return false;
		g_bytes_unref(c->file);
		c->file = binary;
		c->replaced = true;
	} else if (header.comments) {
		g_autofree char *plain = netpbm_plain_header(&header);
		patch(c, 0, plain, header.pixels);
	}
	return true;
}

/* Libtiff has to convert it: neither libtiff's decoder of its compression brings it to RGB, nor libvips. */
static bool is_for_libtiff(const struct tiff_page *page)
{
	return page->compression == TIFF_OLD_JPEG ||
	       (page->photometric == TIFF_YCBCR && page->compression != TIFF_JPEG && !tiff_is_jp2k(page->compression));
}

/* Its photometric tag as it should be for libvips. */
static guint photometric_of(const struct tiff_page *page, const guint8 *data, gsize length)
{
	bool may_be_wrong = page->photometric == TIFF_RGB || page->photometric == TIFF_YCBCR;
	guint told = may_be_wrong && page->samples == 3 ? tiff_jpeg_colours(page, data, length) : 0;

	return is_for_libtiff(page) && page->photometric == TIFF_YCBCR ? TIFF_RGB : told ? told : page->photometric;
}

static bool find_tiff(struct correction *c, GError **error)
{
	gsize length;
	const guint8 *data = g_bytes_get_data(c->file, &length);
	g_autoptr(GArray) pages = tiff_directories(data, length);

	(void)error;
	for (guint i = 0; i < pages->len; i++) {
		const struct tiff_page *page = &g_array_index(pages, struct tiff_page, i);
		guint photometric = photometric_of(page, data, length);
		if ((photometric == page->photometric && !is_for_libtiff(page)) || page->photometric_at >= length ||
			page->compression_at >= length)
			continue;
		patch(c, page->photometric_at, &(guint8){(guint8)photometric}, 1);
		if (!is_for_libtiff(page))
			continue;
		/* libvips reads its header alone, as one of plain pixels. */
		if (page->compression == TIFF_OLD_JPEG)
			patch(c, page->compression_at, "\1", 1);
		if (!c->directories)
			c->directories = g_array_new(FALSE, FALSE, sizeof(guint));
		g_array_append_val(c->directories, i);
	}
	return true;
}

/* Of grey, libheif (1.15 to 1.23) may stretch a limited range, or not, by its version and the depth; and it takes some matrices for those of
 * colours. With these numbers it gives what is in the file. */
static bool find_heif(struct correction *c, GError **error)
{
	enum { BT601 = 6, FULL = 0x80 };
	gsize length;
	const guint8 *data = g_bytes_get_data(c->file, &length);
	g_autoptr(GArray) places = heif_grey_colours(data, length);

	(void)error;
	for (guint i = 0; i < places->len; i++) {
		const guint64 at = g_array_index(places, guint64, i);
		if (data[at] == 0 && data[at + 1] == BT601 && data[at + 2] & FULL)
			continue;
		c->limited |= !(data[at + 2] & FULL);
		patch(c, at, (const guint8[]){0, BT601, FULL}, 3);
	}
	return true;
}

static const struct {
	const char *loader;
	bool (*find)(struct correction *c, GError **error);
} finders[] = {{"ppmload", find_ppm}, {"tiffload", find_tiff}, {"heifload", find_heif}};

bool correction_find(const char *path, GBytes *given, const char *loader, struct correction **out, GError **error)
{
	*out = NULL;
	for (guint i = 0; loader && i < G_N_ELEMENTS(finders); i++) {
		if (!g_str_has_prefix(loader, finders[i].loader))
			continue;
		auto_struct(correction) c = g_new0(struct correction, 1);
		c->patches = patches_new();
		if (!(c->file = open_bytes(path, given, error)) || !finders[i].find(c, error))
			return false;
		if (c->replaced || c->most)
			*out = g_steal_pointer(&c);
	}
	return true;
}

/* Each band's table; transparency stays. */
static VipsImage *table_of(const struct correction *c, VipsImage *image)
{
	bool deep = image->BandFmt == VIPS_FORMAT_USHORT;
	guint full = deep ? 65535 : 255, unit = !c->limited ? 0 : deep ? 256 : 1;
	guint low = 16 * unit, span = c->limited ? 219 * unit : c->most;
	int bands = image->Bands, colours = vips_image_hasalpha(image) ? bands - 1 : bands;
	gsize count = ((gsize)full + 1) * (gsize)bands, at = 0;
	g_autofree guint16 *words = g_new(guint16, count);

	for (guint value = 0; value <= full; value++)
		for (int band = 0; band < bands; band++, at++) {
			guint level = value < low ? 0 : MIN(value - low, span);
			guint right = band < colours ? (level * full + span / 2) / span : value;
			if (deep)
				words[at] = (guint16)right;
			else
				((guint8 *)words)[at] = (guint8)right;
		}
	return vips_image_new_from_memory_copy(
		words, count * (deep ? 2 : 1), (int)full + 1, 1, bands, deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
}

static VipsImage *through_table(const struct correction *c, VipsImage *image)
{
	g_autoptr(VipsImage) table = table_of(c, image);
	g_autoptr(VipsImage) mapped = NULL;
	VipsImage *out = NULL;

	if (!table || vips_maplut(image, &mapped, table, NULL) ||
		vips_copy(mapped, &out, "interpretation", image->Type, NULL))
		return NULL;
	/* QUIRK_PNM_LARGEST_VALUE */
	if (vips_image_get_typeof(out, "ppm-max-value"))
		vips_image_set_double(out, "ppm-max-value", out->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255);
	return out;
}

static bool converts(const struct correction *c, guint page)
{
	for (guint i = 0; c->directories && i < c->directories->len; i++)
		if (g_array_index(c->directories, guint, i) == page)
			return true;
	return false;
}

VipsImage *correction_apply(const struct correction *c, VipsImage *image, guint page, VipsAccess access)
{
	VipsImage *right = converts(c, page)       ? tiff_rgb_new(c->file, page, image, access != VIPS_ACCESS_RANDOM)
			   : c->most || c->limited ? through_table(c, image)
						   : g_object_ref(image);

	g_object_unref(image);
	return right;
}
