/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what is right but hardly meant: a sharpening that the next step undoes, a step after which nothing changes, two pipelines on
 *            one inbox, outputs that come in again.
 * Thread:    any. Ownership: pipelines are borrowed; warnings are added to lists of the caller's.
 */
#pragma once

#include "definition/pipeline.h"
#include "definition/yaml/diagnostics.h"

/* About one definition by itself. */
void warnings_within(const struct pipeline *pipeline, struct diagnostics *warnings);

/* About definitions that run in one mill, with these folders of inboxes and outputs: pipelines[i] may be NULL, and warnings[i] is its
 * list. An inbox in the folder of outputs, or around it, is an error, as at the start of a mill: errors[i]. */
void warnings_between(const struct pipeline *const *pipelines, struct diagnostics *const *warnings,
	struct diagnostics *const *errors, unsigned count, const char *watch, const char *out);
