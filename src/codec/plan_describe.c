/* SPDX-License-Identifier: GPL-2.0-or-later
 * The plan as the master and the workers see it: see plan.h and dist/doc/reference/protocol.md. */
#include "codec/plan_describe.h"

#include "base/json.h"
#include "codec/plan_profile.h"
#include "image/chain/tilesource.h"
#include "image/write/format_changes.h"

static void add_ring(JsonObject *object, const struct ring *ring)
{
	json_object_set_int_member(object, "offset", (gint64)ring->offset);
	json_object_set_int_member(object, "stride", (gint64)ring->stride);
	json_object_set_int_member(object, "rows", ring->rows);
}

/* What a worker must know of an output. */
static JsonObject *describe_output(const struct plan_output *output)
{
	JsonObject *object = json_object_new();

	json_object_set_array_member(object, "steps", json_array_ref(output->steps));
	json_object_set_int_member(object, "width", output->grid.width);
	json_object_set_int_member(object, "height", output->grid.height);
	json_object_set_int_member(object, "pixel_bytes", (gint64)VIPS_IMAGE_SIZEOF_PEL(output->image));
	json_object_set_int_member(object, "piece_width", output->grid.piece_width);
	json_object_set_int_member(object, "piece_height", output->grid.piece_height);
	json_object_set_int_member(object, "columns", output->grid.columns);
	json_object_set_int_member(object, "tile_rows", output->grid.rows);
	format_tell_lost(output->image, output->format, output->save, object);
	format_tell_implied(output->implied, object);
	add_ring(object, &output->ring);
	return object;
}

JsonObject *plan_describe(const struct plan *plan)
{
	JsonObject *event = json_object_new();

	json_object_set_string_member(event, "event", "plan");
	json_object_set_int_member(event, "width", plan->source->Xsize);
	json_object_set_int_member(event, "height", plan->source->Ysize);
	json_object_set_string_member(event, "lane", plan->whole ? "whole" : "tiled");
	if (plan->whole) {
		json_object_set_string_member(event, "why", plan->whole);
		json_object_set_boolean_member(event, "always", plan->always);
		return event;
	}
	json_object_set_array_member(event, "skipped", json_array_ref(plan->skipped));
	json_object_set_array_member(event, "left_out", json_array_ref(plan->left_out));
	json_object_set_int_member(event, "tiles", plan->tiles->len);
	json_object_set_int_member(event, "segment_bytes", (gint64)plan->segment_bytes);
	json_object_set_boolean_member(event, "spool", plan->spool);
	json_object_set_boolean_member(event, "streams", plan->streams);

	JsonObject *task = json_object_new();
	JsonObject *source = tilesource_describe(plan->source);
	json_object_set_int_member(source, "pixel_bytes", (gint64)VIPS_IMAGE_SIZEOF_PEL(plan->source));
	add_ring(source, &plan->ring);
	plan_describe_profile(plan, event, source);
	json_object_set_object_member(task, "source", source);
	if (plan->names)
		json_object_set_object_member(task, "names", json_object_ref(plan->names));
	json_object_set_array_member(task, "steps", json_array_ref(plan->steps));
	JsonArray *outputs = json_array_new();
	for (guint o = 0; o < plan->outputs->len; o++)
		json_array_add_object_element(outputs, describe_output(g_ptr_array_index(plan->outputs, o)));
	json_object_set_array_member(task, "outputs", outputs);
	json_object_set_int_member(task, "segment_bytes", (gint64)plan->segment_bytes);
	json_object_set_object_member(event, "task", task);
	return event;
}
