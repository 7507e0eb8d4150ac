/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one HTTP request as the handlers see it, and the one function that sends the headers of every answer.
 * Thread:    the CivetWeb thread that holds the connection.
 * Ownership: a request lives as long as its handler runs; answers borrow everything.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "web/http/fields.h"

struct mg_connection;
struct archive;
struct pictures;

struct request {
	struct mg_connection *connection;
	struct archive *archive;   /* NULL: the history is not at hand */
	struct pictures *pictures; /* NULL: none are made */
	const char *path;          /* as sent, without the query */
	const char *query;         /* as sent, or NULL */
	char **parts;              /* path by '/', each one decoded; "/a/b" is {"a", "b"} */
	guint count;
	bool head;   /* HEAD: headers only */
	bool close;  /* the connection ends with this answer */
	int retry_s; /* after which a 503 may be asked again; 0: one second */
};

struct answer {
	int status;
	const char *type;  /* Content-Type */
	const char *etag;  /* with its quotes, or NULL */
	gint64 length;     /* Content-Length; -1: until the connection closes */
	const char *extra; /* further header lines, each ended by CR LF, or NULL */
};

/* A request header's value, or NULL. */
const char *request_header(const struct request *request, const char *name);

/* Headers and, unless HEAD, body (NULL: the caller writes answer->length bytes himself). Returns the status. */
int answer_send(struct request *request, const struct answer *answer, const void *body);

/* 200 with an ETag made from the content, or 304 when the client has it. */
int answer_content(struct request *request, const char *type, const void *data, size_t length);
/* The same, when content_etag() the content is known. */
int answer_tagged(struct request *request, const char *type, const void *data, size_t length, const char *etag);
/* With its quotes, owned. */
char *content_etag(const void *data, size_t length);

/* What says so below /api. */
extern const struct table error_table;
/* JSON below /api, else text. The text goes to people: say what to do. */
int answer_error(struct request *request, int status, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Whether a list of ETags (If-None-Match) names this one. */
bool etag_listed(const char *list, const char *etag);
