/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the workers as a whole: those that are heard of, those that are our children, and the memory that they share with the master.
 * Thread:    the master's loop. Ownership: the master owns all of it.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "master/fleet/segment_pool.h"
#include "master/fleet/supervisor.h"
#include "master/fleet/workers.h"

struct fleet {
	struct workers *workers;
	struct supervisor *supervisor; /* NULL: no worker is a child of ours */
	struct segments *segments;
	JsonObject *code; /* of the last codec, see image/quirks/image_code.h; NULL: none was heard */
	guint timer;      /* until the next tile is late: see schedule/reissue.c; 0: none will be */
};
