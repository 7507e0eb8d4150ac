/* SPDX-License-Identifier: GPL-2.0-or-later
 * Each test is a process that enters the sandbox and tries a door: what a decoder needs goes on, what it never needs is refused. */
#include "sandbox_support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int try_exec(void)
{
	return execl("/bin/true", "true", NULL);
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static int try_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int try_namespace(void)
{
	return (int)syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */);
}

static int try_mount(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static int try_bpf(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int try_keys(void)
{
	return (int)syscall(SYS_keyctl, 0, -3, 0);
}

static int try_rings(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static int try_signal_to_parent(void)
{
	return kill(getppid(), 0);
}

static int try_signal_to_itself(void)
{
	return kill(getpid(), 0);
}

static int try_limits_of_parent(void)
{
	struct rlimit limit;

	return prlimit(getppid(), RLIMIT_NOFILE, NULL, &limit);
}

static int try_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static int try_netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static int try_tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int try_local_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static void *add_one(void *number)
{
	++*(int *)number;
	return NULL;
}

static int try_thread(void)
{
	pthread_t thread;
	int number = 1;

	if (pthread_create(&thread, NULL, add_one, &number) != 0 || pthread_join(thread, NULL) != 0)
		return -1;
	return number == 2 ? 0 : -1;
}

static int refused_in_thread;

static void *exec_in_thread(void *nothing)
{
	refused_in_thread = try_exec() < 0 && errno == EPERM;
	return nothing;
}

static int try_exec_in_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_in_thread, NULL);
	pthread_join(thread, NULL);
	errno = refused_in_thread ? EPERM : 0;
	return -1;
}

static int try_core(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_CORE, &limit);
	errno = EFBIG;
	return limit.rlim_max == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -1;
}

/* A whole turn of libvips: build, compute with threads, encode, decode. */
static int try_picture(void)
{
	g_autoptr(VipsImage) image = picture(300, 200, 3, 8), back = NULL;
	g_autoptr(VipsImage) blurred = NULL;
	void *buffer = NULL;
	size_t length;
	double mean;

	errno = EIO;
	return vips_gaussblur(image, &blurred, 2.0, NULL) || vips_jpegsave_buffer(blurred, &buffer, &length, NULL) ||
			       !(back = vips_image_new_from_buffer(buffer, length, "", NULL)) ||
			       vips_avg(back, &mean, NULL)
		       ? -1
		       : 0;
}

static void other_programs_and_processes(void **state)
{
	(void)state;
	REFUSED(SANDBOX_NETWORK, try_exec);
	REFUSED(SANDBOX_NETWORK, try_exec_in_thread);
	REFUSED(SANDBOX_NETWORK, try_fork);
	REFUSED(SANDBOX_NETWORK, try_ptrace);
	REFUSED(SANDBOX_NETWORK, try_signal_to_parent);
	REFUSED(SANDBOX_NETWORK, try_limits_of_parent);
	LET_THROUGH(SANDBOX_NETWORK, try_signal_to_itself);
}

static void doors_of_the_kernel(void **state)
{
	(void)state;
	REFUSED(SANDBOX_NETWORK, try_namespace);
	REFUSED(SANDBOX_NETWORK, try_mount);
	REFUSED(SANDBOX_NETWORK, try_bpf);
	REFUSED(SANDBOX_NETWORK, try_keys);
	REFUSED(SANDBOX_NETWORK, try_rings);
}

static void a_worker_reaches_the_broker_and_nothing_stranger(void **state)
{
	(void)state;
	LET_THROUGH(SANDBOX_NETWORK, try_tcp);
	LET_THROUGH(SANDBOX_NETWORK, try_local_socket);
	REFUSED(SANDBOX_NETWORK, try_packet_socket);
	REFUSED(SANDBOX_NETWORK, try_netlink_socket);
}

static void a_codec_has_no_network(void **state)
{
	(void)state;
	REFUSED(SANDBOX_NO_NETWORK, try_tcp);
	REFUSED(SANDBOX_NO_NETWORK, try_local_socket);
	REFUSED(SANDBOX_NO_NETWORK, try_exec);
}

static void pictures_and_threads_go_on(void **state)
{
	(void)state;
	LET_THROUGH(SANDBOX_NETWORK, try_core);
	LET_THROUGH(SANDBOX_NO_NETWORK, try_thread);
	LET_THROUGH(SANDBOX_NO_NETWORK, try_picture);
}

static void an_operator_may_leave_it_out(void **state)
{
	(void)state;
	g_setenv("DROPMILL_SANDBOX", "off", TRUE);
	g_autofree char *missing = sandbox_enter(SANDBOX_NETWORK);
	g_unsetenv("DROPMILL_SANDBOX");
	/* A sanitized program has none that could be left out, and says that. */
	if (!g_str_has_suffix(missing, "sanitizer"))
		assert_string_equal(missing, "off, as DROPMILL_SANDBOX says");
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_programs_and_processes),
		cmocka_unit_test(doors_of_the_kernel),
		cmocka_unit_test(a_worker_reaches_the_broker_and_nothing_stranger),
		cmocka_unit_test(a_codec_has_no_network),
		cmocka_unit_test(pictures_and_threads_go_on),
		cmocka_unit_test(an_operator_may_leave_it_out),
	};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}
