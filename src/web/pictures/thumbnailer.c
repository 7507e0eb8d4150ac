/* SPDX-License-Identifier: GPL-2.0-or-later
 * The process that makes thumbnails: see thumbnailer.h. */
#include "web/pictures/thumbnailer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/fd_channel.h"
#include "base/error.h"
#include "base/json.h"
#include "base/process.h"

/* A picture that takes longer is too large to be looked at in small. */
#define TIMEOUT_US (60 * (gint64)G_USEC_PER_SEC)
#define LINE_MOST 65536
/* Most bytes of a thumbnail; 1600 × 1600 pixels without compression are fewer. */
#define BYTES_MOST (16 << 20)
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

static bool send_wish(const struct thumbnailer *thumbnailer, int picture, int size, const char *allow)
{
	g_autoptr(JsonObject) wish = json_object_new();

	json_object_set_int_member(wish, "size", size);
	if (allow)
		json_object_set_member(wish, "allow", json_from_string(allow, NULL));
	g_autofree char *text = json_object_text(wish);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	return fd_channel_send(thumbnailer->control, line, strlen(line), picture);
}

/* More of the answer, in time. False: the process died, or hangs. */
static bool read_more(struct thumbnailer *thumbnailer, GByteArray *answer, gint64 until, GError **error)
{
	guint8 block[16384];

	for (;;) {
		struct pollfd door = {.fd = thumbnailer->control, .events = POLLIN};
		if (g_atomic_int_get(&thumbnailer->stop) || clock_now_us() > until)
			return fail(error, ERROR_INPUT, "it took longer than %d s", (int)(TIMEOUT_US / G_USEC_PER_SEC));
		if (poll(&door, 1, LOOK_MS) <= 0)
			continue;
		gssize got = read(thumbnailer->control, block, sizeof block);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail(error, ERROR_INPUT, "the process that made it died");
		g_byte_array_append(answer, block, (guint)got);
		return true;
	}
}

/* A line, and the bytes of the thumbnail that it announces. NULL: the process died, hangs, or talks too much. */
static JsonObject *read_answer(struct thumbnailer *thumbnailer, GBytes **bytes, GError **error)
{
	gint64 until = clock_now_us() + TIMEOUT_US;
	g_autoptr(GByteArray) answer = g_byte_array_new();
	const guint8 *end = NULL;

	while (!(end = answer->len ? memchr(answer->data, '\n', answer->len) : NULL))
		if (answer->len > LINE_MOST) {
			fail(error, ERROR_INPUT, "the process that made it says too much");
			return NULL;
		} else if (!read_more(thumbnailer, answer, until, error))
			return NULL;
	guint start = (guint)(end - answer->data) + 1;
	g_autoptr(JsonObject) said = json_parse_object((const char *)answer->data, (gssize)start - 1, error);
	gint64 size = said ? json_int(said, "bytes", 0) : 0;
	if (!said)
		return NULL;
	if (size < 0 || size > BYTES_MOST) {
		fail(error, ERROR_INPUT, "it would have %" G_GINT64_FORMAT " bytes", size);
		return NULL;
	}
	while (answer->len < start + size)
		if (!read_more(thumbnailer, answer, until, error))
			return NULL;
	*bytes = g_bytes_new(answer->data + start, (gsize)size);
	return g_steal_pointer(&said);
}

/* Its folder may be anybody's: neither a link nor what would wait for a writer is opened. */
static int open_picture(const char *path, GError **error)
{
	int picture = beneath_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (picture < 0)
		fail_errno(error, "%s", path);
	return picture;
}

char *thumbnailer_make(
	struct thumbnailer *thumbnailer, const char *path, int size, const char *allow, GBytes **bytes, GError **error)
{
	int picture = start(thumbnailer, error) ? open_picture(path, error) : -1;

	if (picture < 0)
		return NULL;
	bool sent = send_wish(thumbnailer, picture, size, allow);
	close(picture);
	if (!sent)
		fail(error, ERROR_INPUT, "the process that makes them died");
	g_autoptr(GBytes) made = NULL;
	g_autoptr(JsonObject) said = sent ? read_answer(thumbnailer, &made, error) : NULL;
	if (!said) {
		thumbnailer_rest(thumbnailer);
		return NULL;
	}
	const char *type = json_string(said, "type", NULL);
	if (type)
		*bytes = g_steal_pointer(&made);
	else
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
