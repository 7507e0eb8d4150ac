/* SPDX-License-Identifier: GPL-2.0-or-later
 * Task and result as records: see wire.h and the manual's protocol.md; the heartbeat is in heartbeat.c. */
#include "bus/protocol/wire.h"
#include "bus/protocol/parcels.h"

#include <string.h>

#include "base/error.h"
#include "bus/protocol/fields.h"
#include "bus/protocol/payload.h"

static const char *const kind_names[] = {[TASK_TILE] = "tile", [TASK_WHOLE] = "whole"};
static const char *const plane_names[] = {[PLANE_SHM] = "shm", [PLANE_INLINE] = "inline"};
static const char *const status_names[] = {
	[RESULT_OK] = "ok",
	[RESULT_FAILED] = "failed",
	[RESULT_RETRY] = "retry",
	[RESULT_MISSING] = "missing",
	[RESULT_HUGE] = "huge",
	[RESULT_REFUSED] = "refused",
	[RESULT_STALE] = "stale",
	[RESULT_LACKS] = "lacks",
};

const char *plane_name(enum plane plane)
{
	g_assert(plane < G_N_ELEMENTS(plane_names));
	return plane_names[plane];
}

const char *result_status_name(enum result_status status)
{
	g_assert(status < G_N_ELEMENTS(status_names));
	return status_names[status];
}

/* The lease that task and result speak of: these headers also tell the parts of one record from those of another. */
static void put_lease(
	struct record *record, const char *job, guint32 serial, gint32 tile, gint32 attempt, const char *worker)
{
	record_add(record, "job", job);
	record_addf(record, "serial", "%" G_GUINT32_FORMAT, serial);
	record_addf(record, "tile", "%d", tile);
	record_addf(record, "attempt", "%d", attempt);
	record_add(record, "worker", worker);
}

static bool get_lease(const struct record *record, char **job, guint32 *serial, gint32 *tile, gint32 *attempt,
	char **worker, GError **error)
{
	gint64 wide;

	if (!field_id(record, "job", FIELD_JOB_BYTES, job, error) ||
		!field_int(record, "serial", 0, G_MAXUINT32, &wide, error) ||
		!field_int32(record, "tile", 0, tile, error) || !field_int32(record, "attempt", 1, attempt, error) ||
		!field_id(record, "worker", FIELD_WORKER_BYTES, worker, error))
		return false;
	*serial = (guint32)wide;
	return true;
}

static void put_rect(struct record *record, const char *name, const struct rect *rect)
{
	record_addf(record, name, "%d,%d,%d,%d", rect->left, rect->top, rect->width, rect->height);
}

/* Assets, then the file or the pixels. What is in one piece of memory is the value as it is. */
static struct record *task_record(const struct task *task, gint32 partition)
{
	guint parcels = task->parcels ? task->parcels->len : 0;

	if (!parcels && !task->file)
		return record_new(TOPIC_TASKS, partition, task->payload ? g_bytes_ref(task->payload) : NULL);
	struct record *record = record_new(TOPIC_TASKS, partition, NULL);
	if (!parcels) {
		record->body = body_ref(task->file);
		return record;
	}
	record->body = body_new();
	for (guint i = 0; i < parcels; i++)
		body_add(record->body, ((struct parcel *)task->parcels->pdata[i])->bytes);
	if (task->file)
		body_add_all(record->body, task->file);
	else if (task->payload)
		body_add(record->body, task->payload);
	return record;
}

struct record *task_to_record(const struct task *task, gint32 partition)
{
	g_assert(task->job && task->worker && task->spec);
	struct record *record = task_record(task, partition);

