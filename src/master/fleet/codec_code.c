/* SPDX-License-Identifier: GPL-2.0-or-later
 * The image code of codecs: see codec_code.h. */
#include "master/fleet/codec_code.h"

#include <string.h>

#include "base/display.h"
#include "base/json.h"

/* A codec reads strangers' files: what it says is not kept beyond this. */
#define TEXT_MOST 80

static char *key_of(JsonObject *code)
{
	return worker_group_key(
		json_string(code, "version", ""), json_string(code, "vips", ""), json_string(code, "pixels", ""));
}

static JsonObject *make(const char *version, const char *vips, const char *pixels)
{
	JsonObject *code = json_object_new();

	json_object_set_string_member(code, "version", version);
	json_object_set_string_member(code, "vips", vips);
	json_object_set_string_member(code, "pixels", pixels);
	return code;
}

/* A worker that we started runs the same program. */
static void take_from_child(struct fleet *fleet)
{
	GPtrArray *all = workers_all(fleet->workers);

	for (guint i = 0; fleet->supervisor && i < all->len && !fleet->code; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		if (worker->here && worker->state == WORKER_LIVE && *worker->group->hash)
			fleet->code = make(worker->group->version, worker->group->vips, worker->group->hash);
	}
}

JsonObject *codec_code_known(struct fleet *fleet)
{
	struct worker_groups *groups = workers_groups(fleet->workers);

	/* Where workers differ, or none is like the last codec, it may be another by now. */
	if (worker_groups_mixed(groups))
		return NULL;
	if (!fleet->code)
		take_from_child(fleet);
	if (!fleet->code)
		return NULL;
	char *key = key_of(fleet->code);
	bool is_there = worker_groups_has(groups, key);
	g_ref_string_release(key);
	return is_there ? fleet->code : NULL;
}

static const char *text_of(JsonObject *code, const char *name)
{
	const char *text = json_string(code, name, "");

	return strlen(text) <= TEXT_MOST && display_is_safe(text) ? text : "";
}

char *codec_code_heard(struct fleet *fleet, JsonObject *code)
{
	g_clear_pointer(&fleet->code, json_object_unref);
	fleet->code = make(text_of(code, "version"), text_of(code, "vips"), text_of(code, "pixels"));
	return key_of(fleet->code);
}

char *codec_code_text(JsonObject *code)
{
	return worker_group_text(
		json_string(code, "version", ""), json_string(code, "vips", ""), json_string(code, "pixels", ""));
}
