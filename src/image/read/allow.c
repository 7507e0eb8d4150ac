/* SPDX-License-Identifier: GPL-2.0-or-later
 * Loaders that need leave: see allow.h. */
#include "image/read/allow.h"

#include <vips/vips.h>

#include "base/error.h"
#include "base/file_format.h"
#include "base/json.h"

/* By the place in the table. Read by threads that compute what the job's thread allowed. */
static gint is_open[FILE_FORMATS_MAX];

/* NULL: it is none that needs leave. */
static const struct file_format *find(const char *name)
{
	const struct file_format *format = file_format_find(name);

	return format && format->untrusted ? format : NULL;
}

bool allow_knows(const char *name)
{
	return find(name) != NULL;
}

bool allow_available(const char *name)
{
	const struct file_format *format = find(name);

	return format && vips_type_find("VipsForeignLoad", format->loader) != 0;
}

static bool open_now(const struct file_format *format)
{
	return g_atomic_int_get(&is_open[format - file_formats]);
}

bool allow_is_open(const char *name)
{
	const struct file_format *format = find(name);

	return format && open_now(format);
}

bool allow_wants_file(const char *content)
{
	for (const struct file_format *format = file_formats; content && format->name; format++)
		if (format->from_file && g_str_equal(format->content ? format->content : format->name, content) &&
			open_now(format))
			return true;
	return false;
}

static void set(const struct file_format *format, bool open)
{
	vips_operation_block_set(format->untrusted, !open);
	g_atomic_int_set(&is_open[format - file_formats], open);
}

void allow_shut(void)
{
	for (const struct file_format *format = file_formats; format->name; format++)
		if (open_now(format))
			set(format, false);
}

bool allow_open(JsonObject *job, GError **error)
{
	JsonArray *names = json_array(job, "allow");

	allow_shut();
	if (!names && json_object_has_member(job, "allow"))
		return fail(error, ERROR_INPUT, "the task's 'allow' is not a list");
	for (guint i = 0; names && i < json_array_get_length(names); i++) {
		JsonNode *node = json_array_get_element(names, i);
		const char *name = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
		const struct file_format *found = find(name);
		if (!found) {
			allow_shut();
			return fail(error, ERROR_INPUT,
				"the task allows '%s', which is not a format that must be allowed", name ? name : "?");
		}
		if (allow_available(name))
			set(found, true);
	}
	return true;
}
