/* SPDX-License-Identifier: GPL-2.0-or-later
 * Animations and documents of several pages: see page_frames.h. */
#include "image/read/page_frames.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "image/file/page_scan.h"
#include "image/read/pages.h"
#include "image/read/profile.h"
#include "image/read/unsupported.h"
#include "image/table/auto.h"
#include "image/table/format_table.h"
#include "image/table/vips_error.h"

void page_frames_free(struct page_frames *frames)
{
	if (!frames)
		return;
	g_ptr_array_unref(frames->images);
	g_clear_object(&frames->all);
	g_free(frames);
}

bool page_frames_wanted(VipsImage *opened, const char *name, JsonObject *save)
{
	const struct format *format = format_find(name);

	return format && format->pages && pages_count(opened) > 1 &&
	       strcmp(json_string(save, "pages", "all"), "first") != 0;
}

bool page_frames_allowed(
	VipsImage *opened, const char *path, GBytes *bytes, const struct image_limits *limits, GError **error)
{
	int count = pages_count(opened);
	const char *format = format_of_image(opened);

	if (limits && limits->frames > 0 && (unsigned)count > limits->frames)
		return fail_limit(error,
			"%d frames or pages, above the limit of %u (limits: frames); raise it, or write pages: first at the output",
			count, limits->frames);
	return count == 1 || (strcmp(format, "heif") != 0 && strcmp(format, "avif") != 0) ||
	       !pages_fail_sequence(path, bytes, error);
}

int page_frames_count(VipsImage *image)
{
	return image->Ysize / vips_image_get_page_height(image);
}

bool page_frames_single(VipsImage **image, GError **error)
{
	static const char *const stale[] = {
		VIPS_META_PAGE_HEIGHT, VIPS_META_N_PAGES, "delay", "loop", "gif-delay", "gif-loop", "heif-primary"};
	VipsImage *copy = NULL;

	if (vips_copy(*image, &copy, NULL))
		return vips_failed(error, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(stale); i++)
		vips_image_remove(copy, stale[i]);
	g_object_unref(*image);
	*image = copy;
	return true;
}

/* Pages of a file, from first on; count -1: all below each other, which the loader does where they are of one size. */
static VipsImage *load(const char *path, GBytes *bytes, int first, int count, GError **error)
{
	g_autoptr(VipsSource) source = format_source(path, bytes, error);

	if (!source || (first > 0 && !pages_supported(path, bytes, "tiff", (guint)first, error)))
		return NULL;
	g_autofree char *options =
		pages_loader_takes(source, "n") ? g_strdup_printf("[page=%d,n=%d]", first, count) : g_strdup("");
	VipsImage *image = format_load(source, options, VIPS_ACCESS_RANDOM);
	if (!image) {
		unsupported_failed(source, error);
		g_prefix_error(error, "page %d: ", first + 1);
	}
	if (image)
		unsupported_mark(image);
	return image;
}

static bool within(const struct image_limits *limits, double pixels, int count, GError **error)
{
	if (limits && limits->megapixels > 0 && pixels / 1e6 > limits->megapixels)
		return fail_limit(error,
			"%d frames or pages are %.4g megapixels together, above the limit of %.15g (limits: "
			"megapixels); raise it, or write pages: first at the output",
			count, pixels / 1e6, limits->megapixels);
	return true;
}

/* TIFF and PDF: pages lie apart and may differ in size. */
static bool open_pages(struct page_frames *frames, const char *path, GBytes *bytes, int count,
	const struct image_limits *limits, GError **error)
{
	g_autoptr(GArray) numbers = pages_of_tiff(path, bytes, 0);
	bool known = numbers && (int)numbers->len == count;
	double pixels = 0;

	for (int i = 0; i < count; i++) {
		VipsImage *page = load(path, bytes, known ? g_array_index(numbers, int, i) : i, 1, error);
		if (!page)
			return false;
		g_ptr_array_add(frames->images, page);
		pixels += (double)page->Xsize * page->Ysize;
		if (!within(limits, pixels, count, error))
			return false;
	}
	return true;
}

