/* SPDX-License-Identifier: GPL-2.0-or-later
 * Asking a running mill: see client.h. */
#include "web/http/client.h"

#include <civetweb.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "web/http/listen.h"

#define TIMEOUT_MS 10000
#define BODY_LIMIT (64 * 1024 * 1024)

static bool read_body(struct mg_connection *connection, GString *body)
{
	char block[16384];
	int got;

	while ((got = mg_read(connection, block, sizeof block)) > 0) {
		g_string_append_len(body, block, got);
		if (body->len > BODY_LIMIT)
			return false;
	}
	return got == 0;
}

/* The body, or NULL. */
static char *ask(struct mg_connection *connection, const char *address, const char *path, int *status, GError **error)
{
	char detail[256] = "";
	g_autoptr(GString) body = g_string_new(NULL);

	mg_printf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address);
	if (mg_get_response(connection, detail, sizeof detail, TIMEOUT_MS) < 0) {
		fail(error, ERROR_RETRY, "%s took the call but did not answer (%s)", address,
			*detail ? detail : "time-out");
		return NULL;
	}
	*status = mg_get_response_info(connection)->status_code;
	if (!read_body(connection, body)) {
		fail(error, ERROR_RETRY, "%s broke off its answer", address);
		return NULL;
	}
	return g_strndup(body->str, body->len);
}

static JsonObject *exchange(struct mg_connection *connection, const char *address, const char *path, GError **error)
{
	int status;
	g_autofree char *body = ask(connection, address, path, &status, error);

	if (!body)
		return NULL;
	JsonObject *object = json_parse_object(body, -1, NULL);
	if (status == 200 && object)
		return object;
	fail(error, ERROR_RETRY, "%s answered %d%s%s", address, status, object ? ": " : ", not as a mill does",
		object ? json_string(object, "error", "") : "");
	if (object)
		json_object_unref(object);
	return NULL;
}

static bool exchange_word(
	struct mg_connection *connection, const char *address, const char *path, const char *word, GError **error)
{
	int status;
	g_autofree char *body = ask(connection, address, path, &status, error);
	g_autofree char *line = g_strconcat(word, "\n", NULL);

	if (!body)
		return false;
	if (status == 200 && strcmp(body, line) == 0)
		return true;
	body[strcspn(body, "\n")] = '\0';
	if (status == 503)
		return fail(error, ERROR_RETRY, "%s answered 503: %s", address, body);
	return fail(error, ERROR_RETRY, "%s answered %d, not as a mill does", address, status);
}

/* NULL: nobody is there. */
static struct mg_connection *call(const char *address, GError **error)
{
	char detail[256] = "";
	auto_struct(listen_address) place = listen_parse(address, error);

	if (!place)
		return NULL;
	if (place->port == 0) {
		fail(error, ERROR_INPUT, "port 0 is none to ask; give the one that the mill printed");
		return NULL;
	}
	/* "Any address" is listened on, but not called. */
	const char *numeric = place->socket.sin_addr.s_addr == htonl(INADDR_ANY) ? "127.0.0.1" : place->numeric;
	struct mg_connection *connection = mg_connect_client(numeric, place->port, 0, detail, sizeof detail);
	if (!connection)
		fail(error, ERROR_RETRY,
			"no mill answers at %s; start one with `dropmill run`, or say with --http ADDR:PORT where it is",
			address);
	return connection;
}

/* Takes whole lines out of the buffer; the rest stays. */
static void take_lines(GString *text, void (*each)(JsonObject *event, void *user), void *user)
{
	char *end;

	while ((end = strchr(text->str, '\n'))) {
		*end = '\0';
		g_autoptr(JsonObject) event = g_str_has_prefix(text->str, "data: ")
						      ? json_parse_object(text->str + strlen("data: "), -1, NULL)
						      : NULL;
		if (event)
			each(event, user);
		g_string_erase(text, 0, end - text->str + 1);
	}
}

static bool follow(struct mg_connection *connection, const char *address, const char *path,
	void (*each)(JsonObject *event, void *user), void *user, GError **error)
{
	char detail[256] = "", letter;
	g_autoptr(GString) text = g_string_new(NULL);

	mg_printf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, address);
	if (mg_get_response(connection, detail, sizeof detail, TIMEOUT_MS) < 0)
		return fail(error, ERROR_RETRY, "%s took the call but did not answer", address);
	int status = mg_get_response_info(connection)->status_code;
	if (status != 200)
		return fail(error, ERROR_RETRY, "%s answered %d", address, status);
	/* mg_read() comes back when it has as much as was asked for: more than one would leave an event's end unread until the next. */
	while (mg_read(connection, &letter, 1) == 1 && text->len < BODY_LIMIT) {
		g_string_append_c(text, letter);
		if (letter == '\n')
			take_lines(text, each, user);
	}
	return true;
}

bool client_stream(
	const char *address, const char *path, void (*each)(JsonObject *event, void *user), void *user, GError **error)
{
	mg_init_library(MG_FEATURES_DEFAULT);
	struct mg_connection *connection = call(address, error);
	bool began = connection && follow(connection, address, path, each, user, error);
	if (connection)
		mg_close_connection(connection);
	mg_exit_library();
	return began;
}

bool client_hears(const char *address, const char *path, const char *word, GError **error)
{
	mg_init_library(MG_FEATURES_DEFAULT);
	struct mg_connection *connection = call(address, error);
	bool heard = connection && exchange_word(connection, address, path, word, error);
	if (connection)
		mg_close_connection(connection);
	mg_exit_library();
	return heard;
}

JsonObject *client_get(const char *address, const char *path, GError **error)
{
	mg_init_library(MG_FEATURES_DEFAULT);
	struct mg_connection *connection = call(address, error);
	JsonObject *object = connection ? exchange(connection, address, path, error) : NULL;
	if (connection)
		mg_close_connection(connection);
	mg_exit_library();
	return object;
}
