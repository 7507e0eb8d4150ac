/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   workers whose image code differs (another dropmill, another libvips, other pixels for the same picture) never share a picture.
 *            Workers that agree are a group. The rules, the first that applies:
 *              who gets new pictures (fleet_ruling): the group with the most workers that may get tasks now; as many: the one that has them
 *                already; none may: it stays. So an upgrade of the whole fleet goes over by itself.
 *              a picture that its codec would cut (fleet_may_cut): only where its codec's own group has a worker, or nobody is there yet.
 *                Else it goes whole to one worker.
 *              a picture that was cut (fleet_lost): stays with its group. It starts again when the group has no worker left and another has.
 *              For a picture, a group whose workers could get no task for a minute has none: they hang, or Kafka has no partition for them.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct fleet_members {
	guint usable;  /* workers that may get a task now, or as soon as they have their partitions back */
	guint present; /* live or late; for a picture, 0 where none of them could get a task for long */
};

/* The index of the group that gets new pictures. ruling: which had them until now; -1: none. Groups are in the order in which they came. */
int fleet_ruling(const struct fleet_members *groups, guint count, int ruling);
/* of: the index of the codec's group; -1: no worker ever was of it. */
bool fleet_may_cut(const struct fleet_members *groups, guint count, int of);
/* of: the index of the picture's group; -1: forgotten, for it has no worker any more. */
bool fleet_lost(const struct fleet_members *groups, guint count, int of);
/* Do workers that are present differ? */
bool fleet_mixed(const struct fleet_members *groups, guint count);
