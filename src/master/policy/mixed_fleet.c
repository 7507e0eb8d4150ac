/* SPDX-License-Identifier: GPL-2.0-or-later
 * Workers that differ: see mixed_fleet.h. */
#include "master/policy/mixed_fleet.h"

int fleet_ruling(const struct fleet_members *groups, guint count, int ruling)
{
	int best = ruling;

	for (guint i = 0; i < count; i++)
		if (groups[i].usable > (best < 0 ? 0 : groups[best].usable))
			best = (int)i;
	return best;
}

static bool others(const struct fleet_members *groups, guint count, int of, bool usable)
{
	for (guint i = 0; i < count; i++)
		if ((int)i != of && (usable ? groups[i].usable : groups[i].present) > 0)
			return true;
	return false;
}

static bool is_there(const struct fleet_members *groups, int of)
{
	return of >= 0 && groups[of].present > 0;
}

bool fleet_may_cut(const struct fleet_members *groups, guint count, int of)
{
	return is_there(groups, of) || !others(groups, count, of, false);
}

bool fleet_lost(const struct fleet_members *groups, guint count, int of)
{
	return !is_there(groups, of) && others(groups, count, of, true);
}

bool fleet_mixed(const struct fleet_members *groups, guint count)
{
	guint there = 0;

	for (guint i = 0; i < count; i++)
		there += groups[i].present > 0;
	return there > 1;
}
