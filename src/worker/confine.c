/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a worker may do: see confine.h. */
#include "worker/confine.h"

#include "base/disk/shared_memory.h"
#include "base/log.h"
#include "sandbox/path_allowlist.h"
#include "sandbox/sandbox.h"

/* Certificates, keys, keytabs: librdkafka reads them when it connects. */
static char **files_of(GHashTable *properties)
{
	g_autoptr(GStrvBuilder) files = g_strv_builder_new();
	GHashTableIter iter;
	gpointer name, value;

	g_hash_table_iter_init(&iter, properties);
	while (g_hash_table_iter_next(&iter, &name, &value))
		if (g_str_has_suffix(name, ".location") || g_str_has_suffix(name, "keytab"))
			g_strv_builder_add(files, value);
	return g_strv_builder_end(files);
}

void confine(const struct worker_args *args, GHashTable *properties)
{
	g_auto(GStrv) files = files_of(properties);

	path_allowlist_confine();
	for (char **folder = args->read; folder && *folder; folder++)
		path_allowlist_add(*folder, PLACE_READ);
	for (char **folder = args->write; folder && *folder; folder++)
		path_allowlist_add(*folder, PLACE_WRITE);
	if (args->server)
		segment_use_server(SERVER_FD);
	g_autofree char *missing = sandbox_enter(SANDBOX_NETWORK);
	/* The embedded broker is an address: no names are looked up. */
	g_autofree char *open_files = sandbox_files(files, !args->embedded);
	if (args->index > 0) /* the others would say the same */
		return;
	if (missing)
		log_warning("sandbox of workers: %s", missing);
	if (open_files)
		log_warning("sandbox of workers: %s", open_files);
}

bool confine_outdated(void)
{
	const char *changed = path_allowlist_changed();

	if (changed)
		log_info("%s is another folder than before; this worker is started again for it", changed);
	return changed != NULL;
}
