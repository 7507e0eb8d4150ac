/* SPDX-License-Identifier: GPL-2.0-or-later
 * Workers by their image code: see worker_groups.h. */
#include "master/fleet/worker_groups.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/* Longer than Kafka takes to hand partitions over, and than a worker is late before it is gone. */
#define GIVE_UP_US (60 * (gint64)G_USEC_PER_SEC)

struct worker_groups {
	GPtrArray *all;
	bool mixed; /* as it was said last */
};

static void group_free(struct worker_group *group)
{
	g_ref_string_release(group->key);
	g_free(group->version);
	g_free(group->vips);
	g_free(group->hash);
	g_free(group);
}

struct worker_groups *worker_groups_new(void)
{
	struct worker_groups *groups = g_new0(struct worker_groups, 1);

	groups->all = g_ptr_array_new_with_free_func((GDestroyNotify)group_free);
	return groups;
}

void worker_groups_free(struct worker_groups *groups)
{
	if (!groups)
		return;
	g_ptr_array_unref(groups->all);
	g_free(groups);
}

char *worker_group_key(const char *version, const char *vips, const char *hash)
{
	g_autofree char *key = g_strjoin(" ", version ? version : "", vips ? vips : "", hash ? hash : "", NULL);

	return g_ref_string_new(key);
}

char *worker_group_text(const char *version, const char *vips, const char *hash)
{
	return g_strdup_printf("libvips %s (dropmill %s, pixels %.8s)", *vips ? vips : "unknown",
		*version ? version : "unknown", *hash ? hash : "unknown");
}

static char *text_of(const struct worker_group *group)
{
	return worker_group_text(group->version, group->vips, group->hash);
}

static int index_of(const struct worker_groups *groups, const char *key)
{
	for (guint i = 0; i < groups->all->len; i++)
		if (strcmp(((struct worker_group *)groups->all->pdata[i])->key, key) == 0)
			return (int)i;
	return -1;
}

struct worker_group *worker_groups_join(
	struct worker_groups *groups, const char *version, const char *vips, const char *hash)
{
	char *key = worker_group_key(version, vips, hash);
	int index = index_of(groups, key);

	if (index < 0) {
		struct worker_group *made = g_new0(struct worker_group, 1);
		*made = (struct worker_group){.key = g_ref_string_acquire(key),
			.of = groups,
			.version = g_strdup(version ? version : ""),
			.vips = g_strdup(vips ? vips : ""),
			.hash = g_strdup(hash ? hash : ""),
			.usable_us = clock_now_us(),
			.rules = !worker_groups_ruling(groups)};
		index = (int)groups->all->len;
		g_ptr_array_add(groups->all, made);
	}
	g_ref_string_release(key);
	struct worker_group *group = groups->all->pdata[index];
	group->workers++;
	return group;
}

void worker_group_leave(struct worker_group *group)
{
	if (--group->workers == 0)
		g_ptr_array_remove(group->of->all, group);
}

/* None of its workers could get a task for long. */
static bool is_given_up(const struct worker_group *group)
{
	return !group->members.usable && clock_now_us() - group->usable_us > GIVE_UP_US;
}

/* By the same index. Owned. */
static struct fleet_members *members_of(const struct worker_groups *groups)
{
	struct fleet_members *members = g_new(struct fleet_members, MAX(groups->all->len, 1));

	for (guint i = 0; i < groups->all->len; i++)
		members[i] = ((struct worker_group *)groups->all->pdata[i])->members;
	return members;
}

void worker_groups_begin(struct worker_groups *groups)
{
	for (guint i = 0; i < groups->all->len; i++)
		((struct worker_group *)groups->all->pdata[i])->members = (struct fleet_members){0, 0};
}

void worker_group_count(struct worker_group *group, bool present, bool usable)
{
	group->members.present += present;
	group->members.usable += usable;
	if (usable)
		group->usable_us = clock_now_us();
}

static int ruling_index(const struct worker_groups *groups)
{
	for (guint i = 0; i < groups->all->len; i++)
		if (((struct worker_group *)groups->all->pdata[i])->rules)
			return (int)i;
	return -1;
}

/* Those that are there, beside the one that rules. Returns owned; NULL: there are none. */
static char *unused_text(const struct worker_groups *groups)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < groups->all->len; i++) {
		const struct worker_group *group = groups->all->pdata[i];
		g_autofree char *name = text_of(group);
		if (!group->rules && group->members.present)
			g_string_append_printf(
				text, "%s%u with %s", text->len ? ", " : "", group->members.present, name);
	}
	return text->len ? g_strdup(text->str) : NULL;
}

static void say(const struct worker_groups *groups)
{
	const struct worker_group *ruling = worker_groups_ruling(groups);
	g_autofree char *name = ruling ? text_of(ruling) : g_strdup("none");
	g_autofree char *others = unused_text(groups);

	if (others)
		log_warning("the workers are mixed: new pictures go to those with %s; not used: %s", name, others);
	else
		log_info("the workers agree: all have %s", name);
}

void worker_groups_settle(struct worker_groups *groups)
{
	g_autofree struct fleet_members *members = members_of(groups);
	int before = ruling_index(groups), now = fleet_ruling(members, groups->all->len, before);
	bool mixed = fleet_mixed(members, groups->all->len);
	for (guint i = 0; i < groups->all->len; i++)
		((struct worker_group *)groups->all->pdata[i])->rules = (int)i == now;
	if (mixed != groups->mixed || (mixed && now != before))
		say(groups);
	groups->mixed = mixed;
}

/* For a picture. Owned. */
static struct fleet_members *takers_of(const struct worker_groups *groups)
{
	struct fleet_members *members = members_of(groups);

	for (guint i = 0; i < groups->all->len; i++)
		if (is_given_up(groups->all->pdata[i]))
			members[i].present = 0;
	return members;
}

bool worker_groups_may_cut(const struct worker_groups *groups, const char *key)
{
	g_autofree struct fleet_members *members = takers_of(groups);

	return fleet_may_cut(members, groups->all->len, index_of(groups, key));
}

bool worker_groups_lost(const struct worker_groups *groups, const char *key)
{
	g_autofree struct fleet_members *members = takers_of(groups);

	return fleet_lost(members, groups->all->len, index_of(groups, key));
}

bool worker_groups_has(const struct worker_groups *groups, const char *key)
{
	int index = index_of(groups, key);

	return index >= 0 && ((struct worker_group *)groups->all->pdata[index])->members.present > 0;
}

bool worker_groups_mixed(const struct worker_groups *groups)
{
	return groups->mixed;
}

const GPtrArray *worker_groups_all(const struct worker_groups *groups)
{
	return groups->all;
}

const struct worker_group *worker_groups_ruling(const struct worker_groups *groups)
{
	int index = ruling_index(groups);

	return index < 0 ? NULL : groups->all->pdata[index];
}
