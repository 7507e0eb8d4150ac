/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the few lines that reading json-glib safely needs everywhere: a member that is missing or of another
 *            type is the fallback, never a crash.
 * Thread:    any. Ownership: borrowed unless said.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

/* One JSON object from text; anything else is an error (ERROR_INPUT). Returns owned. */
JsonObject *json_parse_object(const char *text, gssize length, GError **error);
char *json_object_text(JsonObject *object); /* compact, owned */
char *json_array_text(JsonArray *array);    /* compact, owned */

const char *json_string(JsonObject *object, const char *name, const char *fallback);
gint64 json_int(JsonObject *object, const char *name, gint64 fallback);
double json_double(JsonObject *object, const char *name, double fallback);
bool json_bool(JsonObject *object, const char *name, bool fallback);
JsonObject *json_object(JsonObject *object, const char *name); /* NULL when missing */
JsonArray *json_array(JsonObject *object, const char *name);   /* NULL when missing */
JsonObject *json_object_at(JsonArray *array, guint index);     /* NULL when no object */

/* Absolute paths are bytes, JSON is UTF-8: a path that is not valid UTF-8 travels as a file:// URI. json_path() returns owned, NULL when missing. */
void json_set_path(JsonObject *object, const char *name, const char *path);
void json_add_path(JsonArray *array, const char *path);
char *json_path(JsonObject *object, const char *name);
char *json_path_at(JsonArray *array, guint index);
