/* SPDX-License-Identifier: GPL-2.0-or-later
 * Output names. */
#include "../unit.h"

#include "definition/template/template.h"
#include "definition/template/template_ending.h"

#include <string.h>

static void good_templates_pass(void **state)
{
	static const char *const good[] = {"{stem}.jpg", "{stem}.{ext}", "{pipeline}/{stem}-thumb.webp", "latest.png",
		"{{{stem}}}.jpg", "a..b", "...", "{stem}..jpg", "\xc3\xa9{stem}.jpg", "{date}/{stem}.jpg",
		"{date:%Y/%m}/{stem}_{date:%H%M%S}.jpg", "{n:04}-{width}x{height:5}.png", "{hash}.{ext}", NULL};
	gsize offset;

	for (const char *const *name = good; *name; name++) {
		g_autoptr(GError) error = NULL;
		if (!template_check(*name, &offset, &error))
			fail_msg("%s: %s", *name, error->message);
	}
}

static void bad_templates_say_what_and_where(void **state)
{
	static const struct {
		const char *name;
		gsize offset;
		const char *message;
	} bad[] = {
		{"", 0, "empty"},
		{"/tmp/{stem}.jpg", 0, "absolute"},
		{"../{stem}.jpg", 0, "'..'"},
		{"a/../{stem}.jpg", 2, "'..'"},
		{"a/..", 2, "'..'"},
		{"a/./b", 2, "'.'"},
		{"a//b", 2, "is empty"},
		{"a/", 2, "is empty"},
		{"{stem}-{stm}.jpg", 7, "unknown placeholder '{stm}'; did you mean '{stem}'?"},
		{"{Ext}", 0, "did you mean '{ext}'?"},
		{"{colour}.jpg", 0,
			"unknown placeholder '{colour}'; there are {stem}, {ext}, {pipeline}, {date}, {width}, {height}, "
			"{n} and {hash}"},
		{"{widht}.jpg", 0, "did you mean '{width}'?"},
		{"{n:x}.jpg", 0, "'{n}' takes a number of digits behind the colon, as in {n:04}"},
		{"{n:}.jpg", 0, "takes a number of digits"},
		{"{n:99}.jpg", 0, "takes a number of digits"},
		{"{n:-4}.jpg", 0, "takes a number of digits"},
		{"a{stem:3}.jpg", 1, "'{stem}' takes nothing behind a colon"},
		{"{date:%Q}", 0, "'{date}' has a '%' that stands for nothing"},
		{"{date:%}", 0, "stands for nothing"},
		{"{date:day}", 0, "has nothing of the date"},
		{"{date:}", 0, "has nothing of the date"},
		{"{date:../%Y}", 0, "a folder without a name"},
		{"{date:%Y/}/a", 0, "a folder without a name"},
		{"{date:%Y/..}", 0, "a folder without a name"},
		{"{date:%Y", 0, "not closed"},
		{"{}.jpg", 0, "unknown placeholder '{}'"},
		{"ab{stem.jpg", 2, "not closed"},
		{"ab{", 2, "not closed"},
		{"{stem/x}.jpg", 0, "not closed"},
		{"ab}.jpg", 2, "'}' closes nothing"},
		{"{stem}\n.jpg", 6, "control character"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		gsize offset = 99;
		if (template_check(bad[i].name, &offset, &error))
			fail_msg("'%s' passed", bad[i].name);
		assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_INPUT));
		if (!strstr(error->message, bad[i].message) || offset != bad[i].offset)
			fail_msg("'%s' at %zu: %s", bad[i].name, (size_t)offset, error->message);
	}
}

static char *expand(
	const char *name, const char *relative, const char *pipeline, const char *format_ext, GError **error)
{
	const struct template_values values = {
		.relative = relative, .pipeline = pipeline, .format_ext = format_ext, .dropped_wall_us = 0};
	return template_expand(name, &values, error);
}

