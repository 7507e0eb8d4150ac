/* SPDX-License-Identifier: GPL-2.0-or-later
 * Lines with descriptors: see fd_channel.h. */
#include "base/fd_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_BYTES 16384

struct handover {
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

gssize handover_some(int socket, const void *bytes, gsize length, int fd)
{
	return send_once(socket, bytes, length, fd, MSG_DONTWAIT);
}

bool handover_send(int socket, const char *line, gsize length, int fd)
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

struct handover *handover_new(int socket)
{
	struct handover *handover = g_new0(struct handover, 1);

	*handover = (struct handover){socket, g_string_new(NULL), 0, -1};
	return handover;
}

static void keep_descriptor(struct handover *handover, struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);

	if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
		return;
	if (handover->fd >= 0)
		close(handover->fd);
	memcpy(&handover->fd, CMSG_DATA(head), sizeof handover->fd);
}

/* False at the end. */
static bool receive(struct handover *handover)
{
	char block[BLOCK_BYTES];
	struct iovec piece = {block, sizeof block};
	union room room;
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
	gssize got;

	do
		got = recvmsg(handover->socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	keep_descriptor(handover, &message);
	g_string_append_len(handover->text, block, got);
	return true;
}

char *handover_line(struct handover *handover, int *fd)
{
	const char *end;

	while (!(end = memchr(handover->text->str + handover->start, '\n', handover->text->len - handover->start))) {
		g_string_erase(handover->text, 0, (gssize)handover->start);
		handover->start = 0;
		if (!receive(handover))
			return NULL;
	}
	gsize length = (gsize)(end - handover->text->str) - handover->start;
	char *line = g_strndup(handover->text->str + handover->start, length);
	handover->start += length + 1;
	*fd = handover->fd;
	handover->fd = -1;
	return line;
}

void handover_free(struct handover *handover)
{
	if (!handover)
		return;
	if (handover->fd >= 0)
		close(handover->fd);
	g_string_free(handover->text, TRUE);
	g_free(handover);
}
