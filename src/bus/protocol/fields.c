/* SPDX-License-Identifier: GPL-2.0-or-later
 * Fields of a message: see fields.h. */
#include "bus/protocol/fields.h"

#include <string.h>

#include "base/error.h"

#define ID_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

void field_put_type(struct record *record, const char *type)
{
	record_addf(record, "v", "%d", WIRE_VERSION);
	record_add(record, "type", type);
}

const char *field_text(const struct record *record, const char *name, GError **error)
{
	const char *found = NULL;

	for (guint i = 0; i + 1 < record->headers->len; i += 2) {
		if (strcmp(record->headers->pdata[i], name) != 0)
			continue;
		if (found) {
			fail(error, ERROR_INPUT, "header '%s' is there twice", name);
			return NULL;
		}
		found = record->headers->pdata[i + 1];
	}
	if (!found)
		fail(error, ERROR_INPUT, "header '%s' is missing", name);
	return found;
}

bool field_check_type(const struct record *record, const char *type, GError **error)
{
	gint64 version;

	if (!field_int(record, "v", 0, G_MAXINT32, &version, error))
		return false;
	if (version != WIRE_VERSION)
		return fail(
			error, ERROR_INPUT, "protocol version %d, this program speaks %d", (int)version, WIRE_VERSION);
	const char *text = field_text(record, "type", error);
	if (!text)
		return false;
	return strcmp(text, type) == 0 || fail(error, ERROR_INPUT, "header 'type' is not '%s'", type);
}

bool field_is_id(const char *text, gsize most)
{
	gsize length = strlen(text);
	return length > 0 && length <= most && strspn(text, ID_LETTERS) == length;
}

bool field_id(const struct record *record, const char *name, gsize most, char **id, GError **error)
{
	const char *text = field_text(record, name, error);
	if (!text)
		return false;
	if (!field_is_id(text, most))
		return fail(error, ERROR_INPUT, "header '%s' is not a name of 1 to %zu letters, digits, '.', '_', '-'",
			name, most);
	*id = g_strdup(text);
	return true;
}

/* Digits, with a minus before them where negative numbers are allowed; no blanks, no plus. */
static bool parse_int(const char *text, gint64 least, gint64 most, gint64 *value)
{
	gsize sign = *text == '-' ? 1 : 0;
	if (!g_ascii_isdigit(text[sign]))
		return false;
	return g_ascii_string_to_signed(text, 10, least, most, value, NULL);
}

bool field_int(const struct record *record, const char *name, gint64 least, gint64 most, gint64 *value, GError **error)
{
	const char *text = field_text(record, name, error);
	if (!text)
		return false;
	if (!parse_int(text, least, most, value))
		return fail(error, ERROR_INPUT,
			"header '%s' is not a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, name, least,
			most);
	return true;
}

bool field_int32(const struct record *record, const char *name, gint32 least, gint32 *value, GError **error)
{
	gint64 wide;
	if (!field_int(record, name, least, G_MAXINT32, &wide, error))
		return false;
	*value = (gint32)wide;
	return true;
}

bool field_rect(const struct record *record, const char *name, struct rect *rect, GError **error)
{
	const char *text = field_text(record, name, error);
	if (!text)
		return false;
	g_auto(GStrv) parts = g_strsplit(text, ",", 5);
	gint64 number[4] = {0};
	bool good = g_strv_length(parts) == 4;
	for (int i = 0; good && i < 4; i++)
		good = parse_int(parts[i], i < 2 ? 0 : 1, FIELD_SIDE_PX, &number[i]);
	good = good && number[0] + number[2] <= FIELD_SIDE_PX && number[1] + number[3] <= FIELD_SIDE_PX;
	if (!good)
		return fail(error, ERROR_INPUT, "header '%s' is not a rectangle left,top,width,height within %d", name,
			FIELD_SIDE_PX);
	*rect = (struct rect){(int)number[0], (int)number[1], (int)number[2], (int)number[3]};
	return true;
}

void field_put_list(struct record *record, const char *name, const gint64 *values, int count)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (int i = 0; i < count; i++)
		g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? "," : "", values[i]);
	record_add(record, name, text->str);
}

bool field_list(const struct record *record, const char *name, gint64 most, gint64 *values, int count, GError **error)
{
	const char *text = field_text(record, name, error);
	if (!text)
		return false;
	g_auto(GStrv) parts = g_strsplit(text, ",", count + 1);
	bool good = g_strv_length(parts) == (guint)count;
	for (int i = 0; good && i < count; i++)
		good = parse_int(parts[i], 0, most, &values[i]);
	return good || fail(error, ERROR_INPUT, "header '%s' is not a list of %d numbers from 0 to %" G_GINT64_FORMAT,
			       name, count, most);
}

bool field_enum(
	const struct record *record, const char *name, const char *const *names, int count, int *value, GError **error)
{
	const char *text = field_text(record, name, error);
	if (!text)
		return false;
	for (*value = 0; *value < count; (*value)++)
		if (strcmp(text, names[*value]) == 0)
			return true;
	return fail(error, ERROR_INPUT, "header '%s' has a value that this program does not know", name);
}

/* json-glib takes more than JSON: comments, other quotes, a second value behind the first; and it follows nested brackets to
 * any depth on the stack. So the shape is checked before it sees the text: characters outside strings, one value, its
 * depth. */
static const char *bad_shape(const char *text, gsize length)
{
	int depth = 0;
	bool quoted = false, ended = false;

	for (gsize i = 0; i < length; i++) {
		char c = text[i];
		if (quoted) {
			if (c == '\\')
				i++;
			quoted = c != '"';
			continue;
		}
		if (c == '\0' || !strchr(" \t\r\n{}[]:,\"+-.0123456789truefalsnE", c))
			return "not JSON";
		if (ended && !g_ascii_isspace(c))
			return "not one JSON object";
		quoted = c == '"';
		depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		if (depth > FIELD_JSON_DEPTH)
			return "JSON nested too deep";
		ended = ended || (depth == 0 && (c == '}' || c == ']'));
	}
	return ended ? NULL : "not a JSON object";
}

JsonObject *field_parse_object(const char *text, gsize length, GError **error)
{
	const char *bad = length > FIELD_JSON_BYTES                      ? "JSON that is too long"
			  : !g_utf8_validate(text, (gssize)length, NULL) ? "JSON that is not UTF-8"
									 : bad_shape(text, length);
	if (bad) {
		fail(error, ERROR_INPUT, "%s", bad);
		return NULL;
	}
	return json_parse_object(text, (gssize)length, error);
}

bool field_json(const struct record *record, const char *name, char **text, GError **error)
{
	const char *found = field_text(record, name, error);
	if (!found)
		return false;
	g_autoptr(GError) cause = NULL;
	g_autoptr(JsonObject) object = field_parse_object(found, strlen(found), &cause);
	if (!object)
		return fail(error, ERROR_INPUT, "header '%s': %s", name, cause->message);
	*text = g_strdup(found);
	return true;
}

bool field_is_sha256(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}
