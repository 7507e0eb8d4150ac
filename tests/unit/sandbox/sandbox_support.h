/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a process that enters the sandbox and tries a door.
 * Thread:    the main one.
 */
#pragma once

#include "../image/support.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

#define UNTRIED 77

/* Files are shut, too. */
static bool inside_files;

/* The errno that try() left, 0 when it was let through; -1: this program may not be tried (sanitizer, emulator). */
static inline int inside(enum sandbox_network network, int (*try)(void))
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		g_autofree char *missing = sandbox_enter(network);
		if (missing)
			_exit(emulated() || g_str_has_suffix(missing, "sanitizer") ? UNTRIED : 99);
		if (inside_files)
			g_free(sandbox_files(NULL, network == SANDBOX_NETWORK));
		errno = 0;
		_exit(try() < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 99);
	if (WEXITSTATUS(status) != UNTRIED)
		return WEXITSTATUS(status);
	print_message("skipped: no seccomp %s\n", emulated() ? "in the emulator" : "with a sanitizer");
	return -1;
}

#define REFUSED(network, try)                                                                                          \
	do {                                                                                                           \
		int number = inside(network, try);                                                                     \
		if (number == -1)                                                                                      \
			skip();                                                                                        \
		assert_int_equal(number, ENOSYS);                                                                      \
	} while (0)
#define LET_THROUGH(network, try)                                                                                      \
	do {                                                                                                           \
		int number = inside(network, try);                                                                     \
		if (number == -1)                                                                                      \
			skip();                                                                                        \
		assert_int_equal(number, 0);                                                                           \
	} while (0)
