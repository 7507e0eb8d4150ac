/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   sees every write of libvips' savers to a file, because they do not. They may not look at how the last block of a
 *            picture was written (QUIRK_LAST_BLOCK_UNSEEN), and dzsave never at how a tile's file was closed: a
 *            disk that is full for that moment makes a file that lacks pixels, and the saver says that all is well.
 *            Where it does look, tiffsave crashes on a pyramid (it gives the layers' files away before it closes what
 *            writes to them) and dzsave waits for ever for a lock of its own. So libvips' class of targets, and what dzsave writes
 *            tiles by (QUIRK_TILES_BY_GSF, QUIRK_TILES_BY_FCLOSE), get functions of ours around theirs: what is refused is remembered here, and the
 *            picture stopped. The output's file is synced here, too, by the descriptor that wrote it.
 * Ownership: borrows the image between begin and end.
 * Thread:    any. What is refused to one saver makes all fail that run in the process at this time.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* Where the saver has the layers of a TIFF pyramid: beside its target, in files of its own or in memory. */
enum layers { LAYERS_NONE, LAYERS_IN_FILES, LAYERS_IN_MEMORY, LAYERS_PLACES };

struct write_errors {
	VipsImage *image;
	enum layers layers;
	guint refused; /* until then, in this process */
};

/* Before a saver saves this image, to a file or to memory. Each needs its write_errors_end(). */
struct write_errors write_errors_begin(VipsImage *image, enum layers layers);
/* ok: what the saver said, with its error; path: for ours, NULL: memory. True when it has written, every write was taken, and a file is on disk: the
 * file that failed is thrown away, never synced again. */
bool write_errors_end(const struct write_errors *writes, bool ok, const char *path, GError **error);
