/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   small versions of originals and outputs. They are made by a process of their own (worker/thumbnail.h) when somebody looks,
 *            never by this one, and kept in the state folder: as many bytes as fit, the ones looked at longest ago go first.
 *            Nobody waits for one: a browser has six connections to a server, and a request that waits holds one. The stream of events tells
 *            what was made.
 * Thread:    any; one thread of its own asks the process, one picture after the other.
 * Ownership: pictures_free() ends the process.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "base/auto.h"
#include "web/http/answer.h"

struct pictures;

/* folder: where they are kept; made when it is needed. */
struct pictures *pictures_new(const char *folder);
/* What is being made is given up. */
void pictures_stop(struct pictures *pictures);
void pictures_free(struct pictures *pictures); /* NULL is fine */
DEFINE_AUTO(pictures, pictures_free)

/* What a thumbnail is made of. */
struct picture {
	const char *path;  /* the file; NULL: there is none */
	const char *allow; /* JSON text of the list of formats that its pipeline allows; NULL: none */
	const char *query; /* of its address: size=; NULL: the usual size */
};

/* Sends it, or 503 at once while it is not made, or 404 with the reason. Returns the status sent. */
int pictures_answer(struct pictures *pictures, struct request *request, const struct picture *picture);

/* A list of what pictures_state() returns. */
struct shown_pictures {
	JsonArray *pictures;
};
extern const struct table pictures_table;

/* {"url", "state": "ready" | "making" | "none", "why"}, owned. What is not made is wished for: pictures_news() tells its end under url. */
JsonObject *pictures_state(struct pictures *pictures, const struct picture *picture, const char *url);

/* Number of the newest end of a wish; 0: none yet. NULL is fine. */
guint64 pictures_last(struct pictures *pictures);
/* The ends after that number which are still remembered, as pictures_state() writes them, owned. last: number of the newest. */
JsonArray *pictures_news(struct pictures *pictures, guint64 above, guint64 *last);
