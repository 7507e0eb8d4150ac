/* SPDX-License-Identifier: GPL-2.0-or-later
 * What commands print gives a terminal no orders, whoever wrote it. */
#include "../unit.h"

#include "base/terminal.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* Orders by ESC, by C1 in UTF-8, a bare C1, DEL, a turned direction, and a line that looks like one of ours. */
#define EVIL "a\x1b[31m\xc2\x9b\x9b\x7f\xe2\x80\xae\r\nforged"
#define SHOWN "a\\x1b[31m\\xc2\\x9b\\x9b\\x7f\\xe2\\x80\\xae\\x0d"

/* What it writes there. Owned. */
static char *printed(void (*print)(void), FILE *stream)
{
	int number = fileno(stream), memory = memfd_create("terminal", MFD_CLOEXEC), before = dup(number);
	char text[1024] = {0};

	fflush(stream);
	dup2(memory, number);
	print();
	fflush(stream);
	dup2(before, number);
	close(before);
	assert_true(pread(memory, text, sizeof text - 1, 0) > 0);
	close(memory);
	return g_strdup(text);
}

static void print(void)
{
	terminal_print("%s\n", EVIL);
}

static void say(void)
{
	terminal_say("x: %s\n", EVIL);
}

static void say_lines(void)
{
	terminal_say_lines(EVIL "\n");
}

static void path(void)
{
	terminal_path("a\x1b[31m.jpg");
}

static void json(void)
{
	terminal_json("{\"a\":\"\\u001b\x7f\xc2\x9b\xe2\x80\xae\x9b\",\n\"b\":\"\xc3\xa9\"}");
}

static void progress(void)
{
	terminal_progress("10 %\x1b]0;x\a");
}

static void nothing_gives_orders(void **state)
{
	const struct {
		void (*print)(void);
		FILE *stream;
		const char *shown;
	} cases[] = {
		{print, stdout, SHOWN "\nforged\n"},
		{say, stderr, "x: " SHOWN "\n    forged\n"},
		{say_lines, stderr, SHOWN "\nforged\n"},
		{path, stdout, "a\x1b[31m.jpg\n"}, /* no terminal: a program wants the name */
		{json, stdout, "{\"a\":\"\\u001b\\u007f\\u009b\\u202e\\\\x9b\",\n\"b\":\"\xc3\xa9\"}\n"},
		{progress, stderr, "\r10 %\\x1b]0;x\\x07\x1b[K"},
		{terminal_clear, stdout, "\x1b[H\x1b[J"},
		{terminal_end_progress, stderr, "\n"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = printed(cases[i].print, cases[i].stream);
		assert_string_equal(text, cases[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_gives_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
