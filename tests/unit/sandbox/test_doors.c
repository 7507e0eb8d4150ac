/* SPDX-License-Identifier: GPL-2.0-or-later
 * A probe: a process that enters the sandbox tries every door out of it, as a decoder that was taken over would. Another process, a socket,
 * a file and shared memory are there to be reached; each call must fail, and all of them stay as they were. */
#include "sandbox_support.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/disk/files.h"

#define MODE 0640
/* Calls that are newer than Debian 12's headers; the same number on every architecture. */
#define CALL_FCHMODAT2 452
#define CALL_SETXATTRAT 463
#define CALL_LISTNS 470

static struct outside {
	char *folder, *file, *other;
	pid_t victim;
	int listening; /* at folder/socket */
	int memory;    /* SysV */
	int open;      /* the file, as a spool that was handed over */
	struct sockaddr_un local, abstract;
	struct sockaddr_in inet;
} outside;

struct door {
	const char *name;
	long number;
	long arguments[6];
};

static void become_the_victim(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static int set_up(void **state)
{
	g_autofree char *here = g_get_current_dir();
	outside.folder = g_build_filename(here, "doors-XXXXXX", NULL);
	assert_non_null(g_mkdtemp(outside.folder));
	outside.file = g_build_filename(outside.folder, "file", NULL);
	outside.other = g_build_filename(outside.folder, "other", NULL);
	assert_true(g_file_set_contents(outside.file, "mine", 4, NULL));
	assert_int_equal(chmod(outside.file, MODE), 0);
	outside.open = open(outside.file, O_RDWR | O_CLOEXEC);
	outside.local.sun_family = outside.abstract.sun_family = AF_UNIX;
	g_snprintf(outside.local.sun_path, sizeof outside.local.sun_path, "/tmp/dropmill-doors-%d", (int)getpid());
	g_snprintf(outside.abstract.sun_path + 1, sizeof outside.abstract.sun_path - 1, "doors-%d", (int)getpid());
	outside.listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(outside.listening, (const struct sockaddr *)&outside.local, sizeof outside.local), 0);
	assert_int_equal(listen(outside.listening, 1), 0);
	outside.inet = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	outside.memory = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	outside.victim = fork();
	assert_int_not_equal(outside.victim, -1);
	if (outside.victim == 0)
		become_the_victim();
	return 0;
}

static int take_down(void **state)
{
	kill(outside.victim, SIGKILL);
	waitpid(outside.victim, NULL, 0);
	shmctl(outside.memory, IPC_RMID, NULL);
	close(outside.listening);
	unlink(outside.local.sun_path);
	close(outside.open);
	files_remove_tree(outside.folder);
	g_free(outside.folder);
	g_free(outside.file);
	g_free(outside.other);
	return 0;
}

#define P(pointer) ((long)(pointer))

