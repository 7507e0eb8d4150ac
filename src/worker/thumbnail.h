/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `dropmill-image thumbnail PARENT`, internal: small versions of pictures for the page, one after the other, in a worker process
 *            of their own. It takes no task from the bus and gives way to those that do: a page that is watched must not slow the mill.
 *            It opens no file of anybody: descriptor 3 brings a JSON line {"size", "allow"} and beside it the picture, open. The answer is a
 *            line {"type", "bytes"} and then the thumbnail's bytes, or {"error"}.
 * Thread:    a process of its own.
 */
#pragma once

int thumbnail_command(int argc, char **argv);
