/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the plan as the master hears of it.
 * Thread:    any. Ownership: what is returned is owned.
 */
#pragma once

#include "codec/plan.h"

/* The "plan" event for the master. Returns owned. */
JsonObject *plan_describe(const struct plan *plan);
