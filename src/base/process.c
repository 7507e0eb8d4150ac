/* SPDX-License-Identifier: GPL-2.0-or-later
 * Child processes: see process.h. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/error.h"

char *process_sibling(const char *name)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = g_path_get_dirname(self ? self : "./x");
	return g_build_filename(folder, name, NULL);
}

static GMutex children_lock;
static GArray *children; /* pid_t: those that may not have been waited for */

/* Once another has waited for it, its number may be that of a stranger. */
static bool is_waited_for(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

static void remember(pid_t pid)
{
	g_mutex_lock(&children_lock);
	if (!children)
		children = g_array_new(FALSE, FALSE, sizeof pid);
	for (guint i = children->len; i > 0; i--)
		if (is_waited_for(g_array_index(children, pid_t, i - 1)))
			g_array_remove_index_fast(children, i - 1);
	g_array_append_val(children, pid);
	g_mutex_unlock(&children_lock);
}

void process_end_children(void)
{
	g_mutex_lock(&children_lock);
	for (guint i = 0; children && i < children->len; i++) {
		pid_t pid = g_array_index(children, pid_t, i);
		if (is_waited_for(pid))
			continue;
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	g_clear_pointer(&children, g_array_unref);
	g_mutex_unlock(&children_lock);
}

/* posix_spawn file actions: 0 is /dev/null, 3 the control socket. Every other descriptor of ours is CLOEXEC. */
bool process_spawn(const char *const *argv, char **environment, int *control, pid_t *pid, GError **error)
{
	int pair[2] = {-1, -1};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;

	if (control && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return fail_errno(error, "socketpair");
	/* dup2 onto itself would keep CLOEXEC: move our half of the pair away from 3 first. */
	if (control && pair[1] == 3) {
		int moved = fcntl(pair[1], F_DUPFD_CLOEXEC, 10);
		close(pair[1]);
		pair[1] = moved;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (control)
		posix_spawn_file_actions_adddup2(&actions, pair[1], 3);
	posix_spawnattr_init(&attributes);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	int number = posix_spawn(
		pid, argv[0], &actions, &attributes, (char *const *)argv, environment ? environment : environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (control)
		close(pair[1]);
	if (number != 0) {
		if (control)
			close(pair[0]);
		errno = number;
		return fail_errno(error, "cannot start %s", argv[0]);
	}
	if (control)
		*control = pair[0];
	remember(*pid);
	counter_add(COUNTER_PROCESSES);
	return true;
}

void process_die_with_parent(int signal, pid_t expected)
{
	prctl(PR_SET_PDEATHSIG, signal);
	if (getppid() != expected)
		raise(signal); /* the parent died before the call */
}

#define KILLED "killed by "
#define EXITED "exit status %d"

char *process_status_text(int wait_status)
{
	if (WIFSIGNALED(wait_status)) {
		const char *name = sigabbrev_np(WTERMSIG(wait_status));
		return g_strdup_printf(KILLED "SIG%s", name ? name : "?");
	}
	return g_strdup_printf(EXITED, WEXITSTATUS(wait_status));
}

enum process_end process_end(const char *text)
{
	int code;

	if (!text || sscanf(text, EXITED, &code) != 1)
		return PROCESS_ENDED_BADLY;
	return code == 0 ? PROCESS_ENDED_WELL : code == PROCESS_OVERTIME ? PROCESS_ENDED_OVERTIME : PROCESS_ENDED_BADLY;
}

const char *process_status_short(const char *text)
{
	return g_str_has_prefix(text, KILLED) ? text + strlen(KILLED) : text;
}

gint64 process_private_bytes(pid_t pid)
{
	g_autofree char *path = pid ? g_strdup_printf("/proc/%d/status", (int)pid) : g_strdup("/proc/self/status");
	g_autofree char *text = NULL;
	gint64 bytes = 0;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return -1;
	const char *const names[] = {"\nRssAnon:", "\nVmSwap:"};
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *line = strstr(text, names[i]);
		if (!line)
			return -1; /* a zombie has no memory any more */
		bytes += g_ascii_strtoll(line + strlen(names[i]), NULL, 10) * 1024;
	}
	return bytes;
}

void process_be_nice(void)
{
	const char *text = g_getenv("DROPMILL_NICE");

	if (text && *text)
		setpriority(PRIO_PROCESS, 0, (int)g_ascii_strtoll(text, NULL, 10));
}

char *process_machine(void)
{
	g_autofree char *boot = NULL;
	g_autofree char *space = g_file_read_link("/proc/self/ns/pid", NULL);

#ifdef DROPMILL_TEST_HOOKS
	/* As on another machine. */
	if (g_getenv("DROPMILL_TEST_MACHINE"))
		return g_strdup(g_getenv("DROPMILL_TEST_MACHINE"));
#endif
	if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL))
		boot = g_strdup("unknown");
	return g_strdup_printf("%s/%s/%u", g_strstrip(boot), space ? space : "", (unsigned)geteuid());
}
