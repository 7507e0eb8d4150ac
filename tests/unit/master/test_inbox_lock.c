/* SPDX-License-Identifier: GPL-2.0-or-later
 * The name by which an inbox is known to be taken, when who has it does not answer. */
#include "intake_harness.h"

#include <sys/wait.h>

/* Nobody takes what others ask, until the queue of askers is full: it hangs. */
static void one_that_hangs_has_its_inbox_all_the_same(void **state)
{
	enum { ASKERS = 40 };
	struct stat status;
	assert_int_equal(lstat(h.root, &status), 0);
	int theirs = inbox_name(&status, NULL);
	assert_true(theirs >= 0);
	for (guint i = 0; i < ASKERS; i++) {
		g_autoptr(GError) error = NULL;
		assert_int_equal(inbox_name(&status, &error), -1);
		assert_non_null(error);
		if (i == ASKERS - 1)
			assert_non_null(strstr(error->message, "which does not answer"));
	}
	close(theirs);
}

/* A stranger who takes the name keeps nobody out, whether they answer or not. */
static void a_strangers_socket_keeps_no_mill_out(void **state)
{
	struct stat status;
	g_autoptr(GError) error = NULL;
	int ready[2], over[2];
	char byte;
	if (geteuid() != 0 || emulated()) {
		print_message("skipped: %s\n", emulated() ? "no NETLINK_SOCK_DIAG in the emulator" : "needs root");
		skip();
	}
	assert_int_equal(lstat(h.root, &status), 0);
	assert_int_equal(pipe(ready) + pipe(over), 0);
	pid_t stranger = fork();
	if (stranger == 0) {
		close(over[1]);
		bool taken = setuid(65534) == 0 && inbox_name(&status, NULL) >= 0;
		for (guint i = 0; i < 40 && taken; i++) /* as another, to fill the queue */
			inbox_name(&status, NULL);
		_exit(write(ready[1], taken ? "y" : "n", 1) == 1 && read(over[0], &byte, 1) == 0 ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	int ours = inbox_name(&status, &error);
	for (guint i = 0; i < 2; i++)
		close(over[i]);
	assert_int_equal(waitpid(stranger, NULL, 0), stranger);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(ours, -1); /* it is theirs, */
	assert_null(error);         /* and we go on without */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTAKE_TEST(one_that_hangs_has_its_inbox_all_the_same),
		INTAKE_TEST(a_strangers_socket_keeps_no_mill_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
