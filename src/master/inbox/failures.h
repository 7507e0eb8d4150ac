/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   files in _failed/ that their writer goes on writing: they are taken again, without a person.
 *
 *            A file is remembered for an hour after it failed or changed last. The looks become rarer, and it is taken again a few
 *            times at most, each time after a longer quiet. Looks, not events: it matters most where there are none (a share on which a
 *            writer elsewhere stalls).
 * Thread:    any; a lock inside.
 * Ownership: failures_forget_all().
 */
#pragma once

#include "master/inbox/claim.h"

/* A variable so that tests need not wait: the time from the failure to the first look. */
extern gint64 failures_look_us;

/* NAME.reason.txt for a file in _failed/. Owned. */
char *failures_reason_path(const char *path);
void failures_add(const struct claim *claim); /* it lies at left_at */

/* A file that changed, and is back in its inbox. */
struct failure_returned {
	char *relative;  /* below the inbox */
	gint64 quiet_us; /* by clock_now_us(): not to be taken before */
};
/* Looks at those of this inbox that are due, and moves back the ones that changed: struct failure_returned, owned. */
GArray *failures_look(const char *inbox);
void failures_forget_all(void);
