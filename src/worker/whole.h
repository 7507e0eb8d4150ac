/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a whole job in one worker: decode, run the chain, encode every output. On the master's machine it reads the claimed file and
 *            writes the temp files itself; elsewhere the file came in the task and the outputs go back in the result.
 * Thread:    the worker's computing thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "bus/protocol/wire.h"

/* *report (owned): {"width", "height", "outputs": [{"width", "height", "bytes"}]}. *payload (owned): inline only, the outputs one after the other. */
enum result_status whole_compute(const struct task *task, JsonObject **report, struct body **payload, GError **error);
