/* SPDX-License-Identifier: GPL-2.0-or-later
 * A worker's arguments: see worker_args.h. */
#include "worker/worker_args.h"

#include <sys/socket.h>

#include "base/error.h"
#include "base/json.h"
#include "bus/seal.h"

/* PID:TASK:HOW */
static void read_endings(struct worker_args *told, char **texts)
{
	told->endings = endings_new();
	for (char **text = texts; text && *text; text++) {
		char *how = NULL;
		gint64 pid = g_ascii_strtoll(*text, &how, 10);
		g_auto(GStrv) parts = g_strsplit(how, ":", 3);
		if (pid > 0 && g_strv_length(parts) == 3)
			endings_add(told->endings, pid, parts[2], parts[1]);
	}
}

static bool read_key(struct worker_args *told, GError **error)
{
	guint8 key[SEAL_KEY_BYTES];

	if (recv(DOOR_FD, key, sizeof key, MSG_WAITALL) != (gssize)sizeof key)
		return fail_errno(error, "the supervisor gave no key");
	told->key = g_bytes_new(key, sizeof key);
	return true;
}

bool worker_args_read(struct worker_args *told, int argc, char **argv, GError **error)
{
	g_auto(GStrv) endings = NULL;
	gboolean key = FALSE;
	const GOptionEntry entries[] = {
		{"brokers", 0, 0, G_OPTION_ARG_STRING, &told->brokers, NULL, NULL},
		{"topic-prefix", 0, 0, G_OPTION_ARG_STRING, &told->prefix, NULL, NULL},
		{"payload", 0, 0, G_OPTION_ARG_STRING, &told->payload, NULL, NULL},
		{"partition", 0, 0, G_OPTION_ARG_INT, &told->partition, NULL, NULL},
		{"index", 0, 0, G_OPTION_ARG_INT, &told->index, NULL, NULL},
		{"parent", 0, 0, G_OPTION_ARG_INT, &told->parent, NULL, NULL},
		{"embedded", 0, 0, G_OPTION_ARG_NONE, &told->embedded, NULL, NULL},
		{"door", 0, 0, G_OPTION_ARG_NONE, &told->door, NULL, NULL},
		{"key", 0, 0, G_OPTION_ARG_NONE, &key, NULL, NULL},
		{"read", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &told->read, NULL, NULL},
		{"write", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &told->write, NULL, NULL},
		{"slot", 0, 0, G_OPTION_ARG_STRING, &told->slot, NULL, NULL},
		{"journal", 0, 0, G_OPTION_ARG_STRING, &told->journal, NULL, NULL},
		{"restarts", 0, 0, G_OPTION_ARG_INT, &told->restarts, NULL, NULL},
		{"ended", 0, 0, G_OPTION_ARG_STRING_ARRAY, &endings, NULL, NULL},
		{"recycle-tasks", 0, 0, G_OPTION_ARG_INT, &told->recycle_tasks, NULL, NULL},
		{"recycle-growth", 0, 0, G_OPTION_ARG_INT64, &told->recycle_growth_bytes, NULL, NULL},
		{"spool", 0, 0, G_OPTION_ARG_INT64, &told->spool_bytes, NULL, NULL},
		{"memory", 0, 0, G_OPTION_ARG_INT64, &told->memory_bytes, NULL, NULL},
		{0},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	told->partition = -1;
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return false;
	if (!told->brokers)
		return fail(error, ERROR_SYSTEM, "a worker needs --brokers");
	read_endings(told, endings);
	return !key || read_key(told, error);
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
