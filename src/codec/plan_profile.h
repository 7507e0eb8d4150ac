/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the picture's ICC profile on its way to the workers: which jobs need it, and the step that applies it where an output
 *            will not hold it.
 * Thread:    the one that plans. Ownership: the plan's.
 */
#pragma once

#include "codec/plan.h"

/* What format_save() would do at the end, the workers do: a last step for them. recorded is the chain on the recorder, and is replaced, too. */
bool plan_settle(struct plan_output *output, VipsImage **recorded, GError **error);

/* Notes the profile where some step reads it, or the colour space is one that is converted by it. False: it is too large to travel. */
bool plan_take_profile(struct plan *plan);

/* Puts it into the "plan" event: its bytes for the master, its hash into the source description for the workers. */
void plan_describe_profile(const struct plan *plan, JsonObject *event, JsonObject *source);