/* The number of the first door that opened; 0: none did. */
static int try_doors(const struct door *doors, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		const long *a = doors[i].arguments;
		long answer = syscall(doors[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (answer >= 0) {
			fprintf(stderr, "%s: let through\n", doors[i].name);
			return (int)i + 1;
		}
	}
	return 0;
}

static int try_metadata(void)
{
	const struct timespec times[2] = {{0}};
	const struct door doors[] = {
#ifdef SYS_chmod
		{"chmod", SYS_chmod, {P(outside.file), 04777}},
		{"chown", SYS_chown, {P(outside.file), 0, 0}},
		{"lchown", SYS_lchown, {P(outside.file), 0, 0}},
		{"utimes", SYS_utimes, {P(outside.file), 0}},
		{"utime", SYS_utime, {P(outside.file), 0}},
		{"symlink", SYS_symlink, {P("/etc"), P(outside.other)}},
		{"link", SYS_link, {P(outside.file), P(outside.other)}},
		{"mknod", SYS_mknod, {P(outside.other), S_IFIFO | 0600}},
#endif
		{"fchmod", SYS_fchmod, {outside.open, 04777}},
		{"fchmodat", SYS_fchmodat, {AT_FDCWD, P(outside.file), 04777}},
		{"fchmodat2", CALL_FCHMODAT2, {AT_FDCWD, P(outside.file), 04777}},
		{"fchown", SYS_fchown, {outside.open, 0, 0}},
		{"fchownat", SYS_fchownat, {AT_FDCWD, P(outside.file), 0, 0}},
		{"utimensat", SYS_utimensat, {AT_FDCWD, P(outside.file), P(times)}},
		{"futimens", SYS_utimensat, {outside.open, 0, P(times)}},
		{"setxattr", SYS_setxattr, {P(outside.file), P("user.x"), P("y"), 1}},
		{"lsetxattr", SYS_lsetxattr, {P(outside.file), P("user.x"), P("y"), 1}},
		{"fsetxattr", SYS_fsetxattr, {outside.open, P("user.x"), P("y"), 1}},
		{"setxattrat", CALL_SETXATTRAT, {AT_FDCWD, P(outside.file), 0, P("user.x"), P(times), 16}},
		{"removexattr", SYS_removexattr, {P(outside.file), P("user.dropmill")}},
		{"fremovexattr", SYS_fremovexattr, {outside.open, P("user.dropmill")}},
		{"truncate", SYS_truncate, {P(outside.file), 0}},
		{"ftruncate", SYS_ftruncate, {outside.open, 0}},
		{"fallocate", SYS_fallocate, {outside.open, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4}},
		{"symlinkat", SYS_symlinkat, {P("/etc"), AT_FDCWD, P(outside.other)}},
		{"linkat", SYS_linkat, {AT_FDCWD, P(outside.file), AT_FDCWD, P(outside.other), 0}},
		{"mknodat", SYS_mknodat, {AT_FDCWD, P(outside.other), S_IFIFO | 0600}},
		{"open for reading", SYS_openat, {AT_FDCWD, P(outside.file), O_RDONLY}},
		{"open for writing", SYS_openat, {AT_FDCWD, P(outside.file), O_WRONLY}},
		{"make a file", SYS_openat, {AT_FDCWD, P(outside.other), O_WRONLY | O_CREAT, 0600}},
		{"remove a file", SYS_unlinkat, {AT_FDCWD, P(outside.file), 0}},
		{"rename a file", SYS_renameat2, {AT_FDCWD, P(outside.file), AT_FDCWD, P(outside.other), 0}},
		{"chdir", SYS_chdir, {P("/")}},
		{"chroot", SYS_chroot, {P("/")}},
		{"umask", SYS_umask, {0}},
		{"inotify", SYS_inotify_init1, {0}},
		{"fanotify", SYS_fanotify_init, {0, O_RDONLY}},
		{"open_by_handle_at", SYS_open_by_handle_at, {AT_FDCWD, P(times), O_RDONLY}},
	};
	return try_doors(doors, G_N_ELEMENTS(doors));
}

static int try_processes(void)
{
	siginfo_t info = {.si_code = SI_QUEUE, .si_signo = SIGCONT};
	const long victim = outside.victim;
	struct rlimit limit;
	char byte;
	struct iovec ours = {&byte, 1};
	cpu_set_t processors;
	CPU_ZERO(&processors);
	CPU_SET(0, &processors);
	const struct sched_param parameter = {0};
	const struct door doors[] = {
		{"kill", SYS_kill, {victim, 0}},
		{"kill, its group", SYS_kill, {0, 0}},
		{"kill, everybody", SYS_kill, {-1, 0}},
		{"tkill", SYS_tkill, {victim, 0}},
		{"tgkill", SYS_tgkill, {victim, victim, 0}},
		{"rt_sigqueueinfo", SYS_rt_sigqueueinfo, {victim, SIGCONT, P(&info)}},
		{"rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo, {victim, victim, SIGCONT, P(&info)}},
		{"pidfd_open", SYS_pidfd_open, {victim, 0}},
		{"pidfd_open, itself", SYS_pidfd_open, {getpid(), 0}},
		{"F_SETOWN", SYS_fcntl, {outside.open, F_SETOWN, victim}},
		{"F_SETSIG", SYS_fcntl, {outside.open, F_SETSIG, SIGCONT}},
		{"FIOASYNC", SYS_ioctl, {outside.open, FIOASYNC, P(&limit)}},
		{"TIOCSTI", SYS_ioctl, {outside.open, TIOCSTI, P(&byte)}},
		{"prlimit", SYS_prlimit64, {victim, RLIMIT_NOFILE, 0, P(&limit)}},
		{"setpriority", SYS_setpriority, {PRIO_PROCESS, victim, 19}},
		{"ioprio_set", SYS_ioprio_set, {1, victim, 0}},
		{"sched_setaffinity", SYS_sched_setaffinity, {victim, sizeof processors, P(&processors)}},
		{"sched_setscheduler", SYS_sched_setscheduler, {victim, SCHED_IDLE, P(&parameter)}},
		{"sched_setattr", SYS_sched_setattr, {victim, P(&limit), 0}},
		{"ptrace", SYS_ptrace, {PTRACE_SEIZE, victim, 0, 0}},
		{"ptrace, traced", SYS_ptrace, {PTRACE_TRACEME, 0, 0, 0}},
		{"process_vm_readv", SYS_process_vm_readv, {victim, P(&ours), 1, P(&ours), 1, 0}},
		{"process_vm_writev", SYS_process_vm_writev, {victim, P(&ours), 1, P(&ours), 1, 0}},
		{"kcmp", SYS_kcmp, {victim, victim, 0, 0, 0}},
		{"migrate_pages", SYS_migrate_pages, {victim, 0, 0, 0}},
		{"fork", SYS_clone, {SIGCHLD, 0, 0, 0, 0}},
		{"a process with our memory", SYS_clone, {CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0}},
		{"clone3", SYS_clone3, {P(&info), 64}},
		{"execve", SYS_execve, {P("/bin/true"), 0, 0}},
		{"execveat", SYS_execveat, {AT_FDCWD, P("/bin/true"), 0, 0, 0}},
		{"setuid", SYS_setuid, {65534}},
		{"setresuid", SYS_setresuid, {-1, -1, -1}},
		{"setgroups", SYS_setgroups, {0, 0}},
		{"setsid", SYS_setsid, {0}},
		{"setpgid", SYS_setpgid, {0, 0}},
		{"PR_SET_PTRACER", SYS_prctl, {0x59616d61, -1, 0, 0, 0}},
		{"PR_SET_DUMPABLE", SYS_prctl, {PR_SET_DUMPABLE, 1, 0, 0, 0}},
		{"PR_SET_SECUREBITS", SYS_prctl, {PR_SET_SECUREBITS, 0, 0, 0, 0}},
		{"personality", SYS_personality, {0}},
	};
	return try_doors(doors, G_N_ELEMENTS(doors));
}

static int try_kernel(void)
{
	char room[256] = {0};
	const struct door doors[] = {
		{"unshare", SYS_unshare, {CLONE_NEWUSER}},
		{"a thread in a new namespace", SYS_clone, {CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0}},
		{"setns", SYS_setns, {outside.open, 0}},
		{"mount", SYS_mount, {P("none"), P("/tmp"), P("tmpfs"), 0, 0}},
		{"umount2", SYS_umount2, {P("/tmp"), 0}},
		{"fsopen", SYS_fsopen, {P("tmpfs"), 0}},
		{"open_tree", SYS_open_tree, {AT_FDCWD, P("/"), 0}},
		{"pivot_root", SYS_pivot_root, {P("/"), P("/")}},
		{"bpf", SYS_bpf, {0, P(room), sizeof room}},
		{"perf_event_open", SYS_perf_event_open, {P(room), 0, -1, -1, 0}},
		{"userfaultfd", SYS_userfaultfd, {1}},
		{"io_uring_setup", SYS_io_uring_setup, {1, P(room)}},
		{"io_setup", SYS_io_setup, {1, P(room)}},
		{"keyctl", SYS_keyctl, {0, -3, 0}},
		{"add_key", SYS_add_key, {P("user"), P("x"), P("y"), 1, -3}},
		{"seccomp", SYS_seccomp, {2, 0, P(room)}},
		{"shmget", SYS_shmget, {IPC_PRIVATE, 4096, IPC_CREAT | 0600}},
		{"semget", SYS_semget, {IPC_PRIVATE, 1, 0600}},
		{"msgget", SYS_msgget, {IPC_PRIVATE, 0600}},
		{"mq_open", SYS_mq_open, {P("doors"), O_CREAT | O_RDWR, 0600, 0}},
		{"syslog", SYS_syslog, {3, P(room), sizeof room}},
		{"sethostname", SYS_sethostname, {P("x"), 1}},
		{"listns", CALL_LISTNS, {P(room), 0, 0, 0}},
		{"quotactl", SYS_quotactl, {0, 0, 0, 0}},
		{"lookup_dcookie", SYS_lookup_dcookie, {0, P(room), sizeof room}},
		{"timer_create", SYS_timer_create, {CLOCK_MONOTONIC, 0, P(room)}},
		{"vmsplice", SYS_vmsplice, {1, P(room), 0, 0}},
	};
	/* A segment at its place is an address, not 0. */
	return shmat(outside.memory, NULL, 0) != (void *)-1 ? 99 : try_doors(doors, G_N_ELEMENTS(doors));
}

static int try_sockets(void)
{
	int pair[2];
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const struct door doors[] = {
		{"local", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
		{"local, datagrams", SYS_socket, {AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0}},
		{"socketpair", SYS_socketpair, {AF_UNIX, SOCK_DGRAM, 0, P(pair)}},
		{"netlink", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}},
		{"packet", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
		{"raw", SYS_socket, {AF_INET, SOCK_RAW, 1}},
		{"raw, version 6", SYS_socket, {AF_INET6, SOCK_RAW, 58}},
		{"vsock", SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}},
		{"alg", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}},
		{"bluetooth", SYS_socket, {AF_BLUETOOTH, SOCK_RAW, 0}},
		{"listen without bind", SYS_listen, {tcp, 1}},
		{"bind", SYS_bind, {tcp, P(&outside.inet), sizeof outside.inet}},
		{"bind, datagrams", SYS_bind, {udp, P(&outside.inet), sizeof outside.inet}},
		{"accept", SYS_accept4, {outside.listening, 0, 0, 0}},
		/* Of one that it inherited. */
		{"connect, local", SYS_connect, {outside.listening, P(&outside.local), sizeof outside.local}},
		{"connect, abstract", SYS_connect, {outside.listening, P(&outside.abstract), sizeof outside.abstract}},
	};
	return try_doors(doors, G_N_ELEMENTS(doors));
}

static int in_thread;

static void *try_in_thread(void *nothing)
{
	in_thread = try_processes() + try_metadata();
	return nothing;
}

/* The filter holds for every thread. */
static int try_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, try_in_thread, NULL) == 0 && pthread_join(thread, NULL) == 0 ? in_thread
													  : 99;
}

