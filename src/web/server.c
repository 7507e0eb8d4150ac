/* SPDX-License-Identifier: GPL-2.0-or-later
 * The HTTP server: see server.h. */
#include "web/server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "web/api/archive.h"
#include "web/api/events.h"
#include "web/api/streams.h"
#include "web/http/answer.h"
#include "web/http/listen.h"
#include "web/pictures/pictures.h"
#include "web/routes.h"

#define DRAINED_BODY_BYTES 65536
#define OTHER_THREADS 512

struct web {
	struct mg_context *context;
	struct listen_address *address;
	struct archive *archive;
	struct pictures *pictures; /* NULL: none are made */
	int port;
	char *url;
	GMutex lock;
	char *last_message; /* CivetWeb's; under lock */
	gint stopped;
};

/* "/a/%62" to {"a", "b"}; false when an escape is broken or stands for NUL or '/'. */
static bool split_path(struct request *request)
{
	if (request->path[0] != '/')
		return false;
	request->parts = g_strsplit(request->path + 1, "/", -1);
	request->count = g_strv_length(request->parts);
	/* "/" alone splits into nothing; give it the one empty part that the table expects. */
	if (request->count == 0) {
		g_strfreev(request->parts);
		request->parts = g_new0(char *, 2);
		request->parts[0] = g_strdup("");
		request->count = 1;
	}
	for (guint i = 0; i < request->count; i++) {
		char *decoded = g_uri_unescape_string(request->parts[i], "/");
		if (!decoded)
			return false;
		g_free(request->parts[i]);
		request->parts[i] = decoded;
	}
	return true;
}

/* Must follow CivetWeb's own rule, or be stricter: the header says what the connection will do. */
static bool keeps_alive(const struct mg_connection *connection, const struct mg_request_info *info)
{
	const char *wish = mg_get_header(connection, "Connection");

	if (wish)
		return g_ascii_strcasecmp(wish, "keep-alive") == 0;
	return info->http_version && strcmp(info->http_version, "1.1") == 0;
}

static int answer_request(struct web *web, struct request *request, const struct mg_request_info *info)
{
	if (!listen_accepts_host(web->address, request_header(request, "Host")))
		return answer_error(request, request_header(request, "Host") ? 421 : 400,
			"this page does not answer to that name; open %s, or start with --http NAME:PORT", web->url);
	if (strcmp(info->request_method, "GET") != 0 && !request->head)
		return answer_error(request, 405, "this page is read-only: GET and HEAD");
	if (!split_path(request))
		return answer_error(request, 400, "the address is malformed");
	return routes_answer(request);
}

/* The one handler. It runs before anything of CivetWeb's own (files, redirects, CORS, WebSockets: see CVE-2025-55763)
 * and always answers, so that none of that is ever reached. */
static int begin_request(struct mg_connection *connection)
{
	const struct mg_request_info *info = mg_get_request_info(connection);
	struct web *web = mg_get_user_data(mg_get_context(connection));
	/* CivetWeb reads the rest of a body before the next request; of a long one nobody wants to see the end. */
	bool long_body = info->content_length > DRAINED_BODY_BYTES || mg_get_header(connection, "Transfer-Encoding");
	struct request request = {
		.connection = connection,
		.archive = web->archive,
		.pictures = web->pictures,
		.path = info->local_uri_raw,
		.query = info->query_string,
		.head = strcmp(info->request_method, "HEAD") == 0,
		.close = long_body || !keeps_alive(connection, info),
	};

	int status = answer_request(web, &request, info);
	g_strfreev(request.parts);
	return status;
}

/* What CivetWeb refuses by itself (malformed, too long), sent with our headers. */
static int refused(struct mg_connection *connection, int status, const char *message)
{
	const struct mg_request_info *info = mg_get_request_info(connection);
	struct request request = {
		.connection = connection,
		.head = info && info->request_method && strcmp(info->request_method, "HEAD") == 0,
		.close = true,
	};

	answer_error(&request, status, "%s", message);
	return 0;
}

static int keep_message(const struct mg_connection *connection, const char *message)
{
	struct web *web = mg_get_user_data(mg_get_context(connection));

	log_debug("web: %s", message);
	if (web) {
		g_mutex_lock(&web->lock);
		g_free(web->last_message);
		web->last_message = g_strdup(message);
		g_mutex_unlock(&web->lock);
	}
	return 1;
}

