/* SPDX-License-Identifier: GPL-2.0-or-later
 * Sending answers: see answer.h. */
#include "web/http/answer.h"

#include <civetweb.h>
#include <string.h>

#include "base/json.h"

/* Nothing is loaded from elsewhere, nothing inline runs, nobody frames the page; file names cannot become script. */
#define SECURITY_HEADERS                                                                                               \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "           \
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"                          \
	"X-Content-Type-Options: nosniff\r\n"                                                                          \
	"Referrer-Policy: no-referrer\r\n"                                                                             \
	"Cross-Origin-Resource-Policy: same-origin\r\n"                                                                \
	"Cache-Control: no-cache\r\n"

const char *request_header(const struct request *request, const char *name)
{
	return mg_get_header(request->connection, name);
}

static char *http_date(void)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

	/* Not strftime: the names must not follow the locale. */
	return g_strdup_printf("%s, %02d %s %04d %02d:%02d:%02d GMT", days[g_date_time_get_day_of_week(now) - 1],
		g_date_time_get_day_of_month(now), months[g_date_time_get_month(now) - 1], g_date_time_get_year(now),
		g_date_time_get_hour(now), g_date_time_get_minute(now), g_date_time_get_second(now));
}

int answer_send(struct request *request, const struct answer *answer, const void *body)
{
	g_autofree char *date = http_date();
	g_autoptr(GString) text = g_string_new(NULL);
	bool empty = answer->status == 304;

	g_string_printf(text, "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: %s\r\n" SECURITY_HEADERS, answer->status,
		mg_get_response_code_text(request->connection, answer->status), date,
		request->close ? "close" : "keep-alive");
	if (!empty)
		g_string_append_printf(text, "Content-Type: %s\r\n", answer->type);
	if (!empty && answer->length >= 0)
		g_string_append_printf(text, "Content-Length: %" G_GINT64_FORMAT "\r\n", answer->length);
	if (answer->etag)
		g_string_append_printf(text, "ETag: %s\r\n", answer->etag);
	g_string_append(text, answer->extra ? answer->extra : "");
	g_string_append(text, "\r\n");
	/* One write for a small answer: one packet, no waiting for an acknowledgement in between. */
	if (body && !request->head && !empty)
		g_string_append_len(text, body, (gssize)answer->length);
	if (request->close)
		mg_disable_connection_keep_alive(request->connection);
	if (mg_write(request->connection, text->str, text->len) != (int)text->len)
		mg_disable_connection_keep_alive(request->connection);
	return answer->status;
}

bool etag_listed(const char *list, const char *etag)
{
	if (!list)
		return false;
	g_auto(GStrv) tags = g_strsplit(list, ",", -1);
	for (char **tag = tags; *tag; tag++) {
		const char *value = g_strstrip(*tag);
		if (g_str_has_prefix(value, "W/"))
			value += 2;
		if (strcmp(value, "*") == 0 || strcmp(value, etag) == 0)
			return true;
	}
	return false;
}

char *content_etag(const void *data, size_t length)
{
	g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, length);
	return g_strdup_printf("\"%.20s\"", sum);
}

int answer_tagged(struct request *request, const char *type, const void *data, size_t length, const char *etag)
{
	struct answer answer = {.status = 200, .type = type, .etag = etag, .length = (gint64)length};

	if (etag_listed(request_header(request, "If-None-Match"), etag))
		answer.status = 304;
	return answer_send(request, &answer, data);
}

int answer_content(struct request *request, const char *type, const void *data, size_t length)
{
	g_autofree char *etag = content_etag(data, length);
	return answer_tagged(request, type, data, length, etag);
}

struct shown_error {
	const char *error;
};
static const struct field error_fields[] = {
	{"error", MEMBER(struct shown_error, error), .about = "What is wrong, and what to do."},
	{0},
};
const struct table error_table = {"Error", .fields = error_fields};

int answer_error(struct request *request, int status, const char *format, ...)
{
	va_list arguments;
	g_autofree char *body = NULL;
	bool json = request->path && g_str_has_prefix(request->path, "/api/");

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *valid = g_utf8_make_valid(message, -1);
	if (json) {
		body = fields_text(&error_table, &(const struct shown_error){valid});
	} else {
		body = g_strconcat(valid, "\n", NULL);
	}
	g_autofree char *later = g_strdup_printf("Retry-After: %d\r\n", MAX(request->retry_s, 1));
	struct answer answer = {
		.status = status,
		.type = json ? "application/json" : "text/plain; charset=utf-8",
		.length = (gint64)strlen(body),
		.extra = status == 405   ? "Allow: GET, HEAD\r\n"
			 : status == 503 ? later
					 : NULL,
	};
	return answer_send(request, &answer, body);
}
