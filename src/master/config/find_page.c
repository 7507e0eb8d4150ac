/* SPDX-License-Identifier: GPL-2.0-or-later
 * The page's address as a running mill has it: see find_page.h. */
#include "master/config/find_page.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/error.h"
#include "master/config/options.h"

#define LONGEST 512 /* bytes of the lock */

/* The first line is of the lock itself: the process that holds it. */
bool find_page_note(const char *state, const char *url, GError **error)
{
	g_autofree char *path = g_build_filename(state, "lock", NULL);
	const char *address = url + strlen("http://");
	int fd = beneath_open(path, O_WRONLY | O_APPEND, 0);

	if (fd < 0)
		return beneath_fail(error, path, NULL, "%s", path);
	bool ok = dprintf(fd, "%.*s\n", (int)strcspn(address, "/"), address) > 0 || fail_errno(error, "%s", path);
	close(fd);
	return ok;
}

static bool runs(const char *pid)
{
	gint64 number = g_ascii_strtoll(pid, NULL, 10);

	return number > 0 && number <= G_MAXINT && (kill((pid_t)number, 0) == 0 || errno == EPERM);
}

/* Only this knows the port of --http ADDR:0. NULL: no mill runs, or the folder is closed to whoever asks. */
static char *running_page(const char *state)
{
	g_autofree char *path = g_build_filename(state, "lock", NULL);
	int fd = beneath_open(path, O_RDONLY | O_NONBLOCK, 0);
	g_autoptr(GBytes) bytes = fd >= 0 ? files_read_all(fd, LONGEST) : NULL;

	if (fd >= 0)
		close(fd);
	if (!bytes)
		return NULL;
	gsize length;
	const char *content = g_bytes_get_data(bytes, &length);
	g_autofree char *text = g_strndup(content, length);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 3);
	if (!lines[0] || !lines[1] || !*lines[1] || !runs(lines[0]))
		return NULL;
	return g_strdup(lines[1]);
}

char *find_page(const char *config, GError **error)
{
	char *words[] = {(char[]){"status"}, (char[]){"--config"}, (char *)config, NULL};
	auto_struct(options) options = options_read(config ? 3 : 1, words, "", error);

	if (!options)
		return NULL;
	char *running = g_getenv("DROPMILL_HTTP") ? NULL : running_page(options->state);
	if (running)
		return running;
	if (g_str_has_suffix(options->http, ":0")) {
		fail(error, ERROR_RETRY, "no mill runs in %s, and only a running one knows the port of http: %s",
			options->state, options->http);
		return NULL;
	}
	return g_strdup(options->http);
}
