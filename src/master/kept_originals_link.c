/* SPDX-License-Identifier: GPL-2.0-or-later
 * Intake asks about originals that stay, and looks again when the answer changes: see kept_originals_link.h. */
#include "master/kept_originals_link.h"

#include "master/commit/kept_originals_records.h"
#include "master/state/state.h"

static enum intake_known known(
	const struct inbox *inbox, const char *relative, const struct stat *status, bool told, void *user)
{
	return kept_look(((struct master *)user)->kept, inbox, relative, status, told);
}

static void gone(const struct inbox *inbox, const char *relative, bool deleted, void *user)
{
	kept_gone(((struct master *)user)->kept, inbox, relative, deleted);
}

static void walked(const struct inbox *inbox, void *user)
{
	kept_walked(((struct master *)user)->kept, inbox);
}

static guint64 kept_there(const struct inbox *inbox, void *user)
{
	return kept_count(((struct master *)user)->kept, inbox->pipeline);
}

struct decision {
	struct master *master;
	char *path;
};

static gboolean tell_intake(gpointer data)
{
	struct decision *decision = data;

	if (decision->master->intake)
		intake_look_again(decision->master->intake, decision->path);
	g_free(decision->path);
	g_free(decision);
	return G_SOURCE_REMOVE;
}

/* The thread that read a kept original. By way of the loop, which has intake. */
static void decided(const char *path, void *user)
{
	struct decision *decision = g_new(struct decision, 1);

	*decision = (struct decision){user, g_strdup(path)};
	g_idle_add(tell_intake, decision);
}

void kept_link_events(struct intake_events *events)
{
	events->known = known;
	events->gone = gone;
	events->walked = walked;
	events->kept = kept_there;
}

bool kept_link_open(struct master *master, GError **error)
{
	master->kept = kept_new(master->history, decided, master, error);
	master->report.of.kept = master->kept;
	return master->kept != NULL;
}