static void names_expand(void **state)
{
	static const struct {
		const char *name, *relative, *ending, *expanded;
	} cases[] = {
		{"{stem}.jpg", "a/b/c.tif", NULL, "a/b/c.jpg"},
		{"{stem}.{ext}", "c.TIF", "tif", "c.TIF"},
		{"{stem}.{ext}", "a.b/c", "jpg", "a.b/c.jpg"},
		{"{stem}.{ext}", "a/c", NULL, "a/c"},
		{"{stem}{ext}", "c.", NULL, "c."},
		{"{stem}-thumb.webp", "c.tar.gz", NULL, "c.tar-thumb.webp"},
		{"{pipeline}/{stem}.{ext}", "x/c.png", NULL, "x/web/c.png"},
		{"{{{stem}}}.jpg", "c.png", NULL, "{c}.jpg"},
		{"{stem}.jpg", "c.", NULL, "c..jpg"},
		{"{stem}.jpg", ".hidden", NULL, ".hidden.jpg"},
		{"{stem}.jpg", "{stem}.png", NULL, "{stem}.jpg"},
		{"{stem}.jpg", "\xff.png", NULL, "\xff.jpg"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *expanded = expand(cases[i].name, cases[i].relative, "web", cases[i].ending, &error);
		assert_null(error);
		assert_string_equal(expanded, cases[i].expanded);
	}
}

static void values_stand_for_their_placeholders(void **state)
{
	/* 2026-11-23 09:05:02, wherever this runs. */
	g_autoptr(GDateTime) dropped = g_date_time_new_local(2026, 11, 23, 9, 5, 2);
	const struct template_values values = {
		.relative = "sub/a.b.tif",
		.pipeline = "web",
		.dropped_wall_us = g_date_time_to_unix(dropped) * G_USEC_PER_SEC + 999999,
		.number = 42,
		.hash = "0123456789ab",
		.width = 640,
		.height = 48,
	};
	static const struct {
		const char *name, *expanded;
		unsigned uses;
	} cases[] = {
		{"{date}/{stem}.jpg", "sub/2026-11-23/a.b.jpg", 0},
		{"{date:%Y/%m}/{date:%H%M%S}.jpg", "sub/2026/11/090502.jpg", 0},
		{"{n}.jpg", "sub/42.jpg", TEMPLATE_NUMBER},
		{"{n:04}.jpg", "sub/0042.jpg", TEMPLATE_NUMBER},
		{"{n:1}.jpg", "sub/42.jpg", TEMPLATE_NUMBER},
		{"{width}x{height:03}/{stem}.png", "sub/640x048/a.b.png", TEMPLATE_SIZE},
		{"{hash}-{n:3}.{ext}", "sub/0123456789ab-042.tif", TEMPLATE_HASH | TEMPLATE_NUMBER},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *expanded = template_expand(cases[i].name, &values, NULL);
		assert_string_equal(expanded, cases[i].expanded);
		assert_int_equal(template_uses(cases[i].name), cases[i].uses);
	}
}

static void what_is_not_known_yet_stays_a_placeholder(void **state)
{
	g_autofree char *expanded = expand("{date:%}}{stem}", "a.tif", "web", NULL, NULL);

	assert_null(expanded); /* wrong, not unknown */
	g_autofree char *open = expand("{stem}-{width}x{height}-{n:04}-{hash}.jpg", "a.tif", "web", NULL, NULL);
	assert_string_equal(open, "a-{width}x{height}-{n:04}-{hash}.jpg");
}

static void a_component_has_255_bytes_at_most(void **state)
{
	g_autofree char *stem = g_strnfill(251, 's');
	g_autofree char *fits = g_strdup_printf("%s/%s.png", stem, stem);
	g_autofree char *over = g_strdup_printf("%ss.png", stem);
	g_autoptr(GError) error = NULL;

	g_autofree char *expanded = expand("{stem}.jpg", fits, "web", NULL, &error);
	assert_null(error);
	assert_int_equal(strlen(expanded), 251 + 1 + 255);
	assert_null(expand("{stem}.jpg", over, "web", NULL, &error));
	assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_INPUT));
	assert_non_null(strstr(error->message, "256 bytes"));
}

static void no_source_leads_out(void **state)
{
	static const struct {
		const char *name, *relative, *pipeline;
	} cases[] = {{"{stem}", "..x", "web"}, {"{stem}.", "..x", "web"}, {"{stem}", "../a", "web"},
		{"{stem}.jpg", "/etc/a", "web"}, {"{stem}", "", "web"}, {"{pipeline}", "a", ".."},
		{"{broken", "a", "web"}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		assert_null(expand(cases[i].name, cases[i].relative, cases[i].pipeline, NULL, &error));
		assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_INPUT));
	}
	/* Three dots are a name like any other. */
	g_autofree char *dots = expand("{stem}", "...", "web", NULL, NULL);
	assert_string_equal(dots, "...");
}

static void endings_name_formats(void **state)
{
	static const struct {
		const char *name, *format, *unknown;
	} cases[] = {
		{"{stem}.jpg", "jpeg", NULL},
		{"{stem}.JPEG", "jpeg", NULL},
		{"x.jpe", "jpeg", NULL},
		{"x.jfif", "jpeg", NULL},
		{"x.png", "png", NULL},
		{"x.webp", "webp", NULL},
		{"x.tif", "tiff", NULL},
		{"x.tiff", "tiff", NULL},
		{"x.gif", "gif", NULL},
		{"x.avif", "avif", NULL},
		{"x.heic", "heif", NULL},
		{"x.heif", "heif", NULL},
		{"x.jp2", "jp2k", NULL},
		{"x.j2k", "jp2k", NULL},
		{"x.jxl", "jxl", NULL},
		{"{stem}.{ext}", NULL, NULL},
		{"{stem}", NULL, NULL},
		{"{stem}.x{pipeline}", NULL, NULL},
		{"{stem}.jpg{ext}", NULL, NULL},
		{".jpg", NULL, NULL},
		{"a.jpg/{stem}", NULL, NULL},
		{"{stem}.", NULL, NULL},
		{"{stem}.ppm", NULL, "ppm"},
		{"{stem}.jpgg", NULL, "jpgg"},
		{"{{x}}.jpg", "jpeg", NULL},
		{"{broken.jpg", NULL, NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *unknown = "untouched";
		const char *format = template_format(cases[i].name, &unknown);
		if (g_strcmp0(format, cases[i].format) != 0 || g_strcmp0(unknown, cases[i].unknown) != 0)
			fail_msg("%s: format %s, unknown %s", cases[i].name, format, unknown);
	}
	assert_string_equal(template_ending_meant("jpgg"), "jpg");
	assert_null(template_ending_meant("docx"));
	assert_true(template_ends_in_ext("{stem}.{ext}"));
	assert_false(template_ends_in_ext("{ext}.jpg"));
	assert_false(template_ends_in_ext("{{ext}}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_templates_pass),
		cmocka_unit_test(bad_templates_say_what_and_where),
		cmocka_unit_test(names_expand),
		cmocka_unit_test(values_stand_for_their_placeholders),
		cmocka_unit_test(what_is_not_known_yet_stays_a_placeholder),
		cmocka_unit_test(a_component_has_255_bytes_at_most),
		cmocka_unit_test(no_source_leads_out),
		cmocka_unit_test(endings_name_formats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
