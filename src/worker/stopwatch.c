/* SPDX-License-Identifier: GPL-2.0-or-later
 * What each task costs its worker: see stopwatch.h. */
#include "worker/stopwatch.h"

#include "base/clock.h"

void stopwatch_begin(struct stopwatch *watch)
{
	watch->began_us = clock_now_us();
	watch->cpu_us = clock_cpu_us();
}

void stopwatch_end(struct stopwatch *watch, struct result *result, const struct work_spent *inner)
{
	gint64 now = clock_now_us();

	if (inner)
		result->spent = *inner;
	result->compute_us = now - watch->began_us;
	result->spent.cpu_us = clock_cpu_us() - watch->cpu_us;
	/* Between two runs there is nothing to wait for. */
	result->spent.wait_us = watch->serial == result->serial ? watch->began_us - watch->ended_us : 0;
	watch->serial = result->serial;
	watch->ended_us = now;
}
