/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   reading the fields of a message, each with its bounds: what came over the bus is checked, never believed.
 *            Internal to bus/: used by wire.c and heartbeat.c.
 * Thread:    any.
 * Ownership: strings are owned by the caller.
 */
#pragma once

#include "base/json.h"
#include "bus/protocol/wire.h"

#define FIELD_JOB_BYTES 64
#define FIELD_WORKER_BYTES 128
#define FIELD_TEXT_BYTES (16 * 1024)
#define FIELD_JSON_BYTES (8 * 1024 * 1024)
#define FIELD_JSON_DEPTH 64
#define FIELD_SIDE_PX 10000000

/* The headers v and type, which every message has. */
void field_put_type(struct record *record, const char *type);
bool field_check_type(const struct record *record, const char *type, GError **error);

/* The header's text: there once. NULL and an error otherwise. Borrowed. */
const char *field_text(const struct record *record, const char *name, GError **error);
/* [a-zA-Z0-9._-], 1 to most bytes. */
bool field_id(const struct record *record, const char *name, gsize most, char **id, GError **error);
bool field_int(const struct record *record, const char *name, gint64 least, gint64 most, gint64 *value, GError **error);
bool field_int32(const struct record *record, const char *name, gint32 least, gint32 *value, GError **error);
/* "left,top,width,height" within FIELD_SIDE_PX. */
bool field_rect(const struct record *record, const char *name, struct rect *rect, GError **error);
/* So many numbers from 0 to most, with commas between them. */
void field_put_list(struct record *record, const char *name, const gint64 *values, int count);
bool field_list(const struct record *record, const char *name, gint64 most, gint64 *values, int count, GError **error);
/* One of count names. */
bool field_enum(
	const struct record *record, const char *name, const char *const *names, int count, int *value, GError **error);
/* The text of one JSON object, kept as it is. */
bool field_json(const struct record *record, const char *name, char **text, GError **error);

/* 64 hex digits in lower case. */
bool field_is_sha256(const char *text);

/* An id anywhere, as above. */
bool field_is_id(const char *text, gsize most);
/* One JSON object that is not nested deeper than FIELD_JSON_DEPTH: json-glib's parser would follow any depth on the stack. */
JsonObject *field_parse_object(const char *text, gsize length, GError **error);
