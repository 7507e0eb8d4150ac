/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a library says, with what a stranger wrote in it, is one entry of the log and gives a terminal no orders. */
#include "../unit.h"

#include "base/log.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What it writes to standard error. Owned. */
static char *logged(const char *message, bool by_library)
{
	int memory = memfd_create("log", MFD_CLOEXEC), before = dup(STDERR_FILENO);
	char text[1024] = {0};

	dup2(memory, STDERR_FILENO);
	if (by_library)
		g_warning("%s", message);
	else
		log_warning("%s", message);
	dup2(before, STDERR_FILENO);
	close(before);
	assert_true(pread(memory, text, sizeof text - 1, 0) > 0);
	close(memory);
	return g_strdup(text);
}

static void no_library_forges_a_line_or_moves_the_cursor(void **state)
{
	log_init("test", false);
	for (int by_library = 0; by_library < 2; by_library++) {
		g_autofree char *text =
			logged("icc 'evil\n17:00:00 dropmill: error: forged\x1b[31m\r\xe2\x80\xae\xff'", by_library);
		assert_null(strpbrk(text, "\x1b\r"));
		assert_null(strstr(text, "\n17:"));
		assert_non_null(strstr(text, "\\x1b[31m\\x0d\\xe2\\x80\\xae\\xff"));
		assert_true(g_utf8_validate(text, -1, NULL));
		assert_true(g_str_has_suffix(text, "'\n"));
	}
}

static void other_words_stay_as_they_are(void **state)
{
	log_init("test", false);
	g_autofree char *text = logged("größe Ω 日本\n", false);
	assert_non_null(strstr(text, ": warning: größe Ω 日本\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_library_forges_a_line_or_moves_the_cursor),
		cmocka_unit_test(other_words_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
