/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   when a picture is cut into tiles: the rule of the master and of `explain`.
 */
#pragma once

/* From this file size on the master asks a codec first; below, a worker looks and may say that the picture is huge. */
#define ASK_CODEC_BYTES (3 << 20)
/* Pictures from this size on are cut when workers are idle, and when a backlog keeps them busy anyway. */
#define TILED_PIXELS 12000000
#define TILED_PIXELS_BUSY 100000000
/* Memory for the rings of tiled jobs (--memory), and how many of them there are at a time: one decodes while the other's last rows are
 * encoded. What does not fit into its share goes to a file. */
#define DEFAULT_MEMORY (256 << 20)
#define TILED_JOBS 2
/* Edge of a tile, px. A larger edge, for a picture with many tiles for each worker where no pixels are copied: fewer
 * messages. Measured with 107 megapixels and two workers: 1024 takes 0.83 of the time of 512. */
#define DEFAULT_TILE 512
#define LARGE_TILE 1024
