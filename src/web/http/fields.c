/* SPDX-License-Identifier: GPL-2.0-or-later
 * Members of JSON objects: see fields.h. */
#include "web/http/fields.h"

#include <math.h>

#include "base/clock.h"

void set_text(JsonObject *object, const char *name, const char *text)
{
	if (!text) {
		json_object_set_null_member(object, name);
		return;
	}
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	json_object_set_string_member(object, name, valid);
}

void set_time(JsonObject *object, const char *name, gint64 wall_us)
{
	g_autofree char *iso = clock_iso(wall_us);
	set_text(object, name, iso);
}

void set_known(JsonObject *object, const char *name, gint64 value, bool known)
{
	if (known)
		json_object_set_int_member(object, name, value);
	else
		json_object_set_null_member(object, name);
}

double tenths(double value)
{
	double rounded = round(value * 10) / 10;

	/* JSON has no infinity, and ten times a large number may be one. */
	return isfinite(rounded) ? rounded : 0;
}

void set_seconds(JsonObject *object, const char *name, gint64 us, bool known)
{
	double seconds = (double)MAX(us, 0) / G_USEC_PER_SEC;

	if (known)
		json_object_set_double_member(
			object, name, seconds < 1 ? round(seconds * 1000) / 1000 : tenths(seconds));
	else
		json_object_set_null_member(object, name);
}
