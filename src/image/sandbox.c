/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a decoder may not do: see sandbox.h.
 *
 * The filter names what is refused and lets the rest pass: libvips, its loaders' libraries and librdkafka may call anything else in their
 * next version, and a picture must not fail for it. Refused calls answer EPERM, so that code which can do without goes on. */
#include "image/sandbox.h"

#include <errno.h>
#include <glib.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/landlock.h"

/* More than any worker has open: a broker is one or two, a picture some. */
#define FILES_MOST 4096

/* Never, whatever the arguments. */
static const int refused[] = {
	/* other programs and processes */
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(kcmp),
	/* namespaces and mounts */
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(move_mount),
	SCMP_SYS(open_tree),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount),
	SCMP_SYS(fspick),
	SCMP_SYS(mount_setattr),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(fanotify_init),
	SCMP_SYS(quotactl),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	/* the kernel itself */
	SCMP_SYS(bpf),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(reboot),
	SCMP_SYS(acct),
	SCMP_SYS(syslog),
	SCMP_SYS(personality),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	/* another identity */
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setreuid),
	SCMP_SYS(setregid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setresgid),
	SCMP_SYS(setgroups),
	SCMP_SYS(capset),
};

static const int networking[] = {SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind),
	SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4)};

/* A call that this machine's architecture does not have is no failure. */
static int refuse(scmp_filter_ctx filter, int call, unsigned count, const struct scmp_arg_cmp *arguments)
{
	int status = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, count, arguments);

	return status == -EDOM || status == -EEXIST ? 0 : status;
}

static int refuse_all(scmp_filter_ctx filter, const int *calls, gsize count)
{
	int status = 0;

	for (gsize i = 0; i < count && status == 0; i++)
		status = refuse(filter, calls[i], 0, NULL);
	return status;
}

static int refuse_when(scmp_filter_ctx filter, int call, struct scmp_arg_cmp argument)
{
	return refuse(filter, call, 1, &argument);
}

/* Families other than AF_UNIX (1), AF_INET (2) and AF_INET6 (10), by what lies between them: a rule takes one comparison an argument. */
static int refuse_families(scmp_filter_ctx filter)
{
	int status = refuse_when(filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GT, AF_INET6, 0));

	for (scmp_datum_t family = 0; family < AF_INET6 && status == 0; family++)
		if (family != AF_UNIX && family != AF_INET)
			status = refuse_when(filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, family, 0));
	return status;
}

/* Threads, not processes. clone3 hides its flags behind a pointer: the C library falls back on clone when the kernel lacks it. */
static int refuse_processes(scmp_filter_ctx filter)
{
	int status = refuse_when(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));

	if (status == 0)
		status = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	/* Signals, limits: its own only. */
	if (status == 0)
		status = refuse_when(filter, SCMP_SYS(kill), SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0));
	if (status == 0)
		status = refuse_when(filter, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_NE, 0, 0));
	if (status == 0)
		status = refuse_when(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, TIOCSTI));
	return status;
}

static int load_filter(enum sandbox_network network)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int status = filter ? 0 : -ENOMEM;

	if (status == 0)
		status = refuse_all(filter, refused, G_N_ELEMENTS(refused));
	if (status == 0)
		status = refuse_processes(filter);
	if (status == 0)
		status = network == SANDBOX_NO_NETWORK ? refuse_all(filter, networking, G_N_ELEMENTS(networking))
						       : refuse_families(filter);
	if (status == 0)
		status = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return status;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool sanitized = true;
#elif defined(__has_feature)
static const bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
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

/* Started by root, it reads and writes as root does, and nothing more: with CAP_PERFMON or CAP_SYS_PTRACE it could read other processes. */
static void drop_capabilities(void)
{
	enum { KEPT = 1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH | 1 << CAP_FOWNER };
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
