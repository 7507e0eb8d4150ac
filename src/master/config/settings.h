/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what does not change after the master's start.
 * Thread:    any, once the loop runs. Ownership: borrows the options, which outlive it.
 */
#pragma once

#include "master/config/options.h"

struct settings {
	const struct options *options;
	bool once;         /* `dropmill once`: no inboxes, no page, no history */
	gint64 started_us; /* clock_now_us() */
};
