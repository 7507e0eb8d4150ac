/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   /api/events: a stream of server-sent events, one for each snapshot. The first tells everything, the others what changed since
 *            the last one of this stream; an id that a browser sends back says where it was, and the missed changes are
 *            sent at once.
 * Thread:    the CivetWeb thread that holds the connection: it sleeps until a snapshot comes.
 */
#pragma once

#include "web/http/answer.h"
#include "web/http/fields.h"

/* What an event says. */
extern const struct table events_table;
/* Until the client goes or events_stop(). Returns the status sent. */
int events_answer(struct request *request);
/* Every stream ends, now and from now on; or they may open again. */
void events_stop(void);
void events_allow(void);
