/* SPDX-License-Identifier: GPL-2.0-or-later
 * The table of versions: what libvips answers when it is asked agrees with what its version says. */
#include "support.h"

#include "image/quirks/quirks.h"

static void test_answers_agree_with_versions(void **state)
{
	int version = 10000 * vips_version(0) + 100 * vips_version(1) + vips_version(2);

	for (enum quirk i = 0; i < QUIRKS; i++) {
		const struct quirk_row *row = quirk_row(i);
		bool expected = version >= row->since && (!row->until || version < row->until);
		assert_true(row->name && row->what && row->done && row->since > 0);
		if (quirk(i) != expected)
			fail_msg("%s: %s with libvips %d, since %d, until %d", row->name,
				quirk(i) ? "found" : "not found", version, row->since, row->until);
		assert_string_equal(vips_error_buffer(), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_agree_with_versions),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