/* Are all pages that the file speaks of in it, and does its loader see them all? */
static bool complete(const char *format, const char *path, GBytes *given, int count, GError **error)
{
	bool is_gif = strcmp(format, "gif") == 0, is_tiff = strcmp(format, "tiff") == 0;

	if (!is_gif && !is_tiff)
		return true;
	g_autoptr(GMappedFile) file = given ? NULL : g_mapped_file_new(path, FALSE, error);
	g_autoptr(GBytes) bytes = given ? g_bytes_ref(given) : file ? g_mapped_file_get_bytes(file) : NULL;
	guint found = 0;
	gsize length;
	if (!bytes)
		return false;
	const guint8 *data = g_bytes_get_data(bytes, &length);
	if (is_gif ? gif_is_cut(data, length, &found) : tiff_is_cut(data, length))
		return fail(
			error, ERROR_INPUT, "damaged %s file: pages at its end are missing (is it truncated?)", format);
	/* libnsgif stops at 4,097 frames. */
	return found <= (guint)count ||
	       fail(error, ERROR_INPUT,
		       "an animation of %u frames, of which libvips reads %d; make it shorter, or write pages: first at the output",
		       found, count);
}

/* GIF and WebP: a frame builds on those before it, so they are decoded once, top to bottom, into memory. */
static bool open_animation(struct page_frames *frames, const char *path, GBytes *bytes, int count,
	const struct image_limits *limits, GError **error)
{
	g_autoptr(VipsImage) strip = load(path, bytes, 0, -1, error);

	if (!strip || !within(limits, (double)strip->Xsize * strip->Ysize, count, error))
		return false;
	int height = vips_image_get_page_height(strip);
	if (!(frames->all = vips_image_copy_memory(strip)))
		return vips_failed(error, "damaged image");
	for (int top = 0; top < strip->Ysize; top += height) {
		g_autoptr(VipsImage) area = NULL;
		VipsImage *frame = NULL;
		if (vips_extract_area(frames->all, &area, 0, top, strip->Xsize, height, NULL) ||
			vips_copy(area, &frame, NULL))
			return vips_failed(error, "frame");
		vips_image_remove(frame, VIPS_META_PAGE_HEIGHT);
		g_ptr_array_add(frames->images, frame);
	}
	return true;
}

struct page_frames *page_frames_open(const char *path, GBytes *bytes, const struct image_limits *limits, GError **error)
{
	auto_struct(page_frames) frames = g_new0(struct page_frames, 1);
	g_autoptr(VipsImage) first = NULL;

	frames->images = g_ptr_array_new_with_free_func(g_object_unref);
	if (!format_open(path, bytes, true, limits, &first, error))
		return NULL;
	if (!page_frames_allowed(first, path, bytes, limits, error))
		return NULL;
	int count = pages_count(first);
	const char *format = format_of_image(first);
	bool animated = strcmp(format, "gif") == 0 || strcmp(format, "webp") == 0;
	bool opened = complete(format, path, bytes, count, error) &&
		      within(limits, (double)first->Xsize * first->Ysize * (animated ? count : 1), count, error) &&
		      (animated ? open_animation : open_pages)(frames, path, bytes, count, limits, error);
	return opened ? g_steal_pointer(&frames) : NULL;
}

/* What the animation said of time goes with it, for as many frames as there are. */
static void copy_time(VipsImage *from, VipsImage *to, int count)
{
	int *delays, length, loop;

	if (vips_image_get_typeof(from, "delay") && !vips_image_get_array_int(from, "delay", &delays, &length))
		vips_image_set_array_int(to, "delay", delays, MIN(length, count));
	if (vips_image_get_typeof(from, "loop") && !vips_image_get_int(from, "loop", &loop))
		vips_image_set_int(to, "loop", loop);
}

