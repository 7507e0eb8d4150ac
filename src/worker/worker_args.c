/* SPDX-License-Identifier: GPL-2.0-or-later
 * A worker's arguments: see worker_args.h. */
#include "worker/worker_args.h"

#include <sys/socket.h>

#include "base/error.h"
#include "base/json.h"
#include "bus/protocol/heartbeat.h"
#include "bus/seal.h"

/* PID:TASK:HOW */
static void read_endings(struct worker_args *args, char **texts)
{
	args->endings = endings_new();
	for (char **text = texts; text && *text; text++) {
		char *how = NULL;
		gint64 pid = g_ascii_strtoll(*text, &how, 10);
		g_auto(GStrv) parts = g_strsplit(how, ":", 3);
		if (pid > 0 && g_strv_length(parts) == 3)
			endings_add(args->endings, pid, parts[2], parts[1]);
	}
}

static bool read_key(struct worker_args *args, GError **error)
{
	guint8 key[SEAL_KEY_BYTES];

	if (recv(SERVER_FD, key, sizeof key, MSG_WAITALL) != (gssize)sizeof key)
		return fail_errno(error, "the supervisor gave no key");
	args->key = g_bytes_new(key, sizeof key);
	return true;
}

bool worker_args_read(struct worker_args *args, int argc, char **argv, GError **error)
{
	g_auto(GStrv) endings = NULL;
	gboolean key = FALSE;
	const GOptionEntry entries[] = {
		{"brokers", 0, 0, G_OPTION_ARG_STRING, &args->brokers, NULL, NULL},
		{"topic-prefix", 0, 0, G_OPTION_ARG_STRING, &args->prefix, NULL, NULL},
		{"payload", 0, 0, G_OPTION_ARG_STRING, &args->payload, NULL, NULL},
		{"partition", 0, 0, G_OPTION_ARG_INT, &args->partition, NULL, NULL},
		{"index", 0, 0, G_OPTION_ARG_INT, &args->index, NULL, NULL},
		{"parent", 0, 0, G_OPTION_ARG_INT, &args->parent, NULL, NULL},
		{"embedded", 0, 0, G_OPTION_ARG_NONE, &args->embedded, NULL, NULL},
		{"door", 0, 0, G_OPTION_ARG_NONE, &args->server, NULL, NULL},
		{"key", 0, 0, G_OPTION_ARG_NONE, &key, NULL, NULL},
		{"read", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args->read, NULL, NULL},
		{"write", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &args->write, NULL, NULL},
		{"slot", 0, 0, G_OPTION_ARG_STRING, &args->slot, NULL, NULL},
		{"journal", 0, 0, G_OPTION_ARG_STRING, &args->journal, NULL, NULL},
		{"restarts", 0, 0, G_OPTION_ARG_INT, &args->restarts, NULL, NULL},
		{"ended", 0, 0, G_OPTION_ARG_STRING_ARRAY, &endings, NULL, NULL},
		{"recycle-tasks", 0, 0, G_OPTION_ARG_INT, &args->recycle_tasks, NULL, NULL},
		{"recycle-growth", 0, 0, G_OPTION_ARG_INT64, &args->recycle_growth_bytes, NULL, NULL},
		{"spool", 0, 0, G_OPTION_ARG_INT64, &args->spool_bytes, NULL, NULL},
		{"memory", 0, 0, G_OPTION_ARG_INT64, &args->memory_bytes, NULL, NULL},
		{0},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	args->partition = -1;
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return false;
	if (!args->brokers)
		return fail(error, ERROR_SYSTEM, "a worker needs --brokers");
	read_endings(args, endings);
	return !key || read_key(args, error);
}

GHashTable *worker_args_properties(void)
{
	GHashTable *properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	const char *text = g_getenv("DROPMILL_WORKER_PROPERTIES");
	g_autoptr(JsonObject) object = text ? json_parse_object(text, -1, NULL) : NULL;
	JsonObjectIter iter;
	const char *name;
	JsonNode *value;

	if (object) {
		json_object_iter_init(&iter, object);
		while (json_object_iter_next(&iter, &name, &value))
			if (json_string(object, name, NULL))
				g_hash_table_insert(
					properties, g_strdup(name), g_strdup(json_string(object, name, NULL)));
	}
	g_unsetenv("DROPMILL_WORKER_PROPERTIES"); /* before there are threads */
	return properties;
}
