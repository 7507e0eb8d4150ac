/* SPDX-License-Identifier: GPL-2.0-or-later
 * A record and its headers: see record.h. */
#include "bus/protocol/record.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"

struct record *record_new(enum topic topic, gint32 partition, GBytes *value)
{
	struct record *record = g_new0(struct record, 1);

	record->topic = topic;
	record->partition = partition;
	record->offset = -1;
	record->headers = g_ptr_array_new_with_free_func(g_free);
	record->value = value ? value : g_bytes_new_static("", 0);
	return record;
}

void record_add(struct record *record, const char *name, const char *value)
{
	g_ptr_array_add(record->headers, g_strdup(name));
	g_ptr_array_add(record->headers, g_strdup(value));
}

void record_addf(struct record *record, const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(record->headers, g_strdup(name));
	g_ptr_array_add(record->headers, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

const char *record_get(const struct record *record, const char *name)
{
	for (guint i = 0; i + 1 < record->headers->len; i += 2)
		if (strcmp(record->headers->pdata[i], name) == 0)
			return record->headers->pdata[i + 1];
	return NULL;
}

void record_free(struct record *record)
{
	if (!record)
		return;
	g_ptr_array_unref(record->headers);
	g_bytes_unref(record->value);
	body_unref(record->body);
	if (record->wanted)
		g_atomic_rc_box_release(record->wanted);
	g_free(record);
}
