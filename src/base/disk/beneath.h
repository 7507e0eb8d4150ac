/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   steps in folders where other users may write: inboxes, out/, the state folder. Whoever may write there may put a link in the
 *            place of any folder, at any moment, and a program that follows it reads and writes elsewhere, as its own user. So no link
 *            below a root is followed. Callers name files by absolute paths, as everywhere; the root is the longest that roots.h has and
 *            holds the path. The kernel walks there without links (openat2), and the step itself is done by the descriptor of the folder
 *            that it came to, so that nothing can be swapped between a look and an act.
 *
 *            A root is opened again for each step: no descriptor is kept, so that an idle inbox can be unmounted, and
 *            one that was renamed, mounted or replaced is what its path names now. Links above a root are the
 *            operator's and are followed. A root itself may be a link; but one that lies in another root only when that
 *            other is not an inbox, and the link belongs to root, to this process's user or to the owner of the folder
 *            that holds it. Paths in no root (a file that was named on the command line) are opened as they are.
 *
 *            Without openat2 (a kernel before 5.6, a container that forbids it) the way is walked part by part, each opened with O_NOFOLLOW:
 *            the same answers, more system calls.
 * Thread:    any.
 * Ownership: descriptors and strings returned are the caller's.
 */
#pragma once

#include <dirent.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Does it lie in some root, or is one? Its parts may not be ".", "..". */
bool beneath_known(const char *path);

/* Each as the system call of its name: -1 with errno. ELOOP: a part of the path below the root is a link; EXDEV: a part is "..". O_CLOEXEC and
 * O_NOCTTY are added, and where there is a root O_NOFOLLOW. */
int beneath_open(const char *path, int flags, mode_t mode);
int beneath_stat(const char *path, struct stat *status); /* of a link: the link; of a root: where it leads */
int beneath_mkdir(const char *path, mode_t mode);
int beneath_make_folders(const char *path); /* mkdir -p with mode 0777; nothing is fsynced */
int beneath_unlink(const char *path);
int beneath_rmdir(const char *path);
int beneath_rename(const char *from, const char *to, unsigned flags /* of renameat2 */);
int beneath_link(const char *from, const char *to);
int beneath_touch(const char *path, const struct timespec times[2]);
gssize beneath_get_attribute(const char *path, const char *name, void *value, gsize size); /* files and folders only */
int beneath_set_attribute(const char *path, const char *name, const void *value, gsize size);
int beneath_sync(const char *path);
/* Takes from a file or folder what others than its owner may do with it. Opens it as a path alone: closing another descriptor of a database would
 * drop this process's locks of it. */
int beneath_make_private(const char *path);
DIR *beneath_opendir(const char *path); /* NULL with errno */
/* Names in a folder, without "." and "..", owned; NULL with errno. Who goes down into a tree holds no folder open meanwhile: one descriptor for
 * each level would end with the process's. */
GPtrArray *beneath_list(const char *path);

bool beneath_exists(const char *path); /* a link, too */
bool beneath_is_folder(const char *path);
/* What is in the way of a folder of this name, which mkdir found taken: 0: it is one; ELOOP: a link; ENOTDIR: something else; ENOENT: nothing any
 * more. */
int beneath_no_folder(const char *path);

/* The part of the path that is a link below its root; NULL: none is, by now. */
char *beneath_find_link(const char *path);
/* fail_errno_at() of PLACE_OUTPUT, which for ELOOP names the link (of path, or of other) and the cure: the picture waits until somebody took the
 * link away. */
bool beneath_fail(GError **error, const char *path, const char *other /* or NULL */, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/* A name by which a library that takes names alone opens the very file or folder of this descriptor, as long as it is open. */
char *beneath_alias(int descriptor);
/* Puts the path where a message has the alias. NULL is fine. */
void beneath_unalias(GError *error, const char *alias, const char *path);
