/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how many streams of events (events.h) are open.
 * Thread:    any.
 */
#pragma once

#include <stdbool.h>

/* At a time; each holds a thread. Beyond, 503: the page polls. */
#define STREAMS_MOST 256

/* One more; false: there are that many already. */
bool streams_enter(void);
void streams_leave(void);
int streams_open(void);
