/* SPDX-License-Identifier: GPL-2.0-or-later
 * The heartbeat as a record, with JSON for a value: see wire.h and the manual's protocol.md. */
#include "bus/protocol/heartbeat.h"

#include <string.h>

#include "base/display.h"
#include "base/error.h"
#include "bus/protocol/fields.h"
#include "bus/protocol/journal.h"

#define PARTITIONS_MOST 10000
#define TEXT_MOST 512
#define SLOT_BYTES 64
#define HOW_BYTES 64

static const char *const states[] = {"idle", "busy", "stopping"};

static void ending_free(struct ending *ending)
{
	g_free(ending->how);
	g_free(ending->task);
	g_free(ending);
}

GPtrArray *endings_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)ending_free);
}

void endings_add(GPtrArray *endings, gint64 pid, const char *how, const char *task)
{
	struct ending *ending = g_new(struct ending, 1);

	*ending = (struct ending){pid, g_strdup(how), g_strdup(task)};
	if (endings->len >= ENDINGS_MOST)
		g_ptr_array_remove_index(endings, 0);
	g_ptr_array_add(endings, ending);
}

static JsonArray *endings_to_json(const GPtrArray *endings)
{
	JsonArray *list = json_array_new();

	for (guint i = 0; endings && i < endings->len; i++) {
		const struct ending *ending = endings->pdata[i];
		JsonObject *entry = json_object_new();
		json_object_set_int_member(entry, "pid", ending->pid);
		json_object_set_string_member(entry, "how", ending->how);
		if (ending->task)
			json_object_set_string_member(entry, "task", ending->task);
		json_array_add_object_element(list, entry);
	}
	return list;
}

static JsonArray *lags_to_json(const GArray *lags)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < lags->len; i++)
		json_array_add_int_element(array, g_array_index(lags, gint64, i));
	return array;
}

struct record *heartbeat_to_record(const struct heartbeat *heartbeat)
{
	g_autoptr(JsonObject) object = json_object_new();
	JsonArray *partitions = json_array_new(), *planes = json_array_new();

	json_object_set_string_member(object, "id", heartbeat->id);
	json_object_set_string_member(object, "host", heartbeat->host);
	json_object_set_int_member(object, "pid", heartbeat->pid);
	json_object_set_string_member(object, "machine", heartbeat->machine);
	json_object_set_string_member(object, "state", heartbeat->state);
	json_object_set_string_member(object, "job", heartbeat->job ? heartbeat->job : "");
	json_object_set_int_member(object, "tile", heartbeat->tile);
	json_object_set_int_member(object, "attempt", heartbeat->attempt);
	json_object_set_int_member(object, "busy_us", heartbeat->busy_us);
	json_object_set_int_member(object, "done", (gint64)heartbeat->done);
	json_object_set_int_member(object, "failed", (gint64)heartbeat->failed);
	for (guint i = 0; heartbeat->partitions && i < heartbeat->partitions->len; i++)
		json_array_add_int_element(partitions, g_array_index(heartbeat->partitions, gint32, i));
	json_object_set_array_member(object, "partitions", partitions);
	json_object_set_int_member(object, "lag", heartbeat->lag);
	for (guint i = 0; i < G_N_ELEMENTS(heartbeat->planes); i++)
		if (heartbeat->planes[i])
			json_array_add_string_element(planes, plane_name(i));
	json_object_set_array_member(object, "planes", planes);
	json_object_set_boolean_member(object, "files", !heartbeat->no_files);
	json_object_set_string_member(object, "vips", heartbeat->vips ? heartbeat->vips : "");
	json_object_set_string_member(object, "test_hash", heartbeat->test_hash ? heartbeat->test_hash : "");
	json_object_set_int_member(object, "rss_bytes", heartbeat->rss_bytes);
	json_object_set_int_member(object, "sequence", heartbeat->sequence);
	json_object_set_string_member(object, "slot", heartbeat->slot ? heartbeat->slot : "");
	json_object_set_int_member(object, "restarts", heartbeat->restarts);
	json_object_set_boolean_member(object, "retiring", heartbeat->retiring);
	json_object_set_string_member(object, "version", heartbeat->version ? heartbeat->version : "");
	if (heartbeat->lags)
		json_object_set_array_member(object, "lags", lags_to_json(heartbeat->lags));
	json_object_set_array_member(object, "endings", endings_to_json(heartbeat->endings));

	char *text = json_object_text(object);
	struct record *record = record_new(TOPIC_HEARTBEATS, 0, g_bytes_new_take(text, strlen(text)));
	field_put_type(record, "heartbeat");
	return record;
}

