/* SPDX-License-Identifier: GPL-2.0-or-later
 * A file whose end is missing fails with several threads, too, and every time. */
#include "support.h"

#include "image/read/format.h"

#define TRIES 60
#define LACKING_BYTES 40

/* NULL: it failed, as it should. */
static void *pixels_of(const guint8 *data, gsize length, VipsAccess access, size_t *size)
{
	VipsSource *source = vips_source_new_from_memory(data, length);
	VipsImage *image =
		vips_image_new_from_source(source, "", "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);

	g_object_unref(source);
	assert_non_null(image);
	void *pixels = vips_image_write_to_memory(image, size);
	g_object_unref(image);
	return pixels;
}

static void compare(VipsImage *image, const char *format, int concurrency)
{
	static const VipsAccess ways[] = {VIPS_ACCESS_RANDOM, VIPS_ACCESS_SEQUENTIAL};
	g_autofree guint8 *data = NULL;
	gsize length, size;

	/* Without metadata, which PNG has behind its pixels: libpng does not read so far. */
	g_autofree char *saved = g_strconcat(format, "[strip]", NULL);
	assert_int_equal(vips_image_write_to_buffer(image, saved, (void **)&data, &length, NULL), 0);
	vips_concurrency_set(concurrency);
	for (gsize way = 0; way < G_N_ELEMENTS(ways); way++) {
		g_autofree void *whole = pixels_of(data, length, ways[way], &size);
		assert_non_null(whole);
		for (int i = 0; i < TRIES; i++) {
			g_autofree void *cut = pixels_of(data, length - LACKING_BYTES, ways[way], &size);
			assert_null(cut);
		}
	}
	vips_concurrency_set(1);
	vips_error_clear();
}

static void a_file_that_ends_early_fails(void **state)
{
	static const char *const formats[] = {".png", ".jpg"};
	static const int sides[] = {60, 300};

	for (gsize f = 0; f < G_N_ELEMENTS(formats); f++)
		for (gsize s = 0; s < G_N_ELEMENTS(sides); s++)
			for (int concurrency = 1; concurrency <= 3; concurrency++) {
				g_autoptr(VipsImage) image = picture(sides[s], sides[s], 3, 8);
				compare(image, formats[f], concurrency);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_file_that_ends_early_fails)};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
