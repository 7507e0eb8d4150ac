/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   /api/openapi.json: made of the table of routes and of the tables of fields by which the API renders its answers.
 * Thread:    any. Ownership: tables are static; the text is returned owned.
 */
#pragma once

#include <stdbool.h>

#include "web/http/answer.h"
#include "web/http/fields.h"

struct snapshot;

struct parameter {
	const char *name; /* NULL ends the list */
	const char *in;   /* "query", "header" */
	const char *type; /* of JSON; "array": of texts, the name again for each */
	const char *about;
	const char *const *words; /* all that it may be, ended by NULL */
};

struct route {
	const char *pattern; /* {name} stands for any one part */
	bool is_static;      /* answers without a snapshot, in the first moments */
	int (*handle)(struct request *request, const struct snapshot *snapshot);
	const char *about;          /* NULL: is not described */
	const struct table *answer; /* NULL: an object, a text or bytes */
	const char *types;          /* with commas between; NULL: application/json */
	const struct parameter *parameters;
	struct {
		int status;
		const char *about;
	} others[4]; /* answers but 200 */
};

/* metrics: taken; name, type and help of each family, as x-metrics. */
char *openapi_text(const struct route *routes, gsize count, JsonArray *metrics);
