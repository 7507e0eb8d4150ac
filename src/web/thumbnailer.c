/* SPDX-License-Identifier: GPL-2.0-or-later
 * The process that makes thumbnails: see thumbnailer.h. */
#include "web/thumbnailer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"

/* A picture that takes longer is too large to be looked at in small. */
#define TIMEOUT_US (60 * (gint64)G_USEC_PER_SEC)
#define LINE_MOST 65536
#define LOOK_MS 200

struct thumbnailer {
	pid_t pid; /* 0: none */
	int control;
	gint stop;
};

struct thumbnailer *thumbnailer_new(void)
{
	return g_new0(struct thumbnailer, 1);
}

void thumbnailer_rest(struct thumbnailer *thumbnailer)
{
	if (!thumbnailer->pid)
		return;
	close(thumbnailer->control);
	kill(thumbnailer->pid, SIGKILL);
	while (waitpid(thumbnailer->pid, NULL, 0) < 0 && errno == EINTR)
		;
	thumbnailer->pid = 0;
}

static bool start(struct thumbnailer *thumbnailer, GError **error)
{
	g_autofree char *program = process_sibling("dropmill-image");
	g_autofree char *parent = g_strdup_printf("%d", (int)getpid());
	const char *argv[] = {program, "thumbnail", parent, NULL};

	return thumbnailer->pid || process_spawn(argv, NULL, &thumbnailer->control, &thumbnailer->pid, error);
}

static bool send_wish(
	const struct thumbnailer *thumbnailer, const char *path, int size, const char *allow, const char *temp)
{
	g_autoptr(JsonObject) wish = json_object_new();

	json_set_path(wish, "path", path);
	json_set_path(wish, "temp", temp);
	json_object_set_int_member(wish, "size", size);
	if (allow)
		json_object_set_member(wish, "allow", json_from_string(allow, NULL));
	g_autofree char *text = json_object_text(wish);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	for (gsize sent = 0, length = strlen(line); sent < length;) {
		gssize n = send(thumbnailer->control, line + sent, length - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (gsize)n;
	}
	return true;
}

/* One line; NULL: the process died, hangs, or talks too much. */
static char *read_line(struct thumbnailer *thumbnailer, GError **error)
{
	gint64 until = clock_now_us() + TIMEOUT_US;
	g_autoptr(GString) line = g_string_new(NULL);
	char block[4096];

	while (!g_str_has_suffix(line->str, "\n")) {
		struct pollfd door = {.fd = thumbnailer->control, .events = POLLIN};
		if (g_atomic_int_get(&thumbnailer->stop) || clock_now_us() > until) {
			fail(error, ERROR_INPUT, "it took longer than %d s", (int)(TIMEOUT_US / G_USEC_PER_SEC));
			return NULL;
		}
		if (poll(&door, 1, LOOK_MS) <= 0)
			continue;
		gssize got = read(thumbnailer->control, block, sizeof block);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || line->len > LINE_MOST) {
			fail(error, ERROR_INPUT, "the process that made it died");
			return NULL;
		}
		g_string_append_len(line, block, got);
	}
	return g_string_free(g_steal_pointer(&line), FALSE);
}

char *thumbnailer_make(struct thumbnailer *thumbnailer, const char *path, int size, const char *allow, const char *temp,
	GError **error)
{
	if (!start(thumbnailer, error))
		return NULL;
	g_autofree char *line = send_wish(thumbnailer, path, size, allow, temp) ? read_line(thumbnailer, error) : NULL;
	if (!line) {
		thumbnailer_rest(thumbnailer);
		if (error && !*error)
			fail(error, ERROR_INPUT, "the process that makes them died");
		return NULL;
	}
	g_autoptr(JsonObject) said = json_parse_object(line, -1, error);
	if (!said)
		return NULL;
	const char *type = json_string(said, "type", NULL);
	if (!type)
		fail(error, ERROR_INPUT, "%s", json_string(said, "error", "no reason given"));
	return g_strdup(type);
}

void thumbnailer_stop(struct thumbnailer *thumbnailer)
{
	g_atomic_int_set(&thumbnailer->stop, 1);
}

void thumbnailer_free(struct thumbnailer *thumbnailer)
{
	thumbnailer_rest(thumbnailer);
	g_free(thumbnailer);
}
