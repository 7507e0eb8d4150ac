/* SPDX-License-Identifier: GPL-2.0-or-later
 * Places of outputs that are let go, and the ledger of a new start: see output_places.h. */
#include "master/commit/output_places.h"
#include "ledger/ledger.h"

#include "base/log.h"

void names_refresh(struct names *names)
{
	g_autoptr(GError) error = NULL;

	if (!history_began(names->ledger))
		return;
	/* Records saved from a damaged ledger may be of an older version. */
	if (!history_relocate(names->ledger, names->out, &error))
		log_warning("%s", error->message);
	marks_relearn(&names->mill, names->ledger);
}

void names_give_up(struct names *names, struct job_output *output)
{
	g_mutex_lock(&names->mutex);
	g_hash_table_remove(names->holders, output->final);
	if (names->ledger)
		history_disown(names->ledger, mark_relative(&names->mill, output->final));
	else
		g_hash_table_remove(names->made, output->final);
	g_mutex_unlock(&names->mutex);
	g_clear_pointer(&output->final, g_free);
	g_clear_pointer(&output->note, g_free);
}

static gboolean held_by(gpointer path, gpointer holder, gpointer drop)
{
	(void)path;
	return holder == drop;
}

void names_let_go(struct names *names, const struct drop *drop)
{
	g_hash_table_foreach_remove(names->holders, held_by, (gpointer)drop);
}
