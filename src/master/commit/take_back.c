/* SPDX-License-Identifier: GPL-2.0-or-later
 * Outputs of a picture that failed at its commit: see take_back.h. */
#include "master/commit/take_back.h"

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/display.h"
#include "master/commit/output_conflicts.h"
#include "master/commit/output_places.h"

static void say_it_stays(GError *error, const char *path)
{
	g_autofree char *shown = display_name(path);
	g_autofree char *text = error->message;

	error->message = g_strdup_printf("%s; %s was finished before that and stays", text, shown);
}

/* The file first: after a crash in between the ledger knows of a file that is not there, which does no harm. */
static bool remove_output(struct names *names, struct job_output *output)
{
	if (output->is_folder)
		files_remove_tree(output->final);
	else
		beneath_unlink(output->final);
	if (beneath_exists(output->final))
		return false;
	files_sync_folder_of(output->final, NULL);
	names_give_up(names, output);
	output->renamed = output->committed = false;
	return true;
}

void take_back(struct names *names, const struct drop *drop, struct found *found, GError *error)
{
	for (guint i = 0; i < found->outputs->len; i++) {
		struct job_output *output = g_ptr_array_index(found->outputs, i);
		if (!output->renamed || !output->final || !names_wrote(names, drop, output))
			continue;
		if (!output->fresh || !remove_output(names, output))
			say_it_stays(error, output->final);
	}
}
