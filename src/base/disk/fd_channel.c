/* SPDX-License-Identifier: GPL-2.0-or-later
 * Lines with descriptors: see fd_channel.h. */
#include "base/disk/fd_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_BYTES 16384

struct fd_channel {
	int socket;
	GString *text; /* received, not yet returned */
	gsize start;   /* of the next line in it */
	int fd;        /* received, not yet returned; -1: none */
};

union room {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static gssize send_once(int socket, const void *bytes, gsize length, int fd, int flags)
{
	struct iovec piece = {(void *)bytes, length};
	union room room = {{0}};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = room.bytes;
		message.msg_controllen = sizeof room.bytes;
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(head), &fd, sizeof fd);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL | flags);
}

gssize fd_channel_some(int socket, const void *bytes, gsize length, int fd)
{
	return send_once(socket, bytes, length, fd, MSG_DONTWAIT);
}

bool fd_channel_send(int socket, const char *line, gsize length, int fd)
{
	while (length > 0) {
		gssize sent = send_once(socket, line, length, fd, 0);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return false;
		line += sent;
		length -= (gsize)sent;
		fd = -1; /* it went with the first piece */
	}
	return true;
}

struct fd_channel *fd_channel_new(int socket)
{
	struct fd_channel *channel = g_new0(struct fd_channel, 1);

	*channel = (struct fd_channel){socket, g_string_new(NULL), 0, -1};
	return channel;
}

static void keep_descriptor(struct fd_channel *channel, struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);

	if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
		return;
	if (channel->fd >= 0)
		close(channel->fd);
	memcpy(&channel->fd, CMSG_DATA(head), sizeof channel->fd);
}

/* False at the end. */
static bool receive(struct fd_channel *channel)
{
	char block[BLOCK_BYTES];
	struct iovec piece = {block, sizeof block};
	union room room;
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
	gssize got;

	do
		got = recvmsg(channel->socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	keep_descriptor(channel, &message);
	g_string_append_len(channel->text, block, got);
	return true;
}

char *fd_channel_line(struct fd_channel *channel, int *fd)
{
	const char *end;

	while (!(end = memchr(channel->text->str + channel->start, '\n', channel->text->len - channel->start))) {
		g_string_erase(channel->text, 0, (gssize)channel->start);
		channel->start = 0;
		if (!receive(channel))
			return NULL;
	}
	gsize length = (gsize)(end - channel->text->str) - channel->start;
	char *line = g_strndup(channel->text->str + channel->start, length);
	channel->start += length + 1;
	*fd = channel->fd;
	channel->fd = -1;
	return line;
}

void fd_channel_free(struct fd_channel *channel)
{
	if (!channel)
		return;
	if (channel->fd >= 0)
		close(channel->fd);
	g_string_free(channel->text, TRUE);
	g_free(channel);
}