	field_put_type(record, "task");
	put_lease(record, task->job, task->serial, task->tile, task->attempt, task->worker);
	record_add(record, "kind", kind_names[task->kind]);
	record_add(record, "plane", plane_name(task->plane));
	record_addf(record, "output", "%d", task->output);
	if (task->kind == TASK_TILE) {
		put_rect(record, "out", &task->out);
		put_rect(record, "need", &task->need);
	}
	record_add(record, "spec", task->spec);
	parcels_put(record, task->parcels);
	if (task->limit_ms > 0)
		record_addf(record, "limit_ms", "%" G_GINT64_FORMAT, task->limit_ms);
	return record;
}

static bool read_task(const struct record *record, struct task *task, GError **error)
{
	int kind, plane;

	if (!field_check_type(record, "task", error) ||
		!get_lease(record, &task->job, &task->serial, &task->tile, &task->attempt, &task->worker, error) ||
		!field_enum(record, "kind", kind_names, G_N_ELEMENTS(kind_names), &kind, error) ||
		!field_enum(record, "plane", plane_names, G_N_ELEMENTS(plane_names), &plane, error) ||
		!field_int32(record, "output", 0, &task->output, error))
		return false;
	task->kind = kind;
	task->plane = plane;
	if (task->kind == TASK_TILE &&
		(!field_rect(record, "out", &task->out, error) || !field_rect(record, "need", &task->need, error)))
		return false;
	if (task->kind == TASK_WHOLE && task->tile != 0)
		return fail(error, ERROR_INPUT, "header 'tile' of a whole file is not 0");
	if (!field_json(record, "spec", &task->spec, error))
		return false;
	task->body = record->body ? body_ref(record->body) : NULL;
	bool apart = task->kind == TASK_WHOLE && task->plane == PLANE_INLINE && record->body &&
		     !record_get(record, "assets");
	if (apart) { /* not mapped: it is as good as a file on the disk */
		task->file = body_ref(record->body);
		task->payload = g_bytes_new_static("", 0);
		task->parcels = parcels_new();
	} else if (!parcels_get(record, &task->parcels, &task->payload, error)) {
		return false;
	}
	if (record_get(record, "limit_ms") && !field_int(record, "limit_ms", 1, G_MAXINT32, &task->limit_ms, error))
		return false;
	if (task->plane == PLANE_SHM && g_bytes_get_size(task->payload) > 0)
		return fail(error, ERROR_INPUT, "pixels in a task whose plane is shm");
	/* A whole file may well be empty: to say so is the decoder's business. */
	if (task->plane == PLANE_INLINE && task->kind == TASK_TILE && g_bytes_get_size(task->payload) == 0)
		return fail(error, ERROR_INPUT, "no pixels in a tile whose plane is inline");
	return true;
}

struct task *task_from_record(const struct record *record, GError **error)
{
	auto_struct(task) task = g_new0(struct task, 1);
	g_autoptr(GError) cause = NULL;

	if (!read_task(record, task, &cause)) {
		fail(error, ERROR_INPUT, "malformed task: %s", cause->message);
		return NULL;
	}
	return g_steal_pointer(&task);
}

void task_free(struct task *task)
{
	if (!task)
		return;
	g_free(task->job);
	g_free(task->worker);
	g_free(task->spec);
	g_clear_pointer(&task->payload, g_bytes_unref);
	body_unref(task->file);
	body_unref(task->body);
	g_clear_pointer(&task->parcels, g_ptr_array_unref);
	g_free(task);
}

/* Words for people: cut where a letter ends rather than refused, for a reason cut short is better than none. */
static char *short_text(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
	if (strlen(valid) <= FIELD_TEXT_BYTES)
		return g_steal_pointer(&valid);
	const char *end = g_utf8_find_prev_char(valid, valid + FIELD_TEXT_BYTES);
	return g_strndup(valid, (gsize)(end - valid));
}

struct record *result_to_record(const struct result *result, gint32 partition)
{
	g_assert(result->job && result->worker);
	struct record *record = record_new(TOPIC_RESULTS, partition, NULL);
	g_autofree char *message = short_text(result->message);

