/* SPDX-License-Identifier: GPL-2.0-or-later
 * Assets in steps: see assets.h. */
#include "definition/reader/assets.h"

#include <string.h>

#include "base/json.h"

static void add_object(GPtrArray *found, JsonObject *object, bool once);

static void add_node(GPtrArray *found, JsonNode *node, bool once)
{
	if (JSON_NODE_HOLDS_OBJECT(node))
		add_object(found, json_node_get_object(node), once);
	if (!JSON_NODE_HOLDS_ARRAY(node))
		return;
	JsonArray *array = json_node_get_array(node);
	for (guint i = 0; i < json_array_get_length(array); i++)
		add_node(found, json_array_get_element(array, i), once);
}

static bool known(const GPtrArray *found, const char *sha256)
{
	for (guint i = 0; i < found->len; i++)
		if (strcmp(json_string(found->pdata[i], "sha256", ""), sha256) == 0)
			return true;
	return false;
}

static void add_object(GPtrArray *found, JsonObject *object, bool once)
{
	const char *sha256 = json_string(object, "sha256", NULL);
	JsonObjectIter members;
	const char *name;
	JsonNode *member;

	if (sha256 && json_string(object, "path", NULL)) {
		if (!once || !known(found, sha256))
			g_ptr_array_add(found, object);
		return;
	}
	json_object_iter_init_ordered(&members, object);
	while (json_object_iter_next_ordered(&members, &name, &member))
		add_node(found, member, once);
}

GPtrArray *assets_of_json(JsonObject *object)
{
	GPtrArray *found = g_ptr_array_new();

	add_object(found, object, true);
	return found;
}

static void add_steps(GPtrArray *found, const GPtrArray *steps, bool once)
{
	for (guint i = 0; i < steps->len; i++)
		add_object(found, ((const struct step *)steps->pdata[i])->params, once);
}

static GPtrArray *of_pipeline(const struct pipeline *pipeline, bool once)
{
	GPtrArray *found = g_ptr_array_new();

	add_steps(found, pipeline->steps, once);
	for (guint i = 0; i < pipeline->outputs->len; i++) {
		const struct output *output = pipeline->outputs->pdata[i];
		add_steps(found, output->steps, once);
		add_object(found, output->save, once);
	}
	return found;
}

GPtrArray *assets_of_pipeline(const struct pipeline *pipeline)
{
	return of_pipeline(pipeline, true);
}

GPtrArray *assets_mentioned(const struct pipeline *pipeline)
{
	return of_pipeline(pipeline, false);
}
