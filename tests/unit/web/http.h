/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a small HTTP client on a bare socket, so that tests can say what no polite client would.
 * Thread:    any. Ownership: reply_clear().
 */
#pragma once

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct reply {
	int status;    /* 0: the server closed without a word; -1: it said something that is no HTTP */
	char *headers; /* with the status line */
	char *body;
	gsize length;
};

static inline void reply_clear(struct reply *reply)
{
	g_free(reply->headers);
	g_free(reply->body);
}
#define auto_reply __attribute__((cleanup(reply_clear))) struct reply

static inline int http_connect(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((guint16)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = 20};
	int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(stream, >=, 0);
	setsockopt(stream, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	g_assert_cmpint(connect(stream, (const struct sockaddr *)&address, sizeof address), ==, 0);
	return stream;
}

/* Sends the bytes as they are and reads until the server closes. */
static inline struct reply http_bytes(int port, const char *bytes, gsize length)
{
	struct reply reply = {0};
	GString *all = g_string_new(NULL);
	char block[65536];
	ssize_t got;
	int stream = http_connect(port);

	for (gsize sent = 0; sent < length;) {
		ssize_t n = send(stream, bytes + sent, length - sent, MSG_NOSIGNAL);
		if (n <= 0) /* refused half-way: the answer is still there to read */
			break;
		sent += (gsize)n;
	}
	while ((got = recv(stream, block, sizeof block, 0)) > 0)
		g_string_append_len(all, block, got);
	close(stream);
	const char *split = strstr(all->str, "\r\n\r\n");
	if (split && g_str_has_prefix(all->str, "HTTP/1.1 ")) {
		reply.status = atoi(all->str + strlen("HTTP/1.1 "));
		reply.headers = g_strndup(all->str, (gsize)(split + 2 - all->str));
		reply.length = all->len - (gsize)(split + 4 - all->str);
		reply.body = g_memdup2(split + 4, reply.length + 1);
	} else {
		reply.status = all->len ? -1 : 0;
	}
	g_string_free(all, TRUE);
	return reply;
}

/* extra: header lines with their CR LF, or "". */
static inline struct reply http_ask(int port, const char *method, const char *path, const char *extra)
{
	g_autofree char *text = g_strdup_printf(
		"%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%s\r\n", method, path, port, extra);
	return http_bytes(port, text, strlen(text));
}

static inline struct reply http_get(int port, const char *path)
{
	return http_ask(port, "GET", path, "");
}

/* A header's value, owned; NULL when missing. */
static inline char *reply_header(const struct reply *reply, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(reply->headers ? reply->headers : "", "\r\n", -1);

	for (char **line = lines; *line; line++) {
		char *colon = strchr(*line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		if (g_ascii_strcasecmp(*line, name) == 0)
			return g_strdup(g_strstrip(colon + 1));
	}
	return NULL;
}
