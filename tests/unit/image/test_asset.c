/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files that definitions name: read with the definition, found again by their hash. */
#include "support.h"

#include <glib/gstdio.h>

#include "base/files.h"
#include "base/json.h"
#include "image/asset.h"

struct folder {
	char *path, *png;
};

static int set_up(void **state)
{
	struct folder *folder = g_new0(struct folder, 1);
	g_autoptr(VipsImage) image = picture(20, 10, 4, 8);

	folder->path = g_dir_make_tmp("dropmill-asset-XXXXXX", NULL);
	folder->png = g_build_filename(folder->path, "mark.png", NULL);
	assert_true(format_save(image, folder->png, "png", NULL, NULL));
	*state = folder;
	return 0;
}

static int tear_down(void **state)
{
	struct folder *folder = *state;

	g_unlink(folder->png);
	g_rmdir(folder->path);
	g_free(folder->png);
	g_free(folder->path);
	g_free(folder);
	return 0;
}

static void an_image_is_found_by_its_hash(void **state)
{
	const struct folder *folder = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) asset = asset_read(folder->path, "mark.png", ASSET_IMAGE, &error);

	assert_non_null(asset);
	assert_int_equal(strlen(json_string(asset, "sha256", "")), 64);
	g_autofree char *path = json_path(asset, "path");
	assert_string_equal(path, folder->png);
	/* The definition keeps what it was read with, whatever becomes of the file. */
	assert_true(g_file_set_contents(folder->png, "other", -1, NULL));
	g_autoptr(VipsImage) image = asset_image(asset, &error);
	assert_non_null(image);
	assert_int_equal(image->Xsize, 20);
	assert_int_equal(image->Bands, 4);
}

static void another_file_in_its_place_is_not_taken(void **state)
{
	const struct folder *folder = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) asset = json_object_new();

	json_object_set_string_member(
		asset, "sha256", "0000000000000000000000000000000000000000000000000000000000000000");
	json_set_path(asset, "path", folder->png);
	assert_null(asset_bytes(asset, &error));
	assert_int_equal(error->code, ERROR_RETRY);
	g_autoptr(GBytes) bytes = g_bytes_new("abc", 3);
	assert_false(asset_add("0000000000000000000000000000000000000000000000000000000000000000", bytes));
}

static void what_is_not_of_its_kind_is_refused(void **state)
{
	const struct folder *folder = *state;
	static const struct {
		const char *name;
		enum asset_kind kind;
		const char *said;
	} cases[] = {
		{"missing.png", ASSET_IMAGE, "No such file"},
		{".", ASSET_IMAGE, "is not a file"},
		{"mark.png", ASSET_PROFILE, "is not an ICC profile"},
		{"mark.png", ASSET_FONT, "is not a TrueType or OpenType font"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		assert_null(asset_read(folder->path, cases[i].name, cases[i].kind, &error));
		if (!strstr(error->message, cases[i].said))
			fail_msg("%s", error->message);
	}
	assert_true(g_file_set_contents(folder->png, "no image", -1, NULL));
	assert_null(asset_read(folder->path, "mark.png", ASSET_IMAGE, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_image_is_found_by_its_hash, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_file_in_its_place_is_not_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_of_its_kind_is_refused, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}
