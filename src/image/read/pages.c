/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pages that are pictures: see pages.h. */
#include "image/read/pages.h"

#include "base/error.h"
#include "image/file/page_scan.h"
#include "image/read/format.h"
#include "image/read/unsupported.h"

/* The whole file. NULL: it cannot be read. Returns owned. */
static GBytes *bytes_of(const char *path, GBytes *given)
{
	g_autoptr(GMappedFile) file = given ? NULL : g_mapped_file_new(path, FALSE, NULL);

	return given ? g_bytes_ref(given) : file ? g_mapped_file_get_bytes(file) : NULL;
}

int pages_count(VipsImage *image)
{
	int count = 1;

	if (vips_image_get_typeof(image, VIPS_META_N_PAGES) && vips_image_get_int(image, VIPS_META_N_PAGES, &count))
		vips_error_clear();
	return MAX(1, count);
}

bool pages_supported(const char *path, GBytes *given, const char *format, guint page, GError **error)
{
	g_autoptr(GBytes) bytes = bytes_of(path, given);
	gsize length;
	const guint8 *data = bytes ? g_bytes_get_data(bytes, &length) : NULL;

	return !data || unsupported_check(data, length, format, page, error);
}

/* Is each directory a smaller copy of the one before, though none says so? Two may be a document of pages, such as A4 and A5; and whoever
 * calls them pages is believed. */
static bool all_halve(const GArray *directories)
{
	for (guint i = 0; i < directories->len; i++) {
		const struct tiff_page *this = &g_array_index(directories, struct tiff_page, i), *before = this - 1;
		if (this->kind & TIFF_PAGE)
			return false;
		if (i > 0 && (ABS((gint64)before->width / 2 - this->width) > 1 ||
				     ABS((gint64)before->height / 2 - this->height) > 1))
			return false;
	}
	return directories->len >= 3;
}

GArray *pages_of_tiff(const char *path, GBytes *given, int count)
{
	g_autoptr(GBytes) bytes = bytes_of(path, given);
	gsize length;
	const guint8 *data = bytes ? g_bytes_get_data(bytes, &length) : NULL;
	g_autoptr(GArray) directories = data ? tiff_directories(data, length) : NULL;

	/* In a damaged file libtiff and the walk may see different chains. */
	if (!directories || directories->len == 0 || (count && (int)directories->len != count))
		return NULL;
	GArray *numbers = g_array_new(FALSE, FALSE, sizeof(int));
	bool halve = all_halve(directories);
	for (int i = 0; i < (int)directories->len; i++)
		/* The first is what is shown, whatever it says of itself. */
		if (i == 0 || !(halve || g_array_index(directories, struct tiff_page, i).kind & TIFF_REDUCED))
			g_array_append_val(numbers, i);
	return numbers;
}

static bool takes(GType loader, const char *argument)
{
	g_autoptr(GTypeClass) class = loader ? g_type_class_ref(loader) : NULL;

	return class && g_object_class_find_property(G_OBJECT_CLASS(class), argument);
}

bool pages_loader_takes(VipsSource *source, const char *argument)
{
	const char *name = vips_foreign_find_load_source(source);

	return name && takes(g_type_from_name(name), argument);
}

static guint sequence_frames(const char *path, GBytes *given)
{
	g_autoptr(GBytes) bytes = bytes_of(path, given);
	gsize length;
	const guint8 *data = bytes ? g_bytes_get_data(bytes, &length) : NULL;

	return data ? heif_frames(data, length) : 0;
}

void pages_settle(VipsImage *image, const char *path, GBytes *bytes)
{
	int count = pages_count(image), own = count;
	const char *loader = NULL;

	if (!vips_image_get_typeof(image, VIPS_META_LOADER) || vips_image_get_string(image, VIPS_META_LOADER, &loader))
		return;
	if (g_str_has_prefix(loader, "heifload")) {
		/* The loader has opened the primary item, which is the picture. */
		own = MAX(1, (int)sequence_frames(path, bytes));
	} else if (count > 1 && g_str_has_prefix(loader, "tiffload")) {
		g_autoptr(GArray) numbers = pages_of_tiff(path, bytes, count);
		own = numbers ? (int)numbers->len : count;
	} else if (count > 1 && !takes(vips_type_find("VipsForeignLoad", loader), "n")) {
		own = 1;
	}
	if (own == 1)
		vips_image_remove(image, VIPS_META_N_PAGES);
	else if (own != count)
		vips_image_set_int(image, VIPS_META_N_PAGES, own);
}

bool pages_fail_sequence(const char *path, GBytes *bytes, GError **error)
{
	guint frames = sequence_frames(path, bytes);

	if (frames < 2)
		return false;
	fail(error, ERROR_INPUT,
		"an animation of %u frames (AVIF or HEIF image sequence), which this libvips and libheif cannot read. "
		"Convert it to WebP or GIF. If it has a still picture, pages: first at the output also helps",
		frames);
	return true;
}
