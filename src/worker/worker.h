/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a worker: takes tasks from Kafka, computes them, publishes results, and marks a task finished when its result was delivered.
 * Thread:    one thread computes, one reads tasks, one sends heartbeats; main waits for the first.
 */
#pragma once

/* `dropmill-image worker`: runs until SIGTERM (finishes the task in hand, publishes it) or until its parent dies. */
int worker_command(int argc, char **argv);
