/* SPDX-License-Identifier: GPL-2.0-or-later
 * Loaders that need leave: see allow.h. What is untrusted is libvips' word: VIPS_OPERATION_UNTRUSTED of each class. Not here are those
 * that tell their files by the name alone (csv, raw), and ImageMagick, which reads whatever it likes. */
#include "image/read/allow.h"

#include <string.h>
#include <vips/vips.h>

#include "base/error.h"
#include "base/json.h"

static const struct entry {
	const char *name;
	const char *nickname; /* of the loader, without _source and _buffer */
	const char *base;     /* class that all its variants derive from */
	const char *format;   /* as sniff_format() has it */
	bool file;            /* it takes no memory: CFITSIO, OpenEXR, OpenSlide, and libvips for its own format */
} entries[] = {
	{"svg", "svgload", "VipsForeignLoadSvg", "svg", false},
	{"pdf", "pdfload", "VipsForeignLoadPdf", "pdf", false},
	{"jp2k", "jp2kload", "VipsForeignLoadJp2k", "jp2k", false},
	{"jxl", "jxlload", "VipsForeignLoadJxl", "jxl", false},
	{"fits", "fitsload", "VipsForeignLoadFits", "fits", true},
	{"exr", "openexrload", "VipsForeignLoadOpenexr", "exr", true},
	{"ppm", "ppmload", "VipsForeignLoadPpm", "ppm", false},
	{"rad", "radload", "VipsForeignLoadRad", "rad", false},
	{"vips", "vipsload", "VipsForeignLoadVips", "vips", true},
	/* Slides are TIFFs of their makers' own kind; the other kinds come in several files, which a drop is not. */
	{"openslide", "openslideload", "VipsForeignLoadOpenslide", "tiff", true},
};

const char *const allow_names[] = {"svg", "pdf", "jp2k", "jxl", "fits", "exr", "ppm", "rad", "vips", "openslide", NULL};
G_STATIC_ASSERT(G_N_ELEMENTS(entries) + 1 == G_N_ELEMENTS(allow_names));

/* Read by threads that compute what the job's thread allowed. */
static gint is_open[G_N_ELEMENTS(entries)];

static int find(const char *name)
{
	for (guint i = 0; name && i < G_N_ELEMENTS(entries); i++)
		if (g_str_equal(entries[i].name, name))
			return (int)i;
	return -1;
}

bool allow_knows(const char *name)
{
	return find(name) >= 0;
}

bool allow_available(const char *name)
{
	int i = find(name);

	return i >= 0 && vips_type_find("VipsForeignLoad", entries[i].nickname) != 0;
}

bool allow_is_open(const char *name)
{
	int i = find(name);

	return i >= 0 && g_atomic_int_get(&is_open[i]);
}

bool allow_wants_file(const char *format)
{
	for (guint i = 0; format && i < G_N_ELEMENTS(entries); i++)
		if (entries[i].file && g_str_equal(entries[i].format, format) && g_atomic_int_get(&is_open[i]))
			return true;
	return false;
}

const char *allow_of_loader(const char *nickname, const char **format)
{
	for (guint i = 0; nickname && i < G_N_ELEMENTS(entries); i++) {
		gsize length = strlen(entries[i].nickname);
		if (strncmp(nickname, entries[i].nickname, length) == 0 &&
			(nickname[length] == '\0' || nickname[length] == '_')) {
			if (format)
				*format = entries[i].format;
			return entries[i].name;
		}
	}
	return NULL;
}

static void set(int i, bool open)
{
	vips_operation_block_set(entries[i].base, !open);
	g_atomic_int_set(&is_open[i], open);
}

void allow_shut(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(entries); i++)
		if (g_atomic_int_get(&is_open[i]))
			set((int)i, false);
}

bool allow_open(JsonObject *job, GError **error)
{
	JsonArray *names = json_array(job, "allow");

	allow_shut();
	if (!names && json_object_has_member(job, "allow"))
		return fail(error, ERROR_INPUT, "the task's 'allow' is not a list");
	for (guint i = 0; names && i < json_array_get_length(names); i++) {
		JsonNode *node = json_array_get_element(names, i);
		const char *name = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
		int found = find(name);
		if (found < 0) {
			allow_shut();
			return fail(error, ERROR_INPUT,
				"the task allows '%s', which is not a format that must be allowed", name ? name : "?");
		}
		if (allow_available(name))
			set(found, true);
	}
	return true;
}
