/* SPDX-License-Identifier: GPL-2.0-or-later
 * What was done how often: see counters.h. */
#include "base/counters.h"

#include <stdatomic.h>

static atomic_uint_fast64_t numbers[COUNTER_COUNT];

guint64 counter_add(enum counter counter)
{
	return atomic_fetch_add_explicit(&numbers[counter], 1, memory_order_relaxed) + 1;
}

guint64 counter_value(enum counter counter)
{
	return atomic_load_explicit(&numbers[counter], memory_order_relaxed);
}
