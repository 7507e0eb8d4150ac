/* SPDX-License-Identifier: GPL-2.0-or-later
 * What is right but hardly meant, and how a place in a file is shown. */
#include "../unit.h"

#include "definition/reader/warnings.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "definition/yaml/excerpt.h"
#include "rules.h"

static struct pipeline *parsed(const char *path, const char *text)
{
	auto_struct(diagnostics) errors = diagnostics_new(path);
	struct pipeline *pipeline = definition_parse(path, text, strlen(text), &rules, errors);
	g_autofree char *said = diagnostics_text(errors);

	assert_string_equal(said, "");
	return pipeline;
}

static void assert_warns(const char *text, const char *expected)
{
	auto_struct(pipeline) pipeline = parsed("x.yaml", text);
	auto_struct(diagnostics) warnings = diagnostics_new("x.yaml");

	warnings_within(pipeline, warnings);
	g_autofree char *said = diagnostics_text(warnings);
	assert_string_equal(said, expected);
}

static void chains(void **state)
{
	assert_warns("steps: [auto_orient, resize, sharpen]\n", "");
	assert_warns("steps:\n  - sharpen\n  - blur\n  - resize\n",
		"x.yaml:2:5: resize in line 4 softens what is sharpened here; sharpen after it\n");
	assert_warns("steps: [sharpen]\noutputs:\n  - {name: b.jpg, steps: [thumbnail]}\n",
		"x.yaml:1:9: thumbnail in line 3 softens what is sharpened here; sharpen after it\n");
	/* The sharpening may be for the first output. */
	assert_warns("steps: [sharpen]\noutputs:\n  - {name: a.jpg}\n  - {name: b.jpg, steps: [thumbnail]}\n", "");
	assert_warns("steps:\n  - grayscale\n  - grayscale\n",
		"x.yaml:3:5: grayscale is in line 2 already, and a second one changes nothing; take one out\n");
	assert_warns("steps:\n  - invert\n  - invert\n",
		"x.yaml:3:5: this invert undoes the one in line 2; take both out\n");
	assert_warns("steps:\n  - invert\n  - blur\n  - invert\n", "");
	assert_warns("steps:\n  - {sharpen: , when: has_alpha}\n  - resize\n", "");
}

static void between(const char *inbox_a, const char *inbox_b, const char *expected)
{
	g_autofree char *a = g_strdup_printf("steps: [invert]\ninbox: %s\n", inbox_a);
	g_autofree char *b = g_strdup_printf("steps: [invert]\ninbox: %s\n", inbox_b);
	auto_struct(pipeline) one = parsed("a.yaml", a);
	auto_struct(pipeline) two = parsed("b.yaml", b);
	auto_struct(diagnostics) one_says = diagnostics_new("a.yaml");
	auto_struct(diagnostics) two_says = diagnostics_new("b.yaml");
	auto_struct(diagnostics) one_fails = diagnostics_new("error: a.yaml");
	auto_struct(diagnostics) two_fails = diagnostics_new("error: b.yaml");
	const struct pipeline *pipelines[] = {one, two, NULL};
	struct diagnostics *warnings[] = {one_says, two_says, NULL};
	struct diagnostics *errors[] = {one_fails, two_fails, NULL};

	warnings_between(pipelines, warnings, errors, 3, "/mill/watch", "/mill/out");
	g_autofree char *first = diagnostics_text(one_says);
	g_autofree char *second = diagnostics_text(two_says);
	unsigned faults = diagnostics_count(one_fails) + diagnostics_count(two_fails);
	g_autofree char *said = g_strdup_printf("%s%s%s", first, second, faults ? "refused\n" : "");
	assert_string_equal(said, expected);
}

static void folders(void **state)
{
	between("a", "b", "");
	between("a", "/mill/outside", "");
	between("a", "./a",
		"b.yaml:2:8: inbox './a' is that of 'a' too, and a file goes to one of them only; give each its own\n");
	between("a", "/mill/out/c", "refused\n");
	between("a", "/mill",
		"a.yaml:1:1: outputs of 'a' are written into the inbox of 'b' (/mill), which mills them in turn\n"
		"b.yaml:1:1: outputs of 'b' are written into the inbox of 'b' (/mill), which mills them again and again\n"
		"refused\n");
}

static void a_place_is_shown(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *shown;
	} cases[] = {
		{"a: b\nc: d\n", 2, 4, "     2 | c: d\n       |    ^\n"},
		{"a: b\r\nc:\td", 2, 4, "     2 | c: d\n       |    ^\n"},
		{"a: b\n", 2, 1, "     2 | \n       | ^\n"},
		{"a: b", 7, 1, ""},
		{"\xe6\xbc\xa2\xe6\xbc\xa2: x\n", 1, 5, "     1 | \xe6\xbc\xa2\xe6\xbc\xa2: x\n       |       ^\n"},
		{"a: \xff\n", 1, 4, "     1 | a: \xef\xbf\xbd\n       |    ^\n"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *shown = excerpt(cases[i].text, cases[i].line, cases[i].column);
		assert_string_equal(shown, cases[i].shown);
	}
	g_autofree char *many = g_strnfill(5000, 'y');
	many[2999] = 'X';
	g_autofree char *shown = excerpt(many, 1, 3000);
	g_auto(GStrv) lines = g_strsplit(shown, "\n", -1);
	assert_true(strlen(lines[0]) < 130);
	assert_int_equal(strchr(lines[0], 'X') - lines[0], strchr(lines[1], '^') - lines[1]);
}

/* Each message with its line, from the file that it is about; a file that is gone has the message alone. */
static void messages_have_their_lines(void **state)
{
	g_autofree char *path = NULL;
	int file = g_file_open_tmp("dropmill-XXXXXX.yaml", &path, NULL);
	assert_true(file >= 0);
	close(file);
	assert_true(g_file_set_contents(path, "a: 1\nb: 2\n", -1, NULL));
	auto_struct(diagnostics) list = diagnostics_new(path);
	diagnostics_add(list, 2, 4, "too much");
	diagnostics_add(list, 1, 1, "unknown");
	g_autofree char *shown = excerpts(list, "warning: ");
	g_autofree char *wanted = g_strdup_printf("%s:1:1: warning: unknown\n     1 | a: 1\n       | ^\n"
						  "%s:2:4: warning: too much\n     2 | b: 2\n       |    ^\n",
		path, path);
	assert_string_equal(shown, wanted);

	/* Any file of this user could be included: what is not called a definition is not quoted. */
	g_autofree char *secret = g_strconcat(path, ".secret", NULL);
	assert_true(g_file_set_contents(secret, "root:hash\n", -1, NULL));
	auto_struct(diagnostics) others = diagnostics_new(secret);
	diagnostics_add(others, 1, 1, "unknown");
	g_autofree char *told = excerpts(others, "");
	assert_null(strstr(told, "hash"));
	g_autofree char *link = g_strconcat(path, ".link.yaml", NULL);
	assert_int_equal(symlink(secret, link), 0);
	auto_struct(diagnostics) linked = diagnostics_new(link);
	diagnostics_add(linked, 1, 1, "unknown");
	g_autofree char *shown_of_link = excerpts(linked, "");
	assert_null(strstr(shown_of_link, "hash"));
	g_unlink(link);
	g_unlink(secret);

	g_unlink(path);
	g_autofree char *bare = excerpts(list, "");
	g_autofree char *said = diagnostics_text(list);
	assert_string_equal(bare, said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains),
		cmocka_unit_test(folders),
		cmocka_unit_test(a_place_is_shown),
		cmocka_unit_test(messages_have_their_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
