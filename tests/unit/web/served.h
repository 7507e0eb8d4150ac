/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a page on a free port with the fake snapshot behind it, for a group of tests.
 * Thread:    the main one. Ownership: served_stop() ends it and removes the files.
 */
#pragma once

#include <glib/gstdio.h>

#include "base/disk/roots.h"

#include "fake.h"
#include "http.h"
#include "web/server.h"

static struct web *served;
static char *served_folder;
static char *served_file; /* output 0 of "j-done" */

#define SERVED_BYTES 300007 /* more than one block of the server's */

static inline void served_publish(void)
{
	snapshot_publish(fake_snapshot(served_file));
}

static inline int served_start(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = g_malloc(SERVED_BYTES);
	for (gsize i = 0; i < SERVED_BYTES; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	served_folder = g_dir_make_tmp("dropmill-web-XXXXXX", &error);
	beneath_add(served_folder ? served_folder : "/", BENEATH_OWN); /* a mill serves files of its folders alone */
	g_assert_no_error(error);
	served_file = g_build_filename(served_folder, "output.jpg", NULL);
	g_file_set_contents(served_file, bytes, SERVED_BYTES, &error);
	g_assert_no_error(error);
	served = web_new("127.0.0.1:0", NULL, &error);
	g_assert_no_error(error);
	served_publish();
	return 0;
}

static inline int served_stop(void **state)
{
	web_free(served);
	snapshot_publish(NULL);
	g_unlink(served_file);
	g_rmdir(served_folder);
	g_clear_pointer(&served_file, g_free);
	g_clear_pointer(&served_folder, g_free);
	return 0;
}