	field_put_type(record, "result");
	put_lease(record, result->job, result->serial, result->tile, result->attempt, result->worker);
	record_add(record, "status", result_status_name(result->status));
	record_addf(record, "compute_us", "%" G_GINT64_FORMAT, result->compute_us);
	const struct work_spent *s = &result->spent;
	const gint64 spent[] = {s->cpu_us, s->wait_us, s->build_us, s->copy_us, s->copied_bytes, s->chains};
	field_put_list(record, "spent", spent, G_N_ELEMENTS(spent));
	record_add(record, "message", message);
	if (result->limit)
		record_add(record, "beyond", "limit");
	record_add(record, "report", result->report ? result->report : "{}");
	if (result->payload && body_bytes(result->payload) > 0)
		record->body = body_ref(result->payload);
	return record;
}

/* May be missing: a worker of another make need not measure. */
static bool read_spent(const struct record *record, struct work_spent *spent, GError **error)
{
	gint64 n[6];

	if (!record_get(record, "spent"))
		return true;
	if (!field_list(record, "spent", WORK_SPENT_MOST, n, G_N_ELEMENTS(n), error))
		return false;
	*spent = (struct work_spent){n[0], n[1], n[2], n[3], n[4], n[5]};
	return true;
}

static bool read_result(const struct record *record, struct result *result, GError **error)
{
	int status;

	if (!field_check_type(record, "result", error) ||
		!get_lease(record, &result->job, &result->serial, &result->tile, &result->attempt, &result->worker,
			error) ||
		!field_enum(record, "status", status_names, G_N_ELEMENTS(status_names), &status, error) ||
		!field_int(record, "compute_us", 0, G_MAXINT64, &result->compute_us, error) ||
		!read_spent(record, &result->spent, error))
		return false;
	result->status = status;
	result->limit = g_strcmp0(record_get(record, "beyond"), "limit") == 0;
	const char *message = field_text(record, "message", error);
	if (!message)
		return false;
	if (strlen(message) > FIELD_TEXT_BYTES)
		return fail(error, ERROR_INPUT, "header 'message' has more than %d bytes", FIELD_TEXT_BYTES);
	result->message = g_strdup(message);
	if (result->status == RESULT_LACKS && !field_is_sha256(message))
		return fail(error, ERROR_INPUT, "header 'message' of a result that lacks an asset is not its hash");
	if (!field_json(record, "report", &result->report, error))
		return false;
	if (result->status != RESULT_OK && payload_bytes(record) > 0)
		return fail(error, ERROR_INPUT, "pixels in a result that is not ok");
	result->payload = record->body ? body_ref(record->body) : body_new();
	if (!record->body)
		body_add(result->payload, record->value);
	return true;
}

struct result *result_from_record(const struct record *record, GError **error)
{
	auto_struct(result) result = g_new0(struct result, 1);
	g_autoptr(GError) cause = NULL;

	if (!read_result(record, result, &cause)) {
		fail(error, ERROR_INPUT, "malformed result: %s", cause->message);
		return NULL;
	}
	return g_steal_pointer(&result);
}

void result_free(struct result *result)
{
	if (!result)
		return;
	g_free(result->job);
	g_free(result->worker);
	g_free(result->message);
	g_free(result->report);
	body_unref(result->payload);
	g_free(result);
}

enum result_status result_status_of_lost(const GError *why)
{
	static const enum result_status status[] = {
		[ERROR_INPUT] = RESULT_FAILED, [ERROR_RETRY] = RESULT_RETRY, [ERROR_SYSTEM] = RESULT_STALE};

	return status[error_kind(why)];
}

struct result *result_instead(const struct record *record, enum result_status status, const char *why)
{
	auto_struct(result) result = g_new0(struct result, 1);

	if (!get_lease(record, &result->job, &result->serial, &result->tile, &result->attempt, &result->worker, NULL))
		return NULL;
	result->status = status;
	result->message = short_text(why);
	result->report = g_strdup("{}");
	result->payload = body_new();
	return g_steal_pointer(&result);
}
