/* SPDX-License-Identifier: GPL-2.0-or-later
 * Levels of pyramids: see levels.h. What a pyramid is follows libvips, so that where its choice is right the pixels are the same. */
#include "image/read/levels.h"

#include <stdlib.h>

#include "image/read/format.h"
#include "image/read/pages.h"
#include "image/read/unsupported.h"
#include "image/table/auto.h"

#define MOST_LEVELS 256 /* libvips' */
#define TOLERANCE 5     /* pixels that a level may differ from half the one above; libvips' */
#define SMALLEST_SIDE 2 /* of a level; libvips' */

struct level {
	char options[32]; /* of the loader */
	int width, height;
};

struct levels {
	VipsSource *source;
	VipsImage *full;
	GArray *list; /* struct level, from large to small, without the full picture */
};

static bool is_near(int side, int full, int shift)
{
	return side >= SMALLEST_SIDE && abs(side - (shift < 31 ? full >> shift : 0)) <= TOLERANCE;
}

/* Levels that the loader knows by a number; the first is so many halvings smaller than the full picture. One that is not about half as
 * large as the one above: there are none at all. */
static void add_numbered(struct levels *levels, const char *argument, int from, int count, int halved)
{
	for (int i = from; i < count && i < MOST_LEVELS; i++) {
		struct level level;
		g_snprintf(level.options, sizeof(level.options), "[%s=%d]", argument, i);
		g_autoptr(VipsImage) image = format_load(levels->source, level.options, VIPS_ACCESS_SEQUENTIAL);
		if (!image || !is_near(image->Xsize, levels->full->Xsize, i - from + halved) ||
			!is_near(image->Ysize, levels->full->Ysize, i - from + halved)) {
			vips_error_clear();
			g_array_set_size(levels->list, 0);
			return;
		}
		level.width = image->Xsize;
		level.height = image->Ysize;
		g_array_append_val(levels->list, level);
	}
}

static int field(VipsImage *image, const char *name, int level, const char *side)
{
	g_autofree char *full = side ? g_strdup_printf("openslide.level[%d].%s", level, side) : g_strdup(name);
	const char *text;

	return vips_image_get_typeof(image, full) && !vips_image_get_string(image, full, &text) ? atoi(text) : 0;
}

/* Slides tell the sizes of their levels. */
static int add_slide(struct levels *levels)
{
	int count = MIN(field(levels->full, "openslide.level-count", 0, NULL), MOST_LEVELS);

	for (int i = 1; i < count; i++) {
		struct level level = {.width = field(levels->full, NULL, i, "width"),
			.height = field(levels->full, NULL, i, "height")};
		g_snprintf(level.options, sizeof(level.options), "[level=%d]", i);
		if (level.width > 0 && level.height > 0)
			g_array_append_val(levels->list, level);
	}
	return count;
}

/* False: the file has one picture in one size, whatever its loader. */
static bool find_levels(struct levels *levels, const char *path, GBytes *bytes)
{
	int pages = pages_count(levels->full), below = vips_image_get_n_subifds(levels->full);
	const char *loader = "";

	if (!vips_image_get_typeof(levels->full, VIPS_META_LOADER) ||
		vips_image_get_string(levels->full, VIPS_META_LOADER, &loader))
		return false;
	if (g_str_has_prefix(loader, "openslideload"))
		return add_slide(levels) > 1;
	if (g_str_has_prefix(loader, "jp2kload")) {
		add_numbered(levels, "page", 1, pages, 1);
		return pages > 1;
	}
	if (!g_str_has_prefix(loader, "tiffload"))
		return false;
	add_numbered(levels, "subifd", 0, below, 1);
	if (levels->list->len == 0 && pages > 1) {
		g_autoptr(GArray) own = pages_of_tiff(path, bytes, pages);
		/* A document's other pages are no smaller copies. */
		if (own && own->len == 1)
			add_numbered(levels, "page", 1, pages, 1);
	}
	return pages > 1 || below > 0;
}

/* By how much a picture of this size has to shrink for the box; libvips' vips_thumbnail_calculate_common_shrink(), for size=both. */
static double shrink_of(const struct level_box *box, bool turned, int width, int height)
{
	double x = (double)width / (turned ? box->height : box->width),
	       y = (double)height / (turned ? box->width : box->height);

	return box->covers || box->fills ? MIN(x, y) : MAX(x, y);
}

static const char *choose(const struct levels *levels, const struct level_box *box)
{
	bool turned = !box->no_rotate && vips_image_get_orientation_swap(levels->full);

	for (guint i = levels->list->len; i-- > 0;) {
		const struct level *level = &g_array_index(levels->list, struct level, i);
		if (shrink_of(box, turned, level->width, level->height) >= 1)
			return level->options;
	}
	return "";
}

static bool may_have_levels(VipsSource *source)
{
	static const char *const classes[] = {"VipsForeignLoadTiff", "VipsForeignLoadJp2k", "VipsForeignLoadOpenslide"};
	const char *name = format_must_load(source) ? NULL : vips_foreign_find_load_source(source);

	for (guint i = 0; name && i < G_N_ELEMENTS(classes); i++)
		if (g_str_has_prefix(name, classes[i]))
			return true;
	return false;
}

bool levels_open(VipsSource *source, const char *path, GBytes *bytes, const struct level_box *box, VipsImage **out,
	GError **error)
{
	*out = NULL;
	if (!may_have_levels(source))
		return true;
	g_autoptr(VipsImage) full = format_load(source, "", VIPS_ACCESS_SEQUENTIAL);
	if (!full)
		return unsupported_failed(source, error);
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(struct level));
	struct levels levels = {source, full, list};
	if (!find_levels(&levels, path, bytes))
		return true;
	/* From a source that nothing else reads. */
	g_autoptr(VipsSource) fresh = format_source(path, bytes, error);
	if (!fresh)
		return false;
	*out = format_load(fresh, choose(&levels, box), VIPS_ACCESS_SEQUENTIAL);
	return *out || unsupported_failed(fresh, error);
}
