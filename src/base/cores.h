/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how many cores this process may use: those that it may run on, and not more than its control group has time for (a container's
 *            --cpus, systemd's CPUQuota=). On a machine of 64 cores, a container with two would start 64 workers otherwise.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>

/* At least 1. */
guint cores_allowed(void);

/* groups: the text of /proc/self/cgroup; mount: where version 2 is mounted. The quota of this group and those above it, rounded up; 0: none. */
guint cores_of_quota(const char *groups, const char *mount);
