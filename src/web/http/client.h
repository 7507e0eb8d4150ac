/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the asking side, for `dropmill status`: one GET to a running mill.
 * Thread:    any; it waits at most 10 s.
 * Ownership: returns owned.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* A JSON object from http://ADDRESS/PATH; NULL when nobody answers, or not as a mill would. */
/* A stream of server-sent events: each is called with every event's data, until the stream ends. False: it never began. */
bool client_stream(
	const char *address, const char *path, void (*each)(JsonObject *event, void *user), void *user, GError **error);

/* True when http://ADDRESS/PATH answers this one word; else an error with the reason that it gave. */
bool client_hears(const char *address, const char *path, const char *word, GError **error);
JsonObject *client_get(const char *address, const char *path, GError **error);
