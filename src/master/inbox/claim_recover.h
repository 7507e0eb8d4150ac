/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   claims of an earlier run.
 * Thread:    any.
 * Ownership: the caller's.
 */
#pragma once

#include "master/inbox/claim.h"

/* Claims that this process has not handed out, oldest first, at most so many; *rest: there are others. */
GPtrArray *claim_recover(const struct inbox *inbox, guint most, bool *rest);
