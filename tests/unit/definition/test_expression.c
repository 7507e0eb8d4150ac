/* SPDX-License-Identifier: GPL-2.0-or-later
 * Conditions on a picture: what they mean, and what is said of those that mean nothing. */
#include "../unit.h"

#include "base/file_format.h"
#include "definition/expression/expression.h"
#include "definition/expression/expression_parse.h"

static const struct picture_facts photograph = {
	.width = 6000, .height = 4000, .bands = 3, .depth = 8, .pages = 1, .format = "jpeg"};
static const struct picture_facts icon = {
	.width = 64, .height = 64, .bands = 4, .depth = 16, .pages = 3, .has_alpha = true, .format = "png"};

static bool holds(const char *text, const struct picture_facts *facts)
{
	gsize offset;
	g_autoptr(GError) error = NULL;
	auto_struct(expression) expression = expression_parse(text, &offset, &error);

	if (!expression)
		print_error("%s: %s\n", text, error->message);
	assert_non_null(expression);
	return expression_holds(expression, facts);
}

static void what_holds_of_a_photograph(void **state)
{
	static const struct {
		const char *text;
		bool of_photograph, of_icon;
	} cases[] = {
		{"width > 4000", true, false},
		{"width >= 6000 and height <= 4000", true, false},
		{"width == 64 || width == 6000", true, true},
		{"width != 64", true, false},
		{"has_alpha", false, true},
		{"not has_alpha", true, false},
		{"!has_alpha && bands == 3", true, false},
		{"! ! has_alpha", false, true},
		{"has_alpha == false", true, false},
		{"format == \"png\"", false, true},
		{"format == 'jpeg' and orientation == \"landscape\"", true, false},
		{"orientation == \"square\"", false, true},
		{"format in [\"gif\", 'png']", false, true},
		{"not format in [\"gif\", \"png\"]", true, false},
		{"bands in [1, 3]", true, false},
		{"megapixels > 23.9 and megapixels < 24.1", true, false},
		{"depth == 16", false, true},
		{"pages > 1", false, true},
		{"width / height == 1.5", true, false},
		{"width - height * 2 < -1000", true, false},
		{"width + 2 * -3 == 5994", true, false},
		{"(width + 2) * 3 == 198", false, true},
		{"8 - 4 - 2 == 2 and 8 / 4 / 2 == 1", true, true},
		{"true or false and false", true, true},
		{"(true or false) and false", false, false},
		{"true", true, true},
		{" \t false ", false, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (holds(cases[i].text, &photograph) != cases[i].of_photograph ||
			holds(cases[i].text, &icon) != cases[i].of_icon)
			fail_msg("%s", cases[i].text);
	}
}

static void nothing_is_divided_by_zero(void **state)
{
	assert_true(holds("width / 0 > 1000000", &photograph));
	assert_false(holds("0 / 0 == 0 / 0", &photograph));
}

static void a_format_that_is_not_known_equals_none(void **state)
{
	assert_false(holds("format == \"png\"", &(struct picture_facts){.width = 1, .height = 1}));
}

/* Also formats that are read only where a definition allows them. */
static void every_format_that_is_read_has_its_name(void **state)
{
	for (const char *const *name = file_format_names(FILE_FORMATS_READ); *name; name++) {
		g_autofree char *text = g_strdup_printf("format == \"%s\"", *name);
		assert_true(holds(text, &(const struct picture_facts){.width = 1, .height = 1, .format = *name}));
	}
}

static void errors_have_their_place(void **state)
{
	static const struct {
		const char *text;
		gsize offset;
		const char *message;
	} cases[] = {
		{"", 0, "the condition ends too early; a value is missing here"},
		{"widht > 4000", 0, "unknown name 'widht'; did you mean 'width'?"},
		{"zzz > 4000", 0,
			"unknown name 'zzz'; there are width, height, bands, has_alpha, orientation, format, megapixels, "
			"depth, pages"},
		{"width", 0, "a condition is true or false, and this is a number; compare it with something"},
		{"width > \"4000\"", 8, "'>' takes a number, and this is a text"},
		{"format > 3", 0, "'>' takes a number, and this is a text"},
		{"format == 3", 10, "this is a number, and what stands before '==' is a text"},
		{"format == \"jpg\"", 10, "format is never 'jpg'; did you mean 'jpeg'?"},
		{"format in [\"png\", \"qqqq\"]", 18,
			"format is never 'qqqq'; it is one of jpeg, png, webp, tiff, gif, heif, avif, svg, pdf, jp2k, jxl, "
			"fits, exr, ppm, rad, vips"},
		{"orientation == \"potrait\"", 15, "orientation is never 'potrait'; did you mean 'portrait'?"},
		{"format == png", 10, "unknown name 'png'; write a text in quotes: \"png\""},
		{"width = 3", 6, "write '==' to compare"},
		{"1 < width < 3", 10, "only two values are compared at once; write a < b and b < c"},
		{"width > 4000px", 12, "a number ends here; write it plainly, such as 4000 or 0.5, without a unit"},
		{"width > 4000 height", 13, "the condition ends before this; join conditions with and, or"},
		{"width > ", 8, "the condition ends too early; a value is missing here"},
		{"width > )", 8, "a value is missing here: a name such as width, a number, or a text in quotes"},
		{"(width > 3", 10, "a ')' is missing here"},
		{"format == \"png", 10, "this text is not closed; end it with \""},
		{"width and height", 0, "'and' takes true or false, and this is a number"},
		{"not width", 4, "'not' takes true or false, and this is a number"},
		{"-has_alpha == 1", 1, "'-' takes a number, and this is true or false"},
		{"format in \"png\"", 10, "'in' takes a list, such as [\"jpeg\", \"png\"]"},
		{"format in [\"png\"", 16, "the list goes on with ',' or ends with ']' here"},
		{"format in []", 11, "a value is missing here: a name such as width, a number, or a text in quotes"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		gsize offset;
		g_autoptr(GError) error = NULL;
		auto_struct(expression) expression = expression_parse(cases[i].text, &offset, &error);
		assert_null(expression);
		assert_string_equal(error->message, cases[i].message);
		if (offset != cases[i].offset)
			fail_msg("%s: %zu", cases[i].text, offset);
	}
}

static void nobody_nests_without_end(void **state)
{
	static const char *const pieces[] = {"(", "not ", "-", "!", "1+", "true or "};

	for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		while (text->len < 1990)
			g_string_append(text, pieces[i]);
		gsize offset;
		g_autoptr(GError) error = NULL;
		assert_null(expression_parse(text->str, &offset, &error));
		assert_non_null(error);
	}
	g_autofree char *long_text = g_strnfill(3000, 'x');
	gsize offset;
	g_autoptr(GError) error = NULL;
	assert_null(expression_parse(long_text, &offset, &error));
	assert_string_equal(error->message, "a condition has 2000 bytes at most");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_holds_of_a_photograph),
		cmocka_unit_test(nothing_is_divided_by_zero),
		cmocka_unit_test(a_format_that_is_not_known_equals_none),
		cmocka_unit_test(every_format_that_is_read_has_its_name),
		cmocka_unit_test(errors_have_their_place),
		cmocka_unit_test(nobody_nests_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
