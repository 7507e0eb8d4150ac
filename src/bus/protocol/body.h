/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the value of a record that is not, or not all of it, in one piece of memory: pieces of memory and of open files, one after the
 *            other. So nothing large is copied together before it is sent, and what came is read where it lies.
 * Thread:    filled by one; read by any, at the same time as well.
 * Ownership: counted references.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

struct body;

struct body *body_new(void);
struct body *body_ref(struct body *body);
void body_unref(struct body *body); /* NULL is fine */
DEFINE_AUTO(body, body_unref)

void body_add(struct body *body, GBytes *bytes /* references */);
void body_add_all(struct body *body, struct body *other /* references */);
/* So many bytes of an original from `at` on. Nobody may shrink it: a reader then gets an error with its name and
 * PLACE_ORIGINAL. */
void body_add_file(struct body *body, const char *name /* copies */, int fd /* takes */, gint64 at, gint64 bytes);

/* All of a spool file of ours (spool.h). counted: of such files' bytes, atomic, from g_atomic_rc_box_new(); these are in it, until the file is no
 * longer used. */
void body_add_spool(struct body *body, int fd /* takes */, gint64 bytes, gsize *counted /* references */);

gint64 body_bytes(const struct body *body);
/* No file is read for it. */
bool body_in_memory(const struct body *body);
/* The descriptor of the one spool file that it is, borrowed; -1: it is something else. */
int body_spool(const struct body *body);
/* After it was read: was what lay in spool files kept? See spool_was_kept(). */
bool body_was_kept(const struct body *body, GError **error);

/* These bytes, all within the body, in memory: without a copy where they lie in one piece of it. NULL: a file cannot be read, or is shorter now. */
GBytes *body_read(const struct body *body, gint64 at, gsize bytes, GError **error);
/* The same, but of one file they are mapped and not read: only of files that nobody else can shrink. */
GBytes *body_map(const struct body *body, gint64 at, gsize bytes, GError **error);
/* A new file at path with these bytes, on disk, as files_write() makes it. */
bool body_write(const struct body *body, gint64 at, gint64 bytes, const char *path, GError **error);
