/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a pipeline does, readable: its steps and outputs as text, near to what its author wrote.
 * Thread:    the master's loop, once for each pipeline that is read. Ownership: returns owned.
 */
#ifndef DROPMILL_STATUS_PIPELINE_SHOW_H
#define DROPMILL_STATUS_PIPELINE_SHOW_H

#include "definition/pipeline.h"

/* {"steps": [{"name", "text", "when", "parameters": [{"name", "value"}]}], "outputs": [{"name", "format", "text", "when", "steps"}]} as a
 * GRefString. when: the condition as it was written, null: there is none. */
char *pipeline_show(const struct pipeline *pipeline);
/* The same with "left_out": true at those steps ([output, step], output -1: a common one) and outputs (their numbers), as workers and codecs
 * name them. What names none is passed over; NULL is fine. */
char *pipeline_show_left_out(const char *shown, JsonArray *steps, JsonArray *outputs);

#endif
