/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a pipeline does, readable: its steps and outputs as text, near to what its author wrote.
 * Thread:    the master's loop, once for each pipeline that is read. Ownership: returns owned.
 */
#ifndef DROPMILL_MASTER_PIPELINE_SHOW_H
#define DROPMILL_MASTER_PIPELINE_SHOW_H

#include "pipeline/pipeline.h"

/* {"steps": [{"name", "text", "parameters": [{"name", "value"}]}], "outputs": [{"name", "format", "text", "steps"}]} as a GRefString. */
char *pipeline_show(const struct pipeline *pipeline);

#endif
