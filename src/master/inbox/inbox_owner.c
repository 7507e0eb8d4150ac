/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who listens under the name of a socket, from the kernel itself: for one that does not answer. See inbox_owner.h. */
#include "master/inbox/inbox_owner.h"

#include <glib.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

enum { LISTENS = 1 << TCP_LISTEN, ANSWER_BYTES = 32 << 10, ANSWERS_MOST = 10000 };

struct wanted {
	const char *name;
	gsize length;
	uid_t *user;
	bool found;
};

static bool ask(int kernel)
{
	const struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} question = {
		{.nlmsg_len = sizeof question,
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		{.sdiag_family = AF_UNIX, .udiag_states = LISTENS, .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_UID},
	};

	return send(kernel, &question, sizeof question, 0) == sizeof question;
}

static void look(struct wanted *wanted, const struct nlmsghdr *header)
{
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	int left = (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof *message);
	const struct rtattr *name = NULL, *user = NULL;

	for (const struct rtattr *part = (const void *)(message + 1); RTA_OK(part, left); part = RTA_NEXT(part, left)) {
		name = part->rta_type == UNIX_DIAG_NAME ? part : name;
		user = part->rta_type == UNIX_DIAG_UID ? part : user;
	}
	if (!name || !user || RTA_PAYLOAD(user) < sizeof(guint32) || RTA_PAYLOAD(name) != wanted->length ||
		memcmp(RTA_DATA(name), wanted->name, wanted->length) != 0)
		return;
	memcpy(wanted->user, RTA_DATA(user), sizeof(guint32));
	wanted->found = true;
}

/* False: there is no more. */
static bool read_answer(int kernel, struct wanted *wanted, void *buffer)
{
	gssize length = recv(kernel, buffer, ANSWER_BYTES, 0);

	if (length <= 0)
		return false;
	for (struct nlmsghdr *header = buffer; NLMSG_OK(header, (guint32)length); header = NLMSG_NEXT(header, length)) {
		if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
			return false;
		look(wanted, header);
	}
	return true;
}

bool inbox_listener_user(const struct sockaddr_un *address, socklen_t length, uid_t *user)
{
	struct wanted wanted = {address->sun_path, length - offsetof(struct sockaddr_un, sun_path), user, false};
	const struct timeval most = {.tv_sec = 1};
	g_autofree void *buffer = g_malloc(ANSWER_BYTES);
	int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (kernel < 0)
		return false;
	bool asked = setsockopt(kernel, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) == 0 && ask(kernel);
	for (guint i = 0; asked && !wanted.found && i < ANSWERS_MOST; i++)
		asked = read_answer(kernel, &wanted, buffer);
	close(kernel);
	return wanted.found;
}
