/* SPDX-License-Identifier: GPL-2.0-or-later
 * The picture's ICC profile on its way to the workers: see plan_profile.h. */
#include "codec/plan_profile.h"
#include "image/encode/format_prepare.h"

#include "base/json.h"
#include "image/chain/chain.h"
#include "image/operations/operations.h"
#include "image/table/auto.h"
#include "image/write/format_changes.h"

/* Profiles of presses have one or two. */
#define PROFILE_BYTES_MOST (8 << 20)

static const char last_step[] =
	"{\"op\": \"strip\", \"params\": {\"keep\": [\"exif\", \"xmp\", \"iptc\", \"orientation\", \"comments\"]}}";

static bool append(VipsImage **image, JsonArray *step, GError **error)
{
	VipsImage *next = NULL;

	if (!chain_build(step, 0, *image, NULL, &next, error))
		return false;
	g_object_unref(*image);
	*image = next;
	return true;
}

bool plan_settle(struct plan_output *output, VipsImage **recorded, GError **error)
{
	g_autoptr(JsonArray) alone = json_array_new();
	JsonArray *steps = json_array_new();

	output->implied = format_implied(output->image, output->format, output->save);
	if (!format_drops_profile(output->image, output->format, output->save)) {
		json_array_unref(steps);
		return true;
	}
	JsonObject *step = json_parse_object(last_step, -1, NULL);
	for (guint i = 0; i < json_array_get_length(output->steps); i++)
		json_array_add_element(steps, json_array_dup_element(output->steps, i));
	json_array_add_object_element(steps, json_object_ref(step));
	json_array_add_object_element(alone, step);
	json_array_unref(output->steps);
	output->steps = steps;
	return append(&output->image, alone, error) && append(recorded, alone, error);
}

static bool is_read(const struct plan *plan)
{
	unsigned flags = chain_flags(plan->steps);

	for (guint i = 0; i < plan->outputs->len; i++)
		flags |= chain_flags(((const struct plan_output *)g_ptr_array_index(plan->outputs, i))->steps);
	return flags & OPERATION_READS_PROFILE || plan->source->Type == VIPS_INTERPRETATION_CMYK;
}

bool plan_take_profile(struct plan *plan)
{
	const void *data;
	gsize length;

	if (!vips_image_get_typeof(plan->source, VIPS_META_ICC_NAME) || !is_read(plan) ||
		vips_image_get_blob(plan->source, VIPS_META_ICC_NAME, &data, &length))
		return true;
	if (length > PROFILE_BYTES_MOST)
		return false;
	plan->profile = g_bytes_new(data, length);
	return true;
}

void plan_describe_profile(const struct plan *plan, JsonObject *event, JsonObject *source)
{
	gsize length;

	if (!plan->profile)
		return;
	const guint8 *data = g_bytes_get_data(plan->profile, &length);
	g_autofree char *text = g_base64_encode(data, length);
	g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, plan->profile);
	JsonObject *asset = json_object_new();

	json_object_set_string_member(event, "profile", text);
	json_object_set_string_member(asset, "sha256", sha256);
	json_object_set_int_member(asset, "bytes", (gint64)length);
	json_object_set_object_member(source, "profile", asset);
}
