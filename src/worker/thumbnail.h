/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `dropmill-image thumbnail PARENT`, internal: small versions of pictures for the page, one after the other, in a worker process
 *            of their own. It takes no task from the bus and gives way to those that do: a page that is watched must not slow the mill.
 *            Descriptor 3: a JSON line {"path", "size", "temp"} asks, {"type"} or {"error"} answers; the file is at temp.
 * Thread:    a process of its own.
 */
#ifndef DROPMILL_WORKER_THUMBNAIL_H
#define DROPMILL_WORKER_THUMBNAIL_H

int thumbnail_command(int argc, char **argv);

#endif
