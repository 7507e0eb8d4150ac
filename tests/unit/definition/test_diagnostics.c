/* SPDX-License-Identifier: GPL-2.0-or-later
 * Lists of errors and suggestions. */

#include "../unit.h"

#include <string.h>

#include "definition/yaml/diagnostics.h"

static void text_is_file_line_column_message(void **state)
{
	auto_struct(diagnostics) list = diagnostics_new("pipelines/x.yaml");

	g_autofree char *nothing = diagnostics_text(list);
	assert_string_equal(nothing, "");
	diagnostics_add(list, 7, 5, "unknown operation '%s'; did you mean '%s'?", "blurr", "blur");
	g_autofree char *text = diagnostics_text(list);
	assert_string_equal(text, "pipelines/x.yaml:7:5: unknown operation 'blurr'; did you mean 'blur'?\n");
	assert_string_equal(diagnostics_get(list, 0)->file, "pipelines/x.yaml");
}

static void order_is_that_of_the_file(void **state)
{
	auto_struct(diagnostics) list = diagnostics_new("x");

	diagnostics_add(list, 9, 1, "d");
	diagnostics_add(list, 2, 8, "b");
	diagnostics_add(list, 2, 3, "a");
	diagnostics_add(list, 2, 8, "c");
	g_autofree char *text = diagnostics_text(list);
	assert_string_equal(text, "x:2:3: a\nx:2:8: b\nx:2:8: c\nx:9:1: d\n");
}

static void nothing_is_said_twice_at_a_place(void **state)
{
	auto_struct(diagnostics) list = diagnostics_new("x");

	diagnostics_add(list, 2, 3, "a");
	diagnostics_add(list, 2, 3, "b");
	diagnostics_add(list, 2, 3, "a");
	assert_int_equal(diagnostics_count(list), 2);
	diagnostics_add(list, 2, 4, "a");
	assert_int_equal(diagnostics_count(list), 3);
}

static void a_message_is_one_short_line_of_utf8(void **state)
{
	auto_struct(diagnostics) list = diagnostics_new("x");
	g_autofree char *eacute = g_strnfill(1000, 'e');

	diagnostics_add(list, 1, 1, "unknown '%s'", "a\nforged.yaml:1:1: \xff\x1b[2J");
	const char *message = diagnostics_get(list, 0)->message;
	assert_null(strchr(message, '\n'));
	assert_null(strchr(message, '\x1b'));
	assert_true(g_utf8_validate(message, -1, NULL));
	assert_non_null(strstr(message, "forged"));

	for (size_t i = 0; i + 1 < 1000; i += 2)
		memcpy(eacute + i, "\xc3\xa9", 2);
	diagnostics_add(list, 2, 1, ".%s", eacute); /* the dot puts the limit into the middle of a letter */
	message = diagnostics_get(list, 1)->message;
	assert_in_range(strlen(message), 480, 503);
	assert_true(g_utf8_validate(message, -1, NULL));
	assert_true(g_str_has_suffix(message, "\xc3\xa9..."));
}

static void slips_are_recognised(void **state)
{
	static const char *const names[] = {"blur", "sharpen", "auto_orient", "flip", "outputs", "jpeg", NULL};
	static const struct {
		const char *word, *meant;
	} cases[] = {
		{"blurr", "blur"},
		{"bulr", "blur"},
		{"Blur", "blur"},
		{"blu", "blur"},
		{"sharpn", "sharpen"},
		{"sahrpen", "sharpen"},
		{"auto-orient", "auto_orient"},
		{"AutoOrient", "auto_orient"},
		{"outputz", "outputs"},
		{"jpg", "jpeg"},
		{"flipp", "flip"},
		{"b", NULL},
		{"", NULL},
		{"rotate", NULL},
		{"bxyz", NULL},
		{"median", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *meant = did_you_mean(cases[i].word, names);
		if (g_strcmp0(meant, cases[i].meant) != 0)
			fail_msg("'%s' means %s, not %s", cases[i].word, cases[i].meant, meant);
	}
}

static void the_nearest_wins_and_long_words_match_nothing(void **state)
{
	static const char *const names[] = {"sharpens", "sharpen",
		"a_name_of_more_than_sixty_four_letters_is_"
		"none_that_anybody_would_misspell_here",
		NULL};
	g_autofree char *huge = g_strnfill(1 << 20, 's');

	assert_string_equal(did_you_mean("sharpe", names), "sharpen");
	assert_null(did_you_mean(huge, names));
	assert_null(did_you_mean(names[2], names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_file_line_column_message),
		cmocka_unit_test(order_is_that_of_the_file),
		cmocka_unit_test(nothing_is_said_twice_at_a_place),
		cmocka_unit_test(a_message_is_one_short_line_of_utf8),
		cmocka_unit_test(slips_are_recognised),
		cmocka_unit_test(the_nearest_wins_and_long_words_match_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
