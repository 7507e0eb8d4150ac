/* SPDX-License-Identifier: GPL-2.0-or-later
 * How a process ended, as a text that travels, and what it says. */
#include "../unit.h"

#include <signal.h>

#include "base/process.h"

static const struct {
	int status; /* of wait() */
	const char *text, *brief;
	enum process_end end;
} cases[] = {
	{0, "exit status 0", "exit status 0", PROCESS_ENDED_WELL},
	{PROCESS_OVERTIME << 8, "exit status 75", "exit status 75", PROCESS_ENDED_OVERTIME},
	{1 << 8, "exit status 1", "exit status 1", PROCESS_ENDED_BADLY},
	{SIGSEGV, "killed by SIGSEGV", "SIGSEGV", PROCESS_ENDED_BADLY},
};

static void a_text_says_how_it_ended(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = process_status_text(cases[i].status);
		assert_string_equal(text, cases[i].text);
		assert_string_equal(process_status_short(text), cases[i].brief);
		assert_int_equal(process_end(text), cases[i].end);
	}
	assert_int_equal(process_end(NULL), PROCESS_ENDED_BADLY);
	assert_int_equal(process_end("no heartbeat for 10 s"), PROCESS_ENDED_BADLY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_says_how_it_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
