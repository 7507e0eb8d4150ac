/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where the page listens: see listen.h. */
#include "web/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

#define EXAMPLE "127.0.0.1:8080"

void listen_free(struct listen_address *address)
{
	if (!address)
		return;
	g_free(address->host);
	g_free(address->numeric);
	g_free(address->machine);
	g_free(address);
}

static bool resolve(const char *host, struct sockaddr_in *result, GError **error)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;

	int status = getaddrinfo(host, NULL, &hints, &list);
	if (status != 0)
		return fail(error, ERROR_SYSTEM,
			"--http: %s is not an address of this machine (%s); give --http " EXAMPLE, host,
			gai_strerror(status));
	memcpy(result, list->ai_addr, sizeof *result);
	freeaddrinfo(list);
	return true;
}

struct listen_address *listen_parse(const char *text, GError **error)
{
	auto_struct(listen_address) address = g_new0(struct listen_address, 1);
	const char *colon = text ? strrchr(text, ':') : NULL;
	guint64 port = 0;

	if (text && text[0] == '[') {
		fail(error, ERROR_INPUT,
			"--http %s: IPv6 is not built into this CivetWeb; give an IPv4 address such as " EXAMPLE, text);
		return NULL;
	}
	if (!colon || colon == text || strchr(text, ':') != colon || strpbrk(text, " \t,/@") ||
		!g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL)) {
		fail(error, ERROR_INPUT,
			"--http '%s' is not ADDR:PORT with a port from 0 to 65535; give --http " EXAMPLE,
			text ? text : "");
		return NULL;
	}
	address->host = g_strndup(text, (gsize)(colon - text));
	if (!resolve(address->host, &address->socket, error))
		return NULL;
	address->port = (int)port;
	address->socket.sin_port = htons((guint16)port);
	char numeric[INET_ADDRSTRLEN];
	address->numeric = g_strdup(inet_ntop(AF_INET, &address->socket.sin_addr, numeric, sizeof numeric));
	if (ntohl(address->socket.sin_addr.s_addr) >> 24 != 127)
		address->machine = g_strdup(g_get_host_name());
	return g_steal_pointer(&address);
}

bool listen_explain(const struct listen_address *address, const char *detail, GError **error)
{
	int one = 1, number = 0;
	int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (probe < 0)
		return fail_errno(error, "%s:%d: cannot open a socket", address->host, address->port);
	setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(probe, (const struct sockaddr *)&address->socket, sizeof address->socket) != 0 ||
		listen(probe, 1) != 0)
		number = errno;
	close(probe);
	switch (number) {
	case EADDRINUSE:
		return fail(error, ERROR_SYSTEM, "%s:%d is taken; stop the other program or give --http %s:0",
			address->host, address->port, address->host);
	case EADDRNOTAVAIL:
		return fail(error, ERROR_SYSTEM, "%s:%d: this machine has no such address; give --http " EXAMPLE,
			address->host, address->port);
	case EACCES:
		return fail(error, ERROR_SYSTEM,
			"%s:%d: ports below 1024 are for privileged programs; give --http %s:8080", address->host,
			address->port, address->host);
	case 0:
		return fail(error, ERROR_SYSTEM, "%s:%d: the page cannot start: %s", address->host, address->port,
			detail && *detail ? detail : "no reason given");
	default:
		errno = number;
		return fail_errno(error, "%s:%d: the page cannot listen there", address->host, address->port);
	}
}

/* The host of "host", "host:port" or "[v6]:port", lower case and without a final dot; NULL when malformed. */
static char *host_name(const char *header)
{
	const char *end = header[0] == '[' ? strchr(header, ']') : strchrnul(header, ':');

	if (!end)
		return NULL;
	const char *start = header[0] == '[' ? header + 1 : header;
	const char *rest = header[0] == '[' ? end + 1 : end;
	if (*rest == ':' && !g_ascii_string_to_unsigned(rest + 1, 10, 0, 65535, NULL, NULL))
		return NULL;
	if (*rest != ':' && *rest != '\0')
		return NULL;
	char *name = g_ascii_strdown(start, end - start);
	gsize length = strlen(name);
	if (length > 1 && name[length - 1] == '.')
		name[length - 1] = '\0';
	return name;
}

bool listen_accepts_host(const struct listen_address *address, const char *host)
{
	g_autofree char *name = host ? host_name(host) : NULL;

	if (!name || !*name)
		return false;
	if (g_hostname_is_ip_address(name) || strcmp(name, "localhost") == 0 || g_str_has_suffix(name, ".localhost") ||
		g_ascii_strcasecmp(name, address->host) == 0)
		return true;
	if (!address->machine)
		return false;
	g_autofree char *local = g_strconcat(address->machine, ".local", NULL);
	return g_ascii_strcasecmp(name, address->machine) == 0 || g_ascii_strcasecmp(name, local) == 0;
}
