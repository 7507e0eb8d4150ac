/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   definitions in a folder of their own, and what is said of them; for tests of what makes definitions short.
 * Thread:    the test's. Ownership: strings are returned owned.
 */
#pragma once

#include "../unit.h"

#include "definition/reader/definition.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/json.h"
#include "rules.h"

static char *folder;

static int make_folder(void **state)
{
	folder = g_dir_make_tmp("dropmill-language-XXXXXX", NULL);
	return folder ? 0 : -1;
}

static int remove_folder(void **state)
{
	g_autofree char *command = g_strdup_printf("rm -r '%s'", folder);
	g_free(folder);
	return g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL) ? 0 : -1;
}

static void write_file(const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	g_mkdir_with_parents(parent, 0700);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* What is said of x.yaml with this text, with the folder taken out. */
static inline char *said(const char *text, struct pipeline **pipeline)
{
	g_autofree char *path = g_build_filename(folder, "x.yaml", NULL);
	g_autofree char *prefix = g_strconcat(folder, "/", NULL);
	auto_struct(diagnostics) errors = diagnostics_new(path);

	write_file("x.yaml", text);
	struct pipeline *read = definition_read(path, &rules, errors);
	g_autofree char *full = diagnostics_text(errors);
	g_auto(GStrv) parts = g_strsplit(full, prefix, -1);
	assert_true((read != NULL) == (*full == '\0'));
	if (pipeline)
		*pipeline = read;
	else
		pipeline_unref(read);
	return g_strjoinv("", parts);
}

static void assert_says(const char *text, const char *expected)
{
	g_autofree char *answer = said(text, NULL);
	assert_string_equal(answer, expected);
}
