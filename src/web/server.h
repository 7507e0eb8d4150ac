/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the read-only status page and API over HTTP (CivetWeb): one catch-all handler, GET and HEAD only, no document root,
 *            one function that sends the headers of every answer.
 * Thread:    CivetWeb's own threads; they read snapshots, never the master's state.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

struct web;

/* listen: "127.0.0.1:8080", port 0 takes any. Error: one line that says what and what to do (port taken, address not here). */
/* state: the mill's state folder, for what the page keeps; NULL: it keeps nothing. */
struct web *web_new(const char *listen, const char *state, GError **error);
/* The history that finished jobs are looked up in: taken. out: the out folder. */
struct history;
void web_set_history(struct web *web, struct history *history, const char *out);
int web_port(const struct web *web);
const char *web_url(const struct web *web); /* "http://127.0.0.1:8080/"; borrowed */
void web_free(struct web *web);
DEFINE_AUTO(web, web_free)
