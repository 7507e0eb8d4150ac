/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a folder of its own for each test, and the database in it.
 * Thread:    the main one. Ownership: set_up() and tear_down() own `here`.
 */
#pragma once

#include "../unit.h"

#include "ledger/history.h"

#include "base/disk/files.h"

static struct {
	char *folder, *path;
} here;

static inline int set_up(void **state)
{
	here.folder = g_dir_make_tmp("dropmill-history-XXXXXX", NULL);
	here.path = g_build_filename(here.folder, "history.db", NULL);
	return here.folder ? 0 : -1;
}

static inline int tear_down(void **state)
{
	files_remove_tree(here.folder);
	g_clear_pointer(&here.folder, g_free);
	g_clear_pointer(&here.path, g_free);
	return 0;
}

static inline struct history *opened(void)
{
	g_autoptr(GError) error = NULL;
	struct history *history = history_open(here.path, &error);

	if (error)
		print_error("%s\n", error->message);
	assert_non_null(history);
	return history;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