static bool get_text(JsonObject *object, const char *name, gsize most, char **text, GError **error)
{
	const char *found = json_string(object, name, NULL);
	if (!found || strlen(found) > most || !display_is_safe(found))
		return fail(error, ERROR_INPUT, "'%s' is not a line of up to %zu bytes", name, most);
	*text = g_strdup(found);
	return true;
}

static bool get_id(JsonObject *object, const char *name, gsize most, bool may_be_empty, char **text, GError **error)
{
	if (!get_text(object, name, most, text, error))
		return false;
	if (may_be_empty && !**text)
		return true;
	return field_is_id(*text, most) ||
	       fail(error, ERROR_INPUT, "'%s' is not a name of letters, digits, '.', '_', '-'", name);
}

static bool get_int(JsonObject *object, const char *name, gint64 least, gint64 most, gint64 *value, GError **error)
{
	/* Two fallbacks: a number that is there is the same with both. */
	*value = json_int(object, name, G_MININT64);
	if (*value != json_int(object, name, G_MAXINT64) || *value < least || *value > most)
		return fail(error, ERROR_INPUT, "'%s' is not a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
			name, least, most);
	return true;
}

static bool get_partitions(JsonObject *object, GArray *partitions, GError **error)
{
	JsonArray *array = json_array(object, "partitions");
	guint count = array ? json_array_get_length(array) : 0;
	bool good = array && count <= PARTITIONS_MOST;

	for (guint i = 0; good && i < count; i++) {
		JsonNode *node = json_array_get_element(array, i);
		good = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64;
		gint64 wide = good ? json_node_get_int(node) : -1;
		good = wide >= 0 && wide <= G_MAXINT32;
		gint32 partition = (gint32)wide;
		if (good)
			g_array_append_val(partitions, partition);
	}
	return good || fail(error, ERROR_INPUT, "'partitions' is not a list of partition numbers");
}

/* A plane that this program does not know is another's: left out. */
static bool get_planes(JsonObject *object, bool planes[2], GError **error)
{
	JsonArray *array = json_array(object, "planes");
	if (!array)
		return fail(error, ERROR_INPUT, "'planes' is not a list of names");
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);
		if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
			return fail(error, ERROR_INPUT, "'planes' is not a list of names");
		for (int plane = 0; plane < 2; plane++)
			planes[plane] |= strcmp(json_node_get_string(node), plane_name(plane)) == 0;
	}
	return true;
}

static bool get_state(JsonObject *object, char **state, GError **error)
{
	if (!get_text(object, "state", TEXT_MOST, state, error))
		return false;
	for (gsize i = 0; i < G_N_ELEMENTS(states); i++)
		if (strcmp(*state, states[i]) == 0)
			return true;
	return fail(error, ERROR_INPUT, "'state' is not idle, busy or stopping");
}

/* SHA-256 in hex, or "" from a worker that made no test. */
static bool get_hash(JsonObject *object, char **hash, GError **error)
{
	if (!get_text(object, "test_hash", 64, hash, error))
		return false;
	gsize length = strlen(*hash);
	return length == 0 || (length == 64 && strspn(*hash, "0123456789abcdef") == 64) ||
	       fail(error, ERROR_INPUT, "'test_hash' is not a SHA-256 in hex");
}

/* Words that end up in reasons: printable, short. */
static bool is_words(const char *text, gsize most)
{
	gsize length = text ? strlen(text) : 0;

	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isprint(text[i]))
			return false;
	return length > 0 && length <= most;
}

static bool get_endings(JsonObject *object, GPtrArray *endings, GError **error)
{
	JsonArray *list = json_array(object, "endings");
	guint count = list ? json_array_get_length(list) : 0;
	bool good = list && count <= ENDINGS_MOST;

	for (guint i = 0; good && i < count; i++) {
		JsonObject *entry = json_object_at(list, i);
		gint64 pid = json_int(entry, "pid", 0);
		const char *how = json_string(entry, "how", NULL);
		const char *task = json_string(entry, "task", NULL);
		good = pid > 0 && is_words(how, HOW_BYTES) && (!task || !*task || is_words(task, JOURNAL_TASK_BYTES));
		if (good)
			endings_add(endings, pid, how, task);
	}
	return good || fail(error, ERROR_INPUT, "'endings' is not a list of up to %d {pid, how, task}", ENDINGS_MOST);
}

/* One for each partition, so that they can be reported together. */
static bool get_lags(JsonObject *object, struct heartbeat *heartbeat, GError **error)
{
	JsonArray *list = json_array(object, "lags");
	guint count = list ? json_array_get_length(list) : 0;
	bool good = list && count == heartbeat->partitions->len;

	heartbeat->lags = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (guint i = 0; good && i < count; i++) {
		JsonNode *node = json_array_get_element(list, i);
		good = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64;
		gint64 lag = good ? json_node_get_int(node) : -1;
		good = good && lag >= -1 && lag < G_MAXINT64;
		g_array_append_val(heartbeat->lags, lag);
	}
	return good || fail(error, ERROR_INPUT, "'lags' is not a list of one number for each partition");
}

