/* SPDX-License-Identifier: GPL-2.0-or-later
 * libFuzzer: any record as a task, a result, a heartbeat. The first byte chooses which; then lines "name value" are headers up to an empty
 * line, and the rest is the record's value. What is read can be written, and read again. */
#include <string.h>

#include "bus/protocol/heartbeat.h"
#include "bus/protocol/wire.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static struct record *record_of(const char *text, size_t size)
{
	const char *end = text + size, *line = text;
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	while (line < end && *line != '\n') {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		g_ptr_array_add(names, g_strndup(line, (size_t)((stop ? stop : end) - line)));
		line = stop ? stop + 1 : end;
	}
	if (line < end)
		line++;
	struct record *record = record_new(TOPIC_TASKS, 0, g_bytes_new(line, (gsize)(end - line)));
	for (guint i = 0; i < names->len; i++) {
		char *name = names->pdata[i], *space = strchr(name, ' ');
		if (space)
			*space = '\0';
		record_add(record, name, space ? space + 1 : "");
	}
	return record;
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	g_autoptr(GError) error = NULL;

	if (size < 1)
		return 0;
	auto_struct(record) record = record_of((const char *)data + 1, size - 1);
	if (data[0] == 't') {
		auto_struct(task) task = task_from_record(record, &error);
		g_assert(task || error);
		auto_struct(record) sent = task ? task_to_record(task, 0) : NULL;
		auto_struct(task) again = sent ? task_from_record(sent, NULL) : NULL;
		g_assert(!task || again);
	} else if (data[0] == 'r') {
		auto_struct(result) result = result_from_record(record, &error);
		g_assert(result || error);
		auto_struct(record) sent = result ? result_to_record(result, 0) : NULL;
		auto_struct(result) again = sent ? result_from_record(sent, NULL) : NULL;
		g_assert(!result || again);
	} else {
		auto_struct(heartbeat) heartbeat = heartbeat_from_record(record, &error);
		g_assert(heartbeat || error);
		auto_struct(record) sent = heartbeat ? heartbeat_to_record(heartbeat) : NULL;
		auto_struct(heartbeat) again = sent ? heartbeat_from_record(sent, NULL) : NULL;
		g_assert(!heartbeat || again);
	}
	return 0;
}
