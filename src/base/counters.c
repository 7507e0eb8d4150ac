/* SPDX-License-Identifier: GPL-2.0-or-later
 * What was done how often: see counters.h. */
#include "base/counters.h"

#include <stdatomic.h>

static atomic_uint_fast64_t numbers[TALLY_COUNT];

void tally(enum tallied what)
{
	atomic_fetch_add_explicit(&numbers[what], 1, memory_order_relaxed);
}

guint64 tally_of(enum tallied what)
{
	return atomic_load_explicit(&numbers[what], memory_order_relaxed);
}
