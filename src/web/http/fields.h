/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   members of the API's JSON objects: what is not known is null, text is valid UTF-8, times are ISO 8601 in UTC, seconds have
 *            as many digits as mean something.
 * Thread:    any.
 */
#ifndef DROPMILL_WEB_HTTP_FIELDS_H
#define DROPMILL_WEB_HTTP_FIELDS_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* null for NULL; made valid, since a reason may quote a file's bytes. */
void set_text(JsonObject *object, const char *name, const char *text);
void set_time(JsonObject *object, const char *name, gint64 wall_us /* 0: null */);
/* A measure that may be unknown. */
void set_known(JsonObject *object, const char *name, gint64 value, bool known);
void set_seconds(JsonObject *object, const char *name, gint64 us, bool known); /* tenths; below a second thousandths */
double tenths(double value);

#endif
