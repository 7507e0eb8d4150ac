/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   workers by their image code: of one group are those whose dropmill, libvips and test picture are the same. policy/mixed_fleet.h
 *            has the rules; worker_select.h counts the members.
 * Thread:    the master's loop.
 * Ownership: the registry owns the groups; one without workers is forgotten. Its key is a GRefString, which others may keep.
 */
#pragma once

#include "base/auto.h"
#include "master/policy/mixed_fleet.h"

struct worker_groups;

struct worker_group {
	struct worker_groups *of;
	char *key; /* GRefString */
	char *version, *vips, *hash;
	struct fleet_members members;
	guint workers;    /* with those that are gone */
	gint64 usable_us; /* when one of them could get a task last, or it began */
	bool rules;       /* it gets new pictures */
};

struct worker_groups *worker_groups_new(void);
void worker_groups_free(struct worker_groups *groups); /* NULL is fine */
DEFINE_AUTO(worker_groups, worker_groups_free)

/* The key of such image code. Returns a GRefString, owned. */
char *worker_group_key(const char *version, const char *vips, const char *hash);
/* "libvips 8.14.1 (dropmill 0.1.0, pixels 1a2b3c4d)". Returns owned. */
char *worker_group_text(const char *version, const char *vips, const char *hash);

/* The group of one more worker, or of one less. Borrowed. */
struct worker_group *worker_groups_join(
	struct worker_groups *groups, const char *version, const char *vips, const char *hash);
void worker_group_leave(struct worker_group *group);

/* To count all members again: worker_group_count() for each worker, then worker_groups_settle(), which logs what is another. */
void worker_groups_begin(struct worker_groups *groups);
void worker_group_count(struct worker_group *group, bool present, bool usable);
void worker_groups_settle(struct worker_groups *groups);

/* The rules of policy/mixed_fleet.h for the group with this key. */
bool worker_groups_may_cut(const struct worker_groups *groups, const char *key);
bool worker_groups_lost(const struct worker_groups *groups, const char *key);
/* One of its workers is there, live or late. */
bool worker_groups_has(const struct worker_groups *groups, const char *key);
bool worker_groups_mixed(const struct worker_groups *groups);
/* All groups, struct worker_group, in the order in which they came; borrowed. */
const GPtrArray *worker_groups_all(const struct worker_groups *groups);
/* The one that gets new pictures; NULL: none. Borrowed. */
const struct worker_group *worker_groups_ruling(const struct worker_groups *groups);
