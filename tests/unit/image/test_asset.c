/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files that definitions name: read with the definition, found again by their hash. */
#include "support.h"

#include <glib/gstdio.h>

#include "base/disk/files.h"
#include "base/json.h"
#include "image/asset/asset.h"
#include "image/write/format_save.h"

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
	g_autoptr(GError) error = NULL;
	assert_null(asset_read(folder->path, "mark.png", ASSET_IMAGE, &error));
	/* It may be any file of this user: nothing of it is shown. */
	assert_null(strstr(error->message, "no image"));
	assert_non_null(strstr(error->message, "mark.png is not a picture that dropmill reads"));
}

static void a_copy_stands_for_the_file(void **state)
{
	const struct folder *folder = *state;
	g_autoptr(GError) error = NULL;
	/* Another picture than the other tests', so that the store does not know it. */
	g_autoptr(VipsImage) image = picture(33, 9, 3, 8);
	assert_true(format_save(image, folder->png, "png", NULL, NULL));
	g_autoptr(JsonObject) asset = asset_read(folder->path, "mark.png", ASSET_IMAGE, &error);
	g_autofree char *copies = scratch_folder();

	assert_non_null(asset);
	assert_true(asset_keep(asset, copies, &error));
	g_autofree char *kept = json_path(asset, "kept");
	g_autofree char *name = g_path_get_basename(kept);
	assert_string_equal(name, json_string(asset, "sha256", ""));
	g_autofree char *contents = NULL;
	gsize length;
	assert_true(g_file_get_contents(kept, &contents, &length, NULL));
	assert_int_equal(length, json_int(asset, "bytes", 0));
	/* Once more is no error, and what was cut off is mended. */
	assert_true(g_file_set_contents(kept, "", 0, NULL));
	assert_true(asset_keep(asset, copies, &error));
	g_autofree char *again = NULL;
	assert_true(g_file_get_contents(kept, &again, &length, NULL));
	assert_int_equal(length, json_int(asset, "bytes", 0));
	remove_scratch(copies);
}

static void what_is_lacking_is_told_by_its_hash(void **state)
{
	const struct folder *folder = *state;
	static const char nowhere[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	g_autofree char *text = g_strdup_printf("{\"steps\":[{\"op\":\"watermark\",\"params\":{\"image\":"
						"{\"sha256\":\"%s\",\"path\":\"%s\"}}}]}",
		nowhere, folder->png);
	g_autoptr(JsonObject) spec = json_parse_object(text, -1, NULL);
	g_autoptr(JsonObject) plain = json_parse_object("{\"steps\":[{\"op\":\"blur\"}]}", -1, NULL);

	assert_non_null(spec);
	assert_string_equal(asset_lacking(spec), nowhere);
	assert_null(asset_lacking(plain));
}

static void what_was_asked_for_is_known_by_name(void **state)
{
	const struct folder *folder = *state;
	g_autofree char *missing = g_build_filename(folder->path, "later.png", NULL);

	g_ptr_array_unref(asset_named()); /* what earlier tests asked for */
	assert_null(asset_read(folder->path, "later.png", ASSET_IMAGE, NULL));
	assert_null(asset_read(folder->path, "later.png", ASSET_IMAGE, NULL));
	g_autoptr(GPtrArray) named = asset_named();
	g_autoptr(GPtrArray) after = asset_named();
	assert_int_equal(named->len, 1);
	assert_string_equal(named->pdata[0], missing);
	assert_int_equal(after->len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_image_is_found_by_its_hash, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_file_in_its_place_is_not_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_of_its_kind_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_copy_stands_for_the_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_lacking_is_told_by_its_hash, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_asked_for_is_known_by_name, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}
