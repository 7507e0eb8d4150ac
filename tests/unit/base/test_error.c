/* SPDX-License-Identifier: GPL-2.0-or-later
 * What error numbers mean at each place, and that they travel in the error. */
#include "../unit.h"

#include <errno.h>
#include <glib.h>

#undef fail /* cmocka's; ours is meant */

static const int waits[] = {
	ENOSPC, EDQUOT, EIO, EROFS, EACCES, EPERM, ESTALE, EMFILE, ENFILE, ENOMEM, EAGAIN, EBUSY, ENOTCONN};
static const int fails[] = {EINVAL, ENAMETOOLONG, ENOTDIR, EISDIR, ENOTEMPTY, EEXIST, EILSEQ, EFBIG, EXDEV, EOPNOTSUPP};

static void a_picture_waits_for_what_may_pass(void **state)
{
	for (gsize i = 0; i < G_N_ELEMENTS(waits); i++) {
		assert_int_equal(error_kind_of(waits[i], PLACE_OUTPUT), ERROR_RETRY);
		assert_int_equal(error_kind_of(waits[i], PLACE_ORIGINAL), ERROR_RETRY);
	}
	/* Not in the table. */
	assert_int_equal(error_kind_of(EREMOTEIO, PLACE_OUTPUT), ERROR_RETRY);
}

static void a_picture_fails_of_what_stays(void **state)
{
	for (gsize i = 0; i < G_N_ELEMENTS(fails); i++) {
		assert_int_equal(error_kind_of(fails[i], PLACE_OUTPUT), ERROR_INPUT);
		assert_int_equal(error_kind_of(fails[i], PLACE_ORIGINAL), ERROR_INPUT);
		assert_int_equal(error_kind_of(fails[i], PLACE_PROCESS), ERROR_SYSTEM);
	}
}

static void the_place_decides(void **state)
{
	assert_int_equal(error_kind_of(ENOENT, PLACE_OUTPUT), ERROR_RETRY);
	assert_int_equal(error_kind_of(ENOENT, PLACE_ORIGINAL), ERROR_INPUT);
	assert_int_equal(error_kind_of(ENOENT, PLACE_PROCESS), ERROR_SYSTEM);
	assert_int_equal(error_kind_of(ELOOP, PLACE_OUTPUT), ERROR_RETRY);
	assert_int_equal(error_kind_of(ELOOP, PLACE_ORIGINAL), ERROR_INPUT);
	assert_int_equal(error_kind_of(ENOSPC, PLACE_PROCESS), ERROR_RETRY);
	assert_int_equal(error_kind_of(EREMOTEIO, PLACE_PROCESS), ERROR_SYSTEM);
}

static void number_and_kind_travel(void **state)
{
	g_autoptr(GError) error = NULL;
	errno = ENOTDIR;
	assert_false(fail_errno_at(&error, PLACE_OUTPUT, "%s %d", "out", 7));
	assert_string_equal(error->message, "out 7: Not a directory");
	assert_int_equal(error_number(error), ENOTDIR);
	assert_int_equal(error_kind(error), ERROR_INPUT);
	g_prefix_error(&error, "p: ");
	g_autoptr(GError) copy = g_error_copy(error);
	assert_int_equal(error_number(copy), ENOTDIR);
	errno = EIO;
	assert_false(fail_errno(NULL, "nobody asks"));
}

/* Its numbers begin at 0 as ours do. */
static void another_domain_is_no_verdict(void **state)
{
	g_autoptr(GError) error = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_EXIST, "x");
	assert_int_equal(error_kind(error), ERROR_RETRY);
	assert_int_equal(error_number(error), 0);
}

static void one_of_our_own_has_no_number(void **state)
{
	g_autoptr(GError) error = NULL;
	assert_false(fail(&error, ERROR_INPUT, "%s", "no picture"));
	assert_int_equal(error_number(error), 0);
	assert_int_equal(error_kind(error), ERROR_INPUT);
}

static void that_a_limit_was_passed_travels(void **state)
{
	g_autoptr(GError) error = NULL, other = NULL;
	assert_false(fail_limit(&error, "%d frames", 7));
	g_prefix_error(&error, "p: ");
	g_autoptr(GError) copy = g_error_copy(error);
	assert_true(error_is_limit(copy));
	assert_int_equal(error_kind(copy), ERROR_INPUT);
	assert_false(fail_limit(NULL, "nobody asks"));
	/* Its words alone do not say so. */
	assert_false(fail(&other, ERROR_INPUT, "(limits: frames)"));
	assert_false(error_is_limit(other));
	assert_false(error_is_limit(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picture_waits_for_what_may_pass),
		cmocka_unit_test(a_picture_fails_of_what_stays),
		cmocka_unit_test(the_place_decides),
		cmocka_unit_test(number_and_kind_travel),
		cmocka_unit_test(another_domain_is_no_verdict),
		cmocka_unit_test(one_of_our_own_has_no_number),
		cmocka_unit_test(that_a_limit_was_passed_travels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
