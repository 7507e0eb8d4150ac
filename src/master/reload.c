/* SPDX-License-Identifier: GPL-2.0-or-later
 * Definitions read again, when they change or SIGHUP says so: see reload.h. */
#include "master/reload.h"

#include "base/log.h"
#include "master/report/view.h"
#include "master/schedule/asset_copies.h"
#include "master/service.h"
#include "master/start.h"
#include "master/state/state.h"

#define RELOAD_QUIET_MS 300

void reload_say_errors(const GPtrArray *definitions)
{
	for (guint i = 0; i < definitions->len; i++) {
		const struct definition *definition = g_ptr_array_index((GPtrArray *)definitions, i);
		g_auto(GStrv) lines = g_strsplit(definition->errors, "\n", -1);
		for (guint l = 0; lines[l] && lines[l][0]; l++)
			log_error("%s", lines[l]);
		if (definition->errors[0])
			log_warning(definition->pipeline ? "%s: the new version has an error; the last good one goes on"
							 : "%s is off until that is fixed",
				definition->name);
	}
}

static void end_reload(struct definitions *definitions)
{
	if (definitions->hangup)
		service_ready();
	definitions->hangup = false;
}

static gboolean reload(gpointer data)
{
	struct master *master = data;
	g_autoptr(GError) error = NULL;
	GPtrArray *fresh = definitions_load(
		master->settings.options->pipelines, assets_folder(master->definitions.assets), &error);

	master->definitions.timer = 0;
	if (!fresh) {
		log_error("%s; the definitions stay as they were", error->message);
		end_reload(&master->definitions);
		return G_SOURCE_REMOVE;
	}
	definitions_keep_good(fresh, master->definitions.all);
	g_ptr_array_unref(master->definitions.all);
	master->definitions.all = fresh;
	assets_watch(master->definitions.assets, fresh);
	assets_sweep(master->definitions.assets, &master->definitions, &master->queue);
	reload_say_errors(fresh);
	intake_set(master->intake, start_inboxes(master));
	log_info("definitions read again: %u files", fresh->len);
	end_reload(&master->definitions);
	view_changed(&master->report);
	return G_SOURCE_REMOVE;
}

void reload_soon(struct master *master)
{
	if (master->intake && !master->definitions.timer)
		master->definitions.timer = g_timeout_add(RELOAD_QUIET_MS, reload, master);
}

gboolean reload_hangup(gpointer data)
{
	struct master *master = data;

	if (master->intake && !master->draining) {
		master->definitions.hangup = true;
		service_reloading();
	}
	reload_soon(master);
	return G_SOURCE_CONTINUE;
}

void reload_touched(GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer data)
{
	(void)monitor;
	(void)file;
	(void)other;
	if (event != G_FILE_MONITOR_EVENT_ATTRIBUTE_CHANGED)
		reload_soon(data);
}