/* Rights over files are all that is left of root's. */
static int try_capabilities(void)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL))
		return 98;
	const char *line = strstr(text, "CapPrm:\t");
	return line && (g_ascii_strtoull(line + 8, NULL, 16) & ~(guint64)6) == 0 ? 0 : 99;
}

/* inside() takes a negative answer for refused: here 0 is what is wanted, and a positive number the door that opened. */
static int (*trying)(void);
static int answer(void)
{
	int number = trying();

	errno = number;
	return number ? -1 : 0;
}

static void every_door_is_shut(int (*try)(void))
{
	static const enum sandbox_network networks[] = {SANDBOX_NETWORK, SANDBOX_NO_NETWORK};

	inside_files = true;
	trying = try;
	for (gsize i = 0; i < G_N_ELEMENTS(networks); i++) {
		int number = inside(networks[i], answer);
		if (number == -1)
			skip();
		assert_int_equal(number, 0);
	}
}

static void files_and_what_belongs_to_them(void **state)
{
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1) {
		print_message("skipped: no Landlock in this kernel or emulator\n");
		skip();
	}
	every_door_is_shut(try_metadata);
	struct stat status;
	assert_int_equal(stat(outside.file, &status), 0);
	assert_int_equal(status.st_mode & 07777, MODE);
	assert_int_equal(status.st_size, 4);
	assert_false(g_file_test(outside.other, G_FILE_TEST_EXISTS));
}

static void other_processes(void **state)
{
	every_door_is_shut(try_processes);
	assert_int_equal(waitpid(outside.victim, NULL, WNOHANG), 0); /* it lives */
	every_door_is_shut(try_thread);
	every_door_is_shut(try_capabilities);
}

static void the_kernel_itself(void **state)
{
	every_door_is_shut(try_kernel);
}

static void sockets_of_others(void **state)
{
	every_door_is_shut(try_sockets);
}

int main(void)
{
	/* As a mill has it: temporary files in a folder of their own. GLib asks once where that is. */
	g_autofree char *here = g_get_current_dir();
	g_autofree char *temporary = g_build_filename(here, "doors-tmp-XXXXXX", NULL);
	if (!g_mkdtemp(temporary))
		return 1;
	g_setenv("TMPDIR", temporary, TRUE);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_and_what_belongs_to_them, set_up, take_down),
		cmocka_unit_test_setup_teardown(other_processes, set_up, take_down),
		cmocka_unit_test_setup_teardown(the_kernel_itself, set_up, take_down),
		cmocka_unit_test_setup_teardown(sockets_of_others, set_up, take_down),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(temporary);
	return failed;
}