static bool same_size(const VipsImage *one, const VipsImage *other)
{
	return one->Xsize == other->Xsize && one->Ysize == other->Ysize;
}

static bool same_colours(const VipsImage *one, const VipsImage *other)
{
	return one->Bands == other->Bands && one->BandFmt == other->BandFmt && one->Type == other->Type;
}

/* How each page's numbers are to be seen. */
static bool same_profiles(const GPtrArray *finished)
{
	for (guint i = 1; i < finished->len; i++)
		if (!profile_same(finished->pdata[i], finished->pdata[0]))
			return false;
	return true;
}

bool page_frames_mixed(const GPtrArray *finished)
{
	for (guint i = 1; i < finished->len; i++)
		if (!same_size(finished->pdata[i], finished->pdata[0]) ||
			!same_colours(finished->pdata[i], finished->pdata[0]))
			return true;
	return !same_profiles(finished);
}

#define SETTLED "dropmill-settled"

bool page_frames_settled(VipsImage *image)
{
	return vips_image_get_typeof(image, SETTLED);
}

/* One file has one profile: pages that differ in theirs all become sRGB. */
static GPtrArray *settle_profiles(const GPtrArray *finished, bool *changed, GError **error)
{
	g_autoptr(GPtrArray) settled = g_ptr_array_new_with_free_func(g_object_unref);
	bool same = same_profiles(finished);

	for (guint i = 0; i < finished->len; i++) {
		VipsImage *page = same ? g_object_ref(finished->pdata[i]) : NULL;
		if (!same && !profile_settle(finished->pdata[i], &page, error))
			return NULL;
		*changed |= !same && profile_matters(finished->pdata[i]);
		g_ptr_array_add(settled, page);
	}
	return g_steal_pointer(&settled);
}

bool page_frames_may_join(const GPtrArray *finished, GError **error)
{
	const VipsImage *first = finished->pdata[0];

	for (guint i = 1; i < finished->len; i++) {
		const VipsImage *frame = finished->pdata[i];
		if (!same_size(frame, first))
			return fail(error, ERROR_INPUT,
				"page %u is %d x %d pixels after the chain, page 1 is %d x %d, and this format needs one size. "
				"Write tiff, which holds both, resize to a width and height with fit: contain, or "
				"write pages: first at the output",
				i + 1, frame->Xsize, frame->Ysize, first->Xsize, first->Ysize);
		if (!same_colours(frame, first))
			return fail(error, ERROR_INPUT,
				"page %u has other colours than page 1, and this format needs the same. Write tiff, which "
				"holds both, add a colourspace step, or write pages: first at the output",
				i + 1);
	}
	return true;
}

bool page_frames_join(const struct page_frames *frames, const GPtrArray *finished, VipsImage **out, GError **error)
{
	VipsImage *first = g_ptr_array_index(finished, 0);
	g_autoptr(VipsImage) joined = NULL, copy = NULL;

	if (finished->len == 1) {
		*out = g_object_ref(first);
		return page_frames_single(out, error);
	}
	bool changed = false;
	g_autoptr(GPtrArray) settled = settle_profiles(finished, &changed, error);
	if (!settled || !page_frames_may_join(settled, error))
		return false;
	if (vips_arrayjoin((VipsImage **)settled->pdata, &joined, (int)settled->len, "across", 1, NULL) ||
		vips_copy(joined, &copy, NULL))
		return vips_failed(error, "joining frames");
	vips_image_set_int(copy, VIPS_META_PAGE_HEIGHT, first->Ysize);
	vips_image_set_int(copy, VIPS_META_N_PAGES, (int)finished->len);
	if (changed)
		vips_image_set_int(copy, SETTLED, 1);
	if (frames->all)
		copy_time(frames->all, copy, (int)finished->len);
	*out = g_steal_pointer(&copy);
	return true;
}