static bool start(struct web *web, GError **error)
{
	g_autofree char *ports = g_strdup_printf("%s:%d", web->address->numeric, web->address->port);
	/* A stream holds a thread for as long as it is open; the others are for everybody else. */
	g_autofree char *threads = g_strdup_printf("%d", STREAMS_MOST + OTHER_THREADS);
	const char *options[] = {
		"listening_ports",
		ports,
		/* A connection that dawdles over its request holds a thread until the time is over, and the library reads a
		 * request only when a thread is free. So 500 of them, with streams besides, keep no probe waiting; more keep
		 * it waiting for one time-out at most. An idle thread costs 30 kB. */
		"num_threads",
		threads,
		"connection_queue",
		"512",
		"listen_backlog",
		"512",
		"tcp_nodelay",
		"1",
		"enable_keep_alive",
		"yes",
		/* Shorter than the page's polling: an open tab holds a thread only while it asks. */
		"keep_alive_timeout_ms",
		"500",
		/* For the whole of a request's head, which comes in one packet; when sending, for as long as nothing moves. */
		"request_timeout_ms",
		"3000",
		/* Decoding and cleaning are done once, by split_path(). */
		"decode_url",
		"no",
		"enable_auth_domain_check",
		"no",
		"enable_directory_listing",
		"no",
		"access_control_allow_origin",
		"",
		"access_control_allow_methods",
		"",
		"access_control_allow_headers",
		"",
		NULL,
	};
	struct mg_callbacks callbacks = {
		.begin_request = begin_request, .http_error = refused, .log_message = keep_message};
	struct mg_init_data init = {.callbacks = &callbacks, .user_data = web, .configuration_options = options};
	char text[256] = "";
	struct mg_error_data detail = {.text = text, .text_buffer_size = sizeof text};
	sigset_t all, before;

	/* The library's threads inherit the mask: signals belong to the main loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	web->context = mg_start2(&init, &detail);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!web->context)
		return listen_explain(web->address, web->last_message ? web->last_message : text, error);
	return true;
}

struct web *web_new(const char *listen, const char *state, GError **error)
{
	auto_struct(listen_address) address = listen_parse(listen, error);
	if (!address)
		return NULL;

	struct web *web = g_new0(struct web, 1);
	struct mg_server_port bound;
	g_mutex_init(&web->lock);
	web->address = g_steal_pointer(&address);
	events_allow();
	web->archive = archive_new();
	if (state) {
		g_autofree char *folder = g_build_filename(state, "pictures", NULL);
		web->pictures = pictures_new(folder);
	}
	mg_init_library(MG_FEATURES_DEFAULT);
	if (!start(web, error)) {
		web_free(web);
		return NULL;
	}
	if (mg_get_server_ports(web->context, 1, &bound) != 1) {
		fail(error, ERROR_SYSTEM, "the page listens nowhere; give --http 127.0.0.1:0");
		web_free(web);
		return NULL;
	}
	web->port = bound.port;
	web->address->socket.sin_port = htons((guint16)bound.port);
	/* "Any address" is none that a browser can open. */
	bool any = web->address->socket.sin_addr.s_addr == htonl(INADDR_ANY);
	web->url = g_strdup_printf("http://%s:%d/", any ? "127.0.0.1" : web->address->host, web->port);
	return web;
}

void web_set_history(struct web *web, struct history *history, const char *out)
{
	archive_open(web->archive, history, out);
}

int web_port(const struct web *web)
{
	return web->port;
}

const char *web_url(const struct web *web)
{
	return web->url;
}

/* CivetWeb's accepting thread looks at its stop flag every two seconds, or when somebody knocks. */
static gpointer knock(gpointer data)
{
	struct web *web = data;

	while (!g_atomic_int_get(&web->stopped)) {
		g_usleep(20000);
		int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (door < 0)
			continue;
		(void)!connect(door, (const struct sockaddr *)&web->address->socket, sizeof web->address->socket);
		close(door);
	}
	return NULL;
}

void web_free(struct web *web)
{
	if (!web)
		return;
	if (web->context) {
		/* NULL where no thread can be started: it takes two seconds then. */
		GThread *knocker = g_thread_try_new("web-stop", knock, web, NULL);
		events_stop();
		if (web->pictures)
			pictures_stop(web->pictures);
		mg_stop(web->context);
		g_atomic_int_set(&web->stopped, 1);
		if (knocker)
			g_thread_join(knocker);
	}
	pictures_free(web->pictures);
	archive_free(web->archive);
	mg_exit_library();
	listen_free(web->address);
	g_mutex_clear(&web->lock);
	g_free(web->last_message);
	g_free(web->url);
	g_free(web);
}
