/* SPDX-License-Identifier: GPL-2.0-or-later
 * The table of sources: see intake_source.h. */
#include "master/intake/intake_source.h"

#define ROW(NAME) &NAME##_source,
static const struct source *const sources[] = {SOURCES(ROW)};

const struct source *source_of(const struct inbox *settings)
{
	const struct source *found = NULL;

	for (gsize i = 0; !found && i < G_N_ELEMENTS(sources); i++)
		if (!sources[i]->fits || sources[i]->fits(settings))
			found = sources[i];
	return found;
}
