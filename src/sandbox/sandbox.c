/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a decoder may not do: see sandbox.h.
 *
 * The filter names what is allowed (sandbox_calls.c, and below what depends on arguments). All other calls answer ENOSYS, as from an older
 * kernel, so that libraries do without what they only prefer. */
#include "sandbox/sandbox.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/landlock.h"
#include "sandbox/sandbox_calls.h"

/* More than any worker has open: a broker is one or two, a picture some. */
#define FILES_MOST 4096
/* The bits of a socket's type that are not flags. */
#define SOCKET_TYPE 0xf
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* What terminals and sockets are asked; none of it changes anything for others. TIOCSTI, for one, would type into a terminal. */
static const int requests[] = {TCGETS, (int)TCGETS2, TIOCGWINSZ, FIONREAD, FIONBIO};
/* Not F_SETOWN, which has the kernel signal another process. */
static const int file_commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
	F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_ADD_SEALS, F_GET_SEALS};
static const int process_options[] = {
	PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP, PR_GET_DUMPABLE, PR_CAPBSET_READ};

/* A call that this machine's architecture does not have is not a failure. */
static int allow(scmp_filter_ctx filter, int call, unsigned count, const struct scmp_arg_cmp *arguments)
{
	int status = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, count, arguments);

	return status == -EDOM || status == -EEXIST ? 0 : status;
}

static int allow_when(scmp_filter_ctx filter, int call, struct scmp_arg_cmp argument)
{
	return allow(filter, call, 1, &argument);
}

static int allow_all(scmp_filter_ctx filter, const int *calls, gsize count)
{
	int status = 0;

	for (gsize i = 0; i < count && status == 0; i++)
		status = allow(filter, calls[i], 0, NULL);
	return status;
}

/* Threads, not processes: a clone without CLONE_THREAD, or with a new namespace, is refused. clone3 hides its flags behind a pointer and
 * stays refused: the C library falls back on clone. */
static int allow_threads(scmp_filter_ctx filter)
{
	const scmp_datum_t flags = CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
				   CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

	return allow_when(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, flags, CLONE_THREAD));
}

/* Signals, limits, processors: its own only. abort() and raise() signal the thread by tgkill. */
static int allow_itself(scmp_filter_ctx filter)
{
	const scmp_datum_t self = (scmp_datum_t)getpid();
	int status = allow_when(filter, SCMP_SYS(kill), SCMP_A0(SCMP_CMP_EQ, self, 0));

	if (status == 0)
		status = allow_when(filter, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, self, 0));
	if (status == 0)
		status = allow_when(filter, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0, 0));
	if (status == 0)
		status = allow_when(filter, SCMP_SYS(sched_setaffinity), SCMP_A0(SCMP_CMP_EQ, 0, 0));
	return status;
}

/* 32 bits are compared: the kernel looks at no more of these. */
static int allow_values(scmp_filter_ctx filter, int call, unsigned position, const int *values, gsize count)
{
	int status = 0;

	for (gsize i = 0; i < count && status == 0; i++)
		status = allow_when(filter, call,
			SCMP_CMP(position, SCMP_CMP_MASKED_EQ, 0xffffffff, (scmp_datum_t)(guint32)values[i]));
	return status;
}

static int allow_some(scmp_filter_ctx filter)
{
	int status = allow_values(filter, SCMP_SYS(ioctl), 1, requests, G_N_ELEMENTS(requests));

	if (status == 0)
		status = allow_values(filter, SCMP_SYS(fcntl), 1, file_commands, G_N_ELEMENTS(file_commands));
	if (status == 0)
		status = allow_values(filter, SCMP_SYS(fcntl64), 1, file_commands, G_N_ELEMENTS(file_commands));
	/* To reserve room, and not to take any away. */
	if (status == 0)
		status = allow_values(filter, SCMP_SYS(fallocate), 1, (const int[]){0, FALLOC_FL_KEEP_SIZE}, 2);
	if (status == 0)
		status = allow_values(filter, SCMP_SYS(prctl), 0, process_options, G_N_ELEMENTS(process_options));
	return status;
}

/* TCP and UDP. A local socket would reach D-Bus, systemd or an agent: there is none, and who asks nscd or resolved for a name falls back
 * on DNS. */
static int allow_network(scmp_filter_ctx filter)
{
	static const int families[] = {AF_INET, AF_INET6}, types[] = {SOCK_STREAM, SOCK_DGRAM};
	int status = allow_all(filter, sandbox_network_calls, sandbox_network_count);

	for (gsize i = 0; i < G_N_ELEMENTS(families) && status == 0; i++)
		for (gsize j = 0; j < G_N_ELEMENTS(types) && status == 0; j++) {
			const struct scmp_arg_cmp arguments[] = {SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0),
				SCMP_A1(SCMP_CMP_MASKED_EQ, SOCKET_TYPE, (scmp_datum_t)types[j])};
			status = allow(filter, SCMP_SYS(socket), G_N_ELEMENTS(arguments), arguments);
		}
	return status;
}

static int load_filter(enum sandbox_network network)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int status = filter ? 0 : -ENOMEM;

	if (status == 0)
		status = allow_all(filter, sandbox_calls, sandbox_call_count);
	if (status == 0)
		status = allow_threads(filter);
	if (status == 0)
		status = allow_itself(filter);
	if (status == 0)
		status = allow_some(filter);
	if (status == 0 && network == SANDBOX_NETWORK)
		status = allow_network(filter);
	/* Some hundred comparisons become eight. */
	if (status == 0)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (status == 0)
		status = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return status;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif
#else
static const bool sanitized = false;
#endif

static bool is_off(void)
{
	return sanitized || g_strcmp0(g_getenv("DROPMILL_SANDBOX"), "off") == 0;
}

static void limit(void)
{
	const struct rlimit none = {0, 0};
	struct rlimit files;

	/* A core of a process that holds people's pictures is a copy of them. */
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_MSGQUEUE, &none);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max > FILES_MOST) {
		files.rlim_max = FILES_MOST;
		files.rlim_cur = MIN(files.rlim_cur, FILES_MOST);
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* Started by root, it reads and writes files as root does (within Landlock's bounds), and nothing more: with CAP_FOWNER it could change
 * modes, with CAP_PERFMON or CAP_SYS_PTRACE read other processes. */
static void drop_capabilities(void)
{
	enum { KEPT = 1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH };
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) != 0)
		return;
	data[0].permitted &= KEPT;
	data[0].effective &= KEPT;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){0};
	syscall(SYS_capset, &head, data);
}

char *sandbox_files(char **files, bool names)
{
	return is_off() ? NULL : landlock_enter(files, names);
}

char *sandbox_enter(enum sandbox_network network)
{
	if (is_off() && !sanitized)
		return g_strdup("off, as DROPMILL_SANDBOX says");
	if (sanitized)
		return g_strdup("off in a program built with a sanitizer");
	limit();
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return g_strdup_printf("no new privileges: %s; no seccomp either", g_strerror(errno));
	int status = load_filter(network);
	return status == 0 ? NULL
			   : g_strdup_printf(
				     "no seccomp filter (%s): decoders may call what they like", g_strerror(-status));
}
