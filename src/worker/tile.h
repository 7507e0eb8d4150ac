/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   computes tiles. The chain of a job's run is built once on a virtual image and kept, because building costs more than
 *            computing a tile; a few runs are kept at a time.
 * Thread:    the worker's computing thread.
 * Ownership: see each function.
 */
#pragma once

#include "bus/protocol/wire.h"

struct tiles;

struct tiles *tiles_new(void);
void tiles_free(struct tiles *tiles);

/* Computes the task's rectangle. RESULT_OK: in place (shm) or in *payload (inline, owned by the caller). Otherwise error says why. */
enum result_status tiles_compute(struct tiles *tiles, const struct task *task, GBytes **payload, GError **error);
/* Times of the last one: building, copying. Borrowed. */
const struct work_spent *tiles_spent(const struct tiles *tiles);