/* Members that a worker of another make may leave out. */
static bool read_optional(JsonObject *object, struct heartbeat *heartbeat, GError **error)
{
	heartbeat->endings = endings_new();
	if (!json_object_has_member(object, "slot"))
		heartbeat->slot = g_strdup("");
	else if (!get_id(object, "slot", SLOT_BYTES, true, &heartbeat->slot, error))
		return false;
	if (json_object_has_member(object, "restarts") &&
		!get_int(object, "restarts", 0, G_MAXINT64 - 1, &heartbeat->restarts, error))
		return false;
	heartbeat->retiring = json_bool(object, "retiring", false);
	if (!json_object_has_member(object, "version"))
		heartbeat->version = g_strdup("");
	else if (!get_text(object, "version", TEXT_MOST, &heartbeat->version, error))
		return false;
	if (json_object_has_member(object, "lags") && !get_lags(object, heartbeat, error))
		return false;
	return !json_object_has_member(object, "endings") || get_endings(object, heartbeat->endings, error);
}

static bool read_heartbeat(const struct record *record, struct heartbeat *heartbeat, GError **error)
{
	gsize size;
	const char *text = g_bytes_get_data(record->value, &size);
	gint64 tile, attempt, done, failed;

	if (!field_check_type(record, "heartbeat", error))
		return false;
	g_autoptr(JsonObject) object = field_parse_object(text ? text : "", size, error);
	if (!object)
		return false;
	if (!get_id(object, "id", FIELD_WORKER_BYTES, false, &heartbeat->id, error) ||
		!get_text(object, "host", TEXT_MOST, &heartbeat->host, error) ||
		!get_int(object, "pid", 1, G_MAXINT64, &heartbeat->pid, error) ||
		!get_text(object, "machine", TEXT_MOST, &heartbeat->machine, error) ||
		!get_state(object, &heartbeat->state, error) ||
		!get_id(object, "job", FIELD_JOB_BYTES, true, &heartbeat->job, error) ||
		!get_int(object, "tile", -1, G_MAXINT32, &tile, error) ||
		!get_int(object, "attempt", 0, G_MAXINT32, &attempt, error) ||
		!get_int(object, "busy_us", 0, G_MAXINT64 - 1, &heartbeat->busy_us, error) ||
		!get_int(object, "done", 0, G_MAXINT64 - 1, &done, error) ||
		!get_int(object, "failed", 0, G_MAXINT64 - 1, &failed, error) ||
		!get_partitions(object, heartbeat->partitions, error) ||
		!get_int(object, "lag", -1, G_MAXINT64 - 1, &heartbeat->lag, error) ||
		!get_planes(object, heartbeat->planes, error) ||
		!get_text(object, "vips", TEXT_MOST, &heartbeat->vips, error) ||
		!get_hash(object, &heartbeat->test_hash, error) ||
		!get_int(object, "rss_bytes", 0, G_MAXINT64 - 1, &heartbeat->rss_bytes, error) ||
		!get_int(object, "sequence", 1, G_MAXINT64 - 1, &heartbeat->sequence, error) ||
		!read_optional(object, heartbeat, error))
		return false;
	heartbeat->no_files = !json_bool(object, "files", true);
	heartbeat->tile = (gint32)tile;
	heartbeat->attempt = (gint32)attempt;
	heartbeat->done = (guint64)done;
	heartbeat->failed = (guint64)failed;
	return true;
}

struct heartbeat *heartbeat_from_record(const struct record *record, GError **error)
{
	auto_struct(heartbeat) heartbeat = g_new0(struct heartbeat, 1);
	g_autoptr(GError) cause = NULL;

	heartbeat->partitions = g_array_new(FALSE, FALSE, sizeof(gint32));
	if (!read_heartbeat(record, heartbeat, &cause)) {
		fail(error, ERROR_INPUT, "malformed heartbeat: %s", cause->message);
		return NULL;
	}
	return g_steal_pointer(&heartbeat);
}

void heartbeat_free(struct heartbeat *heartbeat)
{
	if (!heartbeat)
		return;
	g_free(heartbeat->id);
	g_free(heartbeat->host);
	g_free(heartbeat->machine);
	g_free(heartbeat->state);
	g_free(heartbeat->job);
	g_clear_pointer(&heartbeat->partitions, g_array_unref);
	g_free(heartbeat->vips);
	g_free(heartbeat->test_hash);
	g_free(heartbeat->slot);
	g_free(heartbeat->version);
	g_clear_pointer(&heartbeat->lags, g_array_unref);
	g_clear_pointer(&heartbeat->endings, g_ptr_array_unref);
	g_free(heartbeat);
}
