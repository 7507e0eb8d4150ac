/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the other end of `dropmill-image thumbnail`: started when it is needed, ended when it hangs, dies without harm.
 * Thread:    one, but for thumbnailer_stop().
 * Ownership: thumbnailer_free() ends the process.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* After this time with nothing to do, the process may end. */
#define THUMBNAILER_IDLE_US (60 * (gint64)G_USEC_PER_SEC)

struct thumbnailer;

struct thumbnailer *thumbnailer_new(void);
/* allow: see pictures_answer(). bytes: the thumbnail, owned. Returns its type ("image/jpeg"), owned; NULL when it cannot be. */
char *thumbnailer_make(
	struct thumbnailer *thumbnailer, const char *path, int size, const char *allow, GBytes **bytes, GError **error);
/* The process goes; the next picture starts another. */
void thumbnailer_rest(struct thumbnailer *thumbnailer);
/* Any thread: what is being made is given up, and nothing more is. */
void thumbnailer_stop(struct thumbnailer *thumbnailer);
void thumbnailer_free(struct thumbnailer *thumbnailer);
