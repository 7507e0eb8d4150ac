/* SPDX-License-Identifier: GPL-2.0-or-later
 * The master's end of a codec process: see codec_link.h. */
#include "master/link/codec_link.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/disk/fd_channel.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"

/* The process and the reading of its socket end in any order; the struct lives until both have. */
struct codec_link {
	gint references;
	int fd;
	pid_t pid;
	GByteArray *unsent; /* what the socket has no room for: the codec is busy, or stopped */
	int passing;        /* a descriptor that goes with what is sent next; -1: none */
	guint writable;     /* waits for room; 0: nothing is unsent */
	GDataInputStream *lines;
	GCancellable *cancel;
	codec_event_fn event; /* NULL: freed, nobody listens */
	void *user;
	char *how;    /* how the process ended; NULL: it runs */
	bool drained; /* nothing more to read */
};

static void drop_passing(struct codec_link *link)
{
	if (link->passing >= 0)
		close(link->passing);
	link->passing = -1;
}

static void release(struct codec_link *link)
{
	if (--link->references > 0)
		return;
	g_clear_object(&link->lines);
	g_clear_object(&link->cancel);
	close(link->fd);
	drop_passing(link);
	g_byte_array_unref(link->unsent);
	g_free(link->how);
	g_free(link);
}

/* The end is reported after the last line, so that no event comes after the end of its process. */
static void tell_end(struct codec_link *link)
{
	if (link->how && link->drained && link->event) {
		codec_event_fn event = link->event;
		link->event = NULL;
		event(NULL, link->how, link->user);
	}
}

static void read_next(struct codec_link *link);

static void line_read(GObject *object, GAsyncResult *result, gpointer data)
{
	struct codec_link *link = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *line = g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(object), result, NULL, &error);

	if (!line) {
		link->drained = true;
		tell_end(link);
		release(link);
		return;
	}
	g_autoptr(JsonObject) event = json_parse_object(line, -1, &error);
	if (!event)
		log_error("codec %d: %s", (int)link->pid, error->message);
	else if (link->event)
		link->event(event, NULL, link->user);
	read_next(link);
	release(link);
}

static void read_next(struct codec_link *link)
{
	link->references++;
	g_data_input_stream_read_line_async(link->lines, G_PRIORITY_DEFAULT, link->cancel, line_read, link);
}

static void process_ended(GPid pid, gint status, gpointer data)
{
	struct codec_link *link = data;

	g_spawn_close_pid(pid);
	link->how = process_status_text(status);
	tell_end(link);
	release(link);
}

struct codec_link *codec_link_new(codec_event_fn event, void *user, GError **error)
{
	g_autofree char *program = process_sibling("dropmill-image");
	g_autofree char *parent = g_strdup_printf("%d", (int)getpid());
	const char *argv[] = {program, "codec", parent, NULL};
	struct codec_link *link = g_new0(struct codec_link, 1);

	if (!process_spawn(argv, NULL, &link->fd, &link->pid, error)) {
		g_free(link);
		return NULL;
	}
	link->references = 1;
	link->unsent = g_byte_array_new();
	link->passing = -1;
	link->event = event;
	link->user = user;
	link->cancel = g_cancellable_new();
	g_autoptr(GInputStream) input = g_unix_input_stream_new(link->fd, FALSE);
	link->lines = g_data_input_stream_new(input);
	link->references++;
	g_child_watch_add(link->pid, process_ended, link);
	read_next(link);
	return link;
}

bool codec_link_use(struct codec_link *link, codec_event_fn event, void *user)
{
	if (link->how || link->drained)
		return false;
	link->event = event;
	link->user = user;
	return true;
}

/* As much as there is room for. False when the codec is dead: tell_end() reports that. */
static bool send_some(struct codec_link *link)
{
	while (link->unsent->len > 0) {
		gssize n = fd_channel_some(link->fd, link->unsent->data, link->unsent->len, link->passing);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		drop_passing(link);
		g_byte_array_remove_range(link->unsent, 0, (guint)n);
	}
	return true;
}

static gboolean room_again(gint fd, GIOCondition condition, gpointer data)
{
	struct codec_link *link = data;

	(void)fd;
	(void)condition;
	if (send_some(link) && link->unsent->len > 0)
		return G_SOURCE_CONTINUE;
	link->writable = 0;
	release(link);
	return G_SOURCE_REMOVE;
}

/* The master's loop must not wait for a codec that does not read. */
static void send_line(struct codec_link *link, const char *line, gsize length)
{
	g_byte_array_append(link->unsent, (const guint8 *)line, (guint)length);
	if (link->writable || !send_some(link) || link->unsent->len == 0)
		return;
	link->references++;
	link->writable = g_unix_fd_add(link->fd, G_IO_OUT, room_again, link);
}

void codec_link_send(struct codec_link *link, JsonObject *command, int fd)
{
	g_autofree char *text = json_object_text(command);
	g_autofree char *line = g_strconcat(text, "\n", NULL);

	drop_passing(link);
	if (fd >= 0)
		link->passing = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	send_line(link, line, strlen(line));
}

static void send_tile(struct codec_link *link, const char *command, guint tile)
{
	char line[64];
	int length = g_snprintf(line, sizeof line, "{\"cmd\":\"%s\",\"tile\":%u}\n", command, tile);

	send_line(link, line, (gsize)length);
}

void codec_link_done(struct codec_link *link, guint tile, bool held)
{
	send_tile(link, held ? "held" : "done", tile);
}

void codec_link_free_tile(struct codec_link *link, guint tile)
{
	send_tile(link, "free", tile);
}

void codec_link_free(struct codec_link *link)
{
	if (!link)
		return;
	link->event = NULL;
	g_cancellable_cancel(link->cancel);
	if (link->writable) {
		g_source_remove(link->writable);
		link->writable = 0;
		release(link);
	}
	if (!link->how)
		kill(link->pid, SIGKILL);
	release(link);
}
