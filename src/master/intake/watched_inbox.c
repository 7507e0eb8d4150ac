/* SPDX-License-Identifier: GPL-2.0-or-later
 * An inbox that intake has: see watched_inbox.h. */
#include "master/intake/watched_inbox.h"

#include <string.h>

#include "base/log.h"
#include "master/intake/intake_state.h"

gint64 intake_reconcile_us = 60 * G_USEC_PER_SEC;
gint64 intake_poll_us = 2 * G_USEC_PER_SEC;
gint64 intake_check_us = G_USEC_PER_SEC; /* a folder that is open somewhere is deleted without an event */

void watched_inbox_why(struct intake *intake, struct watched_inbox *inbox, const char *why)
{
	if (g_strcmp0(inbox->why, why) == 0)
		return;
	g_free(inbox->why);
	inbox->why = g_strdup(why);
	if (why)
		log_warning("%s: %s", inbox->settings->path, why);
	if (intake->events.waiting)
		intake->events.waiting(inbox->settings->pipeline, inbox->settings->path, why, intake->events.user);
}

struct watched_inbox *watched_inbox_at(struct intake *intake, const char *path, guint64 device, guint64 inode)
{
	for (guint i = 0; i < intake->inboxes->len; i++) {
		struct watched_inbox *inbox = intake->inboxes->pdata[i];
		if (strcmp(inbox->settings->path, path) == 0 ||
			(inbox->folder.open && inbox->folder.device == device && inbox->folder.inode == inode))
			return inbox;
	}
	return NULL;
}
