/* SPDX-License-Identifier: GPL-2.0-or-later
 * What libraries say without failing: kept while a picture is processed, logged once, and never raw. */
#include "image/table/warnings.h"

#include <sys/mman.h>
#include <unistd.h>

#include "image/table/vips_error.h"
#include "support.h"

static int old_error = -1, file = -1;

static void begin_log(void)
{
	file = memfd_create("log", MFD_CLOEXEC);
	old_error = dup(STDERR_FILENO);
	dup2(file, STDERR_FILENO);
}

/* What was logged since, without times. Returns owned. */
static char *end_log(void)
{
	char text[4096] = {0};
	GString *said = g_string_new(NULL);

	dup2(old_error, STDERR_FILENO);
	close(old_error);
	assert_true(pread(file, text, sizeof text - 1, 0) >= 0);
	close(file);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line && **line; line++)
		g_string_append_printf(said, "%s\n", *line + strlen("00:00:00 "));
	return g_string_free(said, FALSE);
}

static void say(const char *words)
{
	g_log("VIPS", G_LOG_LEVEL_WARNING, "%s", words);
}

#define SPEC "{\"names\": {\"pipeline\": \"p\", \"stem\": \"a\", \"ext\": \"tif\"}}"

static void each_is_logged_once_a_picture(void **state)
{
	warnings_begin("job1");
	begin_log();
	for (int i = 0; i < 9; i++)
		say("Nonstandard tile length 8\n");
	say("");
	say("another");
	warnings_say(SPEC);
	warnings_begin("job1"); /* its next tile */
	say("another");
	warnings_say(SPEC);
	warnings_begin("job2");
	say("another");
	warnings_say(SPEC);
	g_autofree char *said = end_log();
	assert_string_equal(said, "warning: p/a.tif: Nonstandard tile length 8 (9 times)\n"
				  "warning: p/a.tif: another\n"
				  "warning: p/a.tif: another\n");
}

static void those_of_a_picture_that_failed_are_not(void **state)
{
	warnings_begin("job3");
	begin_log();
	say("error in tile 0 x 232");
	warnings_begin("job4");
	warnings_say(SPEC);
	g_autofree char *said = end_log();
	assert_string_equal(said, "");
}

/* A profile's name, say. */
static void they_are_one_line(void **state)
{
	warnings_begin("job5");
	begin_log();
	say("profile 'evil\n17:00:00 dropmill: error: forged\033[31m'");
	warnings_say(SPEC);
	g_autofree char *said = end_log();
	assert_string_equal(said, "warning: p/a.tif: profile 'evil\\x0a17:00:00 dropmill: error: forged\\x1b[31m'\n");
}

/* PNG's loader tells why in a warning; libvips tells which of its tiles was lost, which is no reason. */
static void the_newest_may_be_the_reason(void **state)
{
	const struct {
		const char *warning, *error, *reason;
	} rows[] = {
		{"not enough data", "vipspng: libpng read error\n",
			"damaged image: the PNG ends too early (not enough data)"},
		{"IDAT: CRC error", "vipspng: libpng read error\n",
			"damaged image: the PNG's data is damaged (IDAT: CRC error)"},
		{"not enough data", "vips2png: unable to write to target x\n",
			"damaged image: the PNG ends too early (not enough data)"},
		{"Nonstandard tile length 8", "vipspng: libpng read error\n",
			"damaged image: the PNG's data is damaged (vipspng: libpng read error)"},
		{"iCCP: CRC error", "vipspng: libpng read error\n",
			"damaged image: the PNG's data is damaged (vipspng: libpng read error)"},
		{"not enough data", "VipsJpeg: Premature end of input file\n",
			"damaged image: the JPEG ends too early (VipsJpeg: Premature end of input file)"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		warnings_begin("job6"); /* and what was said before is forgotten */
		say(rows[i].warning);
		say("error in tile 0 x 0");
		vips_error(NULL, "%s", rows[i].error);
		assert_false(vips_failed(&error, "decode"));
		assert_string_equal(error->message, rows[i].reason);
	}
	g_autoptr(GError) error = NULL;
	say("not enough data");
	warnings_begin("job6");
	assert_false(vips_failed(&error, NULL));
	assert_string_equal(error->message, "libvips gave no reason");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_logged_once_a_picture),
		cmocka_unit_test(those_of_a_picture_that_failed_are_not),
		cmocka_unit_test(they_are_one_line),
		cmocka_unit_test(the_newest_may_be_the_reason),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
