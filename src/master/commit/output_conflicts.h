/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   finds places for outputs: a path that is taken is dealt with as the pipeline's on_conflict says: see output_names.h.
 * Thread:    any; the mutex of struct names inside. Ownership: names are borrowed.
 */
#pragma once

#include "master/commit/output_names.h"

/* Finds a place for each output of a new run; found has none yet. Any thread. */
enum names_answer names_find(struct names *names, const struct drop *drop, struct found *found, GError **error);

/* At the commit, when widths and heights are known: finds a place for each output that has none yet. */
enum names_answer names_settle(struct names *names, const struct drop *drop, struct found *found, GError **error);

/* May the commit replace what lies at the output's place? Not when somebody put a file of theirs there since the place was given: then the
 * output has none any more. False with error: that cannot be known now. Nothing there: the output is fresh. */
bool names_may_replace(struct names *names, const struct drop *drop, struct job_output *output, GError **error);

/* Did this very job write what lies at the output's place? */
bool names_wrote(struct names *names, const struct drop *drop, const struct job_output *output);
