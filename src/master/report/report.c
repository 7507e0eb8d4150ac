/* SPDX-License-Identifier: GPL-2.0-or-later
 * What snapshots are made of: see report.h. */
#include "master/report/report.h"

void report_init(struct report *report, const struct report_sources *of)
{
	report->of = *of;
	report->finished = g_ptr_array_new_with_free_func((GDestroyNotify)job_view_unref);
}

void report_clear(struct report *report)
{
	g_clear_pointer(&report->tallies, g_hash_table_unref);
	snapshot_unref(g_steal_pointer(&report->last));
	g_clear_pointer(&report->finished, g_ptr_array_unref);
}
