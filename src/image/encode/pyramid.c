/* SPDX-License-Identifier: GPL-2.0-or-later
 * Deep zoom: see pyramid.h. */
#include "image/encode/pyramid.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/json.h"
#include "image/encode/format_prepare.h"
#include "image/quirks/quirks.h"
#include "image/read/format.h"
#include "image/table/auto.h"
#include "image/table/colour.h"

bool pyramid_is_file(JsonObject *save)
{
	return strcmp(json_string(save, "container", "fs"), "zip") == 0;
}

/* What the files in it are named after. */
static char *title_of(JsonObject *save)
{
	g_autofree char *title = g_utf8_make_valid(json_string(save, "title", "image"), -1);

	/* It comes from a file's name: nothing that leads elsewhere, ends as libvips' options do, or breaks a link. */
	for (char *c = title; *c; c++)
		if (strchr("/[]<>&\"'%#?\\", *c) || g_ascii_iscntrl(*c) || (*c == '.' && c == title))
			*c = '_';
	return *title ? g_steal_pointer(&title) : g_strdup("image");
}

bool pyramid_make_folder(const char *path, GError **error)
{
	struct stat status;

	if (beneath_stat(path, &status) == 0) {
		if (S_ISDIR(status.st_mode))
			files_remove_tree(path);
		else
			beneath_unlink(path);
	}
	return beneath_mkdir(path, 0777) == 0 || beneath_fail(error, path, NULL, "cannot make the folder %s", path);
}

/* The layout dz: FILE.dzi beside FILE_files. The others have a folder alone. */
static bool is_plain(JsonObject *save)
{
	return strcmp(json_string(save, "layout", "dz"), "dz") == 0;
}

/* ".jpg" with the quality of its saver. */
static char *tile_suffix(JsonObject *save)
{
	const char *suffix = json_string(save, "suffix", is_plain(save) ? ".jpeg" : ".jpg");

	if (strcmp(suffix, ".png") == 0)
		return g_strdup(suffix);
	return g_strdup_printf("%s[Q=%d]", suffix, (int)json_int(save, "quality", 75));
}

bool pyramid_options(VipsOperation *operation, const char *path, JsonObject *save, GError **error)
{
	g_autofree char *title = title_of(save);
	g_autofree char *suffix = tile_suffix(save);
	g_autoptr(VipsImage) image = NULL;

	g_object_get(operation, "in", &image, NULL);
	VipsArrayDouble *background = colour_in_bands(json_string(save, "background", "white"), image, error);
	if (!background)
		return false;
	/* Every tile would carry it, so only the requested metadata is kept. */
	if (json_array(save, "keep"))
		g_object_set(operation, "no_strip", TRUE, NULL);
	/* The files of a zip lie in a folder of its title. */
	bool flat = pyramid_is_file(save) && is_plain(save) && quirk(QUIRK_FLAT_ZIP);
	g_autofree char *base = flat ? g_build_filename(title, title, NULL) : g_strdup(title);
	g_object_set(operation, "suffix", suffix, "basename", base, "background", background, NULL);
	vips_area_unref(VIPS_AREA(background));
	if (path && !pyramid_is_file(save)) {
		/* dzsave makes its files beside the name that it is given. */
		g_autofree char *inside = g_build_filename(path, title, NULL);
		g_object_set(operation, "filename", inside, NULL);
	}
	return true;
}

/* libvips notes the time and its version in a file of its own, which no viewer reads: without it the same picture is the same folder. It
 * lies among the tiles or beside them: see QUIRK_PROPERTIES_BESIDE. */
static void drop_diary(const char *path, const char *title, JsonObject *save)
{
	g_autofree char *root = g_strconcat(title, is_plain(save) ? "_files" : "", NULL);
	g_autofree char *among = g_build_filename(path, root, "vips-properties.xml", NULL);
	g_autofree char *beside = g_build_filename(path, "vips-properties.xml", NULL);

	beneath_unlink(among);
	beneath_unlink(beside);
}

bool pyramid_settle(const char *path, JsonObject *save, GError **error)
{
	g_autofree char *title = title_of(save);
	g_autofree char *inside = g_build_filename(path, title, NULL);
	g_autofree char *aside = g_strconcat(path, "~", NULL);

	drop_diary(path, title, save);
	if (is_plain(save))
		return true;
	/* The others make a folder in ours, which is one too many. */
	if (beneath_rename(inside, aside, 0) != 0)
		return beneath_fail(error, inside, NULL, "%s", inside);
	if (beneath_rmdir(path) != 0 || beneath_rename(aside, path, 0) != 0) {
		beneath_fail(error, path, NULL, "%s", path);
		files_remove_tree(aside);
		return false;
	}
	return true;
}
