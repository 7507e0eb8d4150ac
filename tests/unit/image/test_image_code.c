/* SPDX-License-Identifier: GPL-2.0-or-later
 * What this image code computes: the same each time, whoever asks; another one's word is believed for the same versions alone. */
#include "support.h"

#include "base/json.h"
#include "base/version.h"
#include <vips/vector.h> /* after vips.h, which support.h has */

#include "image/quirks/image_code.h"

static void test_the_hash_stays(void **state)
{
	g_autofree char *first = NULL, *second = NULL;

	assert_true(image_code_hash(&first, NULL) && image_code_hash(&second, NULL));
	assert_int_equal(strlen(first), 64);
	assert_string_equal(first, second);
	assert_string_equal(vips_error_buffer(), "");
}

/* Vector code computes other pixels, or libvips has none to switch off. */
static void test_the_vector_setting_tells(void **state)
{
	g_autofree char *on = NULL, *off = NULL;
	gboolean before = vips_vector_isenabled();

	if (!before)
		skip();
	assert_true(image_code_hash(&on, NULL));
	vips_vector_set_enabled(FALSE);
	assert_true(image_code_hash(&off, NULL));
	vips_vector_set_enabled(before);
	assert_string_not_equal(on, off);
}

static void test_whose_word_is_believed(void **state)
{
	g_autofree char *vips = image_code_vips(), *hash = NULL;
	g_autoptr(JsonObject) own = image_code_describe(NULL, NULL), known = json_object_new();

	assert_true(image_code_hash(&hash, NULL));
	assert_string_equal(json_string(own, "version", ""), DROPMILL_VERSION);
	assert_string_equal(json_string(own, "vips", ""), vips);
	assert_string_equal(json_string(own, "pixels", ""), hash);
	const struct {
		const char *version, *vips;
		bool believed;
	} rows[] = {{DROPMILL_VERSION, vips, true}, {"0", vips, false}, {DROPMILL_VERSION, "8.1.0", false}};
	json_object_set_string_member(known, "pixels", "theirs");
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		json_object_set_string_member(known, "version", rows[i].version);
		json_object_set_string_member(known, "vips", rows[i].vips);
		g_autoptr(JsonObject) answer = image_code_describe(known, NULL);
		assert_string_equal(json_string(answer, "pixels", ""), rows[i].believed ? "theirs" : hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_hash_stays),
		cmocka_unit_test(test_the_vector_setting_tells),
		cmocka_unit_test(test_whose_word_is_believed),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
