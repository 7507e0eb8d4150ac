/* SPDX-License-Identifier: GPL-2.0-or-later
 * One task: see compute.h. */
#include "worker/compute.h"

#include "base/log.h"
#include "bus/protocol/parcels.h"
#include "image/asset/asset.h"
#include "image/table/warnings.h"
#include "worker/ordered_failure.h"
#include "worker/whole.h"

static void keep_assets(const struct task *task)
{
	for (guint i = 0; i < task->parcels->len; i++) {
		const struct parcel *parcel = task->parcels->pdata[i];
		gsize size;
		gconstpointer data = g_bytes_get_data(parcel->bytes, &size);
		g_autoptr(GBytes) own = g_bytes_new(data, size); /* kept for long, unlike the message that it came in */
		if (!asset_add(parcel->sha256, own))
			log_warning("asset %s came with other bytes: passed over", parcel->sha256);
	}
}

static enum result_status compute(struct tiles *tiles, int index, const struct task *task, JsonObject **report,
	struct body **payload, GError **error)
{
	enum result_status status;

	if (ordered_failure(index, task, &status, error))
		return status;
	if (task->kind == TASK_WHOLE)
		return whole_compute(task, report, payload, error);
	g_autoptr(GBytes) pixels = NULL;
	status = tiles_compute(tiles, task, &pixels, error);
	if (pixels) {
		*payload = body_new();
		body_add(*payload, pixels);
	}
	return status;
}

/* What came in a spool file that the disk lost was read as zeros: neither a result nor a verdict comes of them. */
static enum result_status trust(
	const struct task *task, enum result_status status, struct body **payload, GError **error)
{
	g_autoptr(GError) lost = NULL;

	if (!task->body || body_was_kept(task->body, &lost))
		return status;
	g_clear_pointer(payload, body_unref);
	g_clear_error(error);
	g_propagate_error(error, g_steal_pointer(&lost));
	return RESULT_RETRY;
}

enum result_status compute_task(struct tiles *tiles, int index, const struct task *task, JsonObject **report,
	struct body **payload, GError **error)
{
	keep_assets(task);
	warnings_begin(task->job);
	enum result_status status = trust(task, compute(tiles, index, task, report, payload, error), payload, error);
	if (status == RESULT_OK)
		warnings_say(task->spec);
	return status;
}
