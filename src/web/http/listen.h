/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the address that the page listens on ("127.0.0.1:8080"), why it could not be had, and the names that a
 *            browser may call it by.
 * Thread:    parsed by the main thread; read-only afterwards, from any.
 * Ownership: listen_free().
 */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "base/auto.h"

struct listen_address {
	char *host;                /* as given */
	char *numeric;             /* dotted quad: CivetWeb resolves names in its own way */
	struct sockaddr_in socket; /* with the port asked for */
	int port;                  /* asked for; 0: any */
	char *machine;             /* this machine's name, when others may call it; else NULL */
};

/* NULL and an error that says what to do: no HOST:PORT, unknown name, IPv6 (Debian's CivetWeb is built without).
 * ERROR_INPUT when it is the text that is wrong. */
struct listen_address *listen_parse(const char *text, GError **error);
void listen_free(struct listen_address *address);
DEFINE_AUTO(listen_address, listen_free)

/* After a failed start: why, by trying once more. detail: the library's own words, for when that works. */
bool listen_explain(const struct listen_address *address, const char *detail, GError **error);

/* Guards against DNS rebinding: a page elsewhere can point its own name at this address, and the browser then sends that
 * name as Host. Names accepted: any literal address, localhost, the name given to --http, and, when others can reach it,
 * this machine's name. host: the header's value or NULL. */
bool listen_accepts_host(const struct listen_address *address, const char *host);
