/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a worker may do, settled before it starts a thread or sees a byte of a stranger's: the places of its tasks, the door for
 *            segments, the sandbox.
 * Thread:    the main thread, before any other. Ownership: borrows.
 */
#pragma once

#include "worker/worker_args.h"

/* properties: librdkafka's, for the files that they name. What is missing is said, by the first worker for all. */
void confine(const struct worker_args *args, GHashTable *properties);
/* Is one of its folders another by now? Only a new process can open what is in there; said. Any thread. */
bool confine_outdated(void);
