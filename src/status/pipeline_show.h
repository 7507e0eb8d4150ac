/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a pipeline does, readable: its steps and outputs as text, near to what its author wrote.
 * Thread:    the master's loop, once for each pipeline that is read. Ownership: returns owned.
 */
#pragma once

#include "definition/pipeline.h"

/* {"steps": [{"name", "text", "when", "parameters": [{"name", "value"}]}], "outputs": [{"name", "format", "text", "when", "steps"}]} as a
 * GRefString. when: the condition as it was written, null: there is none. */
char *pipeline_show(const struct pipeline *pipeline);
/* What one run did of it, as workers and codecs say it. What names no step and no output is passed over. */
struct shown_run {
	JsonArray *left_out; /* [output, step] of steps that were not done; output -1: a common one; NULL: none */
	JsonArray *skipped;  /* numbers of outputs that were not made; NULL: none */
	JsonArray *implied;  /* [output, enum implied] of steps that were done though nobody wrote them; NULL: none */
};

/* The same with "left_out": true at steps and outputs, and with the implied steps at the end of their outputs: "implied": true, and "why". */
char *pipeline_show_run(const char *shown, const struct shown_run *run);
