/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   when a picture is cut into tiles: what the master goes by, and what `explain` tells.
 */
#ifndef DROPMILL_PIPELINE_LANES_H
#define DROPMILL_PIPELINE_LANES_H

/* Pictures from this size on are cut when workers are idle, and when a backlog keeps them busy anyway. */
#define TILED_PIXELS 12000000
#define TILED_PIXELS_BUSY 100000000
/* Memory for the rings of tiled jobs (--memory), and how many of them there are at a time: one decodes while the other's last rows are
 * encoded. What does not fit into its share goes to a file. */
#define DEFAULT_MEMORY (256 << 20)
#define TILED_JOBS 2
#define DEFAULT_TILE 512

#endif
