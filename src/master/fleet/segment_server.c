/* SPDX-License-Identifier: GPL-2.0-or-later
 * Segments for workers: see segment_server.h. */
#include "master/fleet/segment_server.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/disk/fd_channel.h"
#include "base/disk/shared_memory.h"
#include "base/log.h"

/* "/proc/4194304/fd/1048576" and some. A worker sends it at once, and the next when it has its answer. */
#define QUESTION_BYTES 64

struct segment_server {
	int socket;
	guint watch;
};

static void answer(struct segment_server *server, const char *path)
{
	g_autoptr(GError) error = NULL;
	int fd = segment_descriptor(path, &error);
	g_autofree char *line = g_strconcat(fd < 0 ? error->message : "", "\n", NULL);

	fd_channel_send(server->socket, line, strlen(line), fd);
	if (fd >= 0)
		close(fd);
}

static gboolean asked(gint fd, GIOCondition condition, gpointer data)
{
	struct segment_server *server = data;
	char question[QUESTION_BYTES];
	gssize length = recv(fd, question, sizeof question, MSG_DONTWAIT);

	(void)condition;
	if (length > 0 && question[length - 1] == '\n') {
		question[length - 1] = '\0';
		answer(server, question);
		return G_SOURCE_CONTINUE;
	}
	if (length > 0)
		log_warning("a worker asked for something that is not a segment; it gets no more answers");
	server->watch = 0;
	return G_SOURCE_REMOVE;
}

struct segment_server *segment_server_new(int socket)
{
	struct segment_server *server = g_new0(struct segment_server, 1);

	/* A worker that asks and never reads must not make us wait: what does not fit is not sent. */
	g_unix_set_fd_nonblocking(socket, TRUE, NULL);
	server->socket = socket;
	server->watch = g_unix_fd_add(socket, G_IO_IN | G_IO_HUP, asked, server);
	return server;
}

void segment_server_free(struct segment_server *server)
{
	if (!server)
		return;
	if (server->watch)
		g_source_remove(server->watch);
	close(server->socket);
	g_free(server);
}
