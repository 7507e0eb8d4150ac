/* SPDX-License-Identifier: GPL-2.0-or-later
 * Permissions, limits of inotify and mounts. Each is tried in a child process, which can give up being root and has
 * limits and mounts of its own. */
#include "intake_harness.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* Runs a test in a child, whose failure is the test's. */
static void in_child(void (*prepare)(void), void (*test)(void))
{
	assert_int_equal(chmod(h.root, 0777), 0);
	pid_t child = fork();
	if (child == 0) {
		if (prepare)
			prepare();
		test(); /* a failed assertion exits through cmocka with another status */
		stop_intake();
		_exit(0);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("skipped: %s\n", emulated()
						       ? "an emulator, which has threads, cannot enter a user namespace"
						       : "no namespace of our own");
		skip();
	}
	assert_int_equal(status, 0);
}

#define CHILD_ASSERT(expression)                                                                                       \
	do {                                                                                                           \
		if (!(expression)) {                                                                                   \
			print_error("line %d: %s\n", __LINE__, #expression);                                           \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

static void be_nobody(void)
{
	if (geteuid() == 0)
		CHILD_ASSERT(setgid(65534) == 0 && setuid(65534) == 0);
}

static void wait_until(const char *relative, const char *why)
{
	gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
	g_mutex_lock(&h.lock);
	while (g_strcmp0(waiting_at(relative), why) != 0)
		CHILD_ASSERT(g_cond_wait_until(&h.changed, &h.lock, deadline));
	g_mutex_unlock(&h.lock);
}

static void wait_claims(guint count)
{
	gint64 deadline = g_get_monotonic_time() + DEADLINE_US;
	g_mutex_lock(&h.lock);
	while (h.claims->len < count)
		CHILD_ASSERT(g_cond_wait_until(&h.changed, &h.lock, deadline));
	CHILD_ASSERT(h.claims->len == count);
	g_mutex_unlock(&h.lock);
}

static void permissions(void)
{
	static const char *const why = "cannot be read: Permission denied";
	g_autofree char *folder = at("box/locked");
	g_autofree char *file = at("box/secret.jpg");
	g_autofree char *box = at("box");

	start_with(inboxes(inbox_settling("box", 200 * 1000), NULL));
	CHILD_ASSERT(mkdir(folder, 0000) == 0);
	wait_until("box/locked", "this folder cannot be looked into: Permission denied");
	CHILD_ASSERT(chmod(folder, 0777) == 0);
	wait_until("box/locked", NULL);
	put("box/locked/a.jpg", "x");
	wait_claims(1);

	int descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0000);
	CHILD_ASSERT(write(descriptor, "x", 1) == 1);
	close(descriptor);
	wait_until("box/secret.jpg", why);
	CHILD_ASSERT(chmod(file, 0444) == 0);
	wait_claims(2);
	CHILD_ASSERT(!waiting_at("box/secret.jpg"));

	put("box/stuck.jpg", "x");
	CHILD_ASSERT(chmod(box, 0555) == 0);
	wait_until("box/stuck.jpg", "cannot be claimed: Permission denied");
	CHILD_ASSERT(chmod(box, 0777) == 0);
	wait_claims(3);
	CHILD_ASSERT(h.history->len == 6); /* three times why, three times that it is over */
}

static void permission_denied(void **state)
{
	in_child(be_nobody, permissions);
}

/* A user namespace has its own count of watches. Where none may be made, there is no way to try this. */
static void be_poor(void)
{
	if (unshare(CLONE_NEWUSER) != 0)
		_exit(77);
	int descriptor = open("/proc/sys/user/max_inotify_watches", O_WRONLY | O_CLOEXEC);
	if (descriptor < 0 || write(descriptor, "2", 1) != 1)
		_exit(77);
	close(descriptor);
}

static void out_of_watches(void)
{
	intake_poll_us = 100 * 1000;
	start("box");
	make_folder("box/1/2/3");
	put("box/1/2/3/a.jpg", "x");
	wait_claims(1);
	g_mutex_lock(&h.lock);
	const char *why = waiting_at("box");
	CHILD_ASSERT(why && strstr(why, "fs.inotify.max_user_watches") && strstr(why, "sysctl"));
	g_mutex_unlock(&h.lock);
	put("box/1/2/3/b.jpg", "x");
	wait_claims(2);
	put("box/1/2/3/c.jpg", "x");
	wait_claims(3);
	CHILD_ASSERT(h.history->len == 1);
	/* When there are enough again, it goes back to events. */
	g_autofree char *one = at("box/1");
	files_remove_tree(one);
	wait_until("box", NULL);
	put("box/d.jpg", "x");
	wait_claims(4);
}

static void polls_without_watches(void **state)
{
	in_child(be_poor, out_of_watches);
}

static void be_without_instances(void)
{
	if (unshare(CLONE_NEWUSER) != 0)
		_exit(77);
	int descriptor = open("/proc/sys/user/max_inotify_instances", O_WRONLY | O_CLOEXEC);
	if (descriptor < 0 || write(descriptor, "0", 1) != 1)
		_exit(77);
	close(descriptor);
}

static void out_of_instances(void)
{
	intake_poll_us = 100 * 1000;
	make_folder("box");
	put("box/a.jpg", "x");
	start("box");
	CHILD_ASSERT(h.intake->watches.descriptor == -1);
	wait_claims(1);
	CHILD_ASSERT(strstr(waiting_at("box"), "fs.inotify.max_user_instances"));
	make_folder("box/sub");
	put("box/sub/b.jpg", "x");
	wait_claims(2);
}

static void polls_without_inotify(void **state)
{
	in_child(be_without_instances, out_of_instances);
}

static void be_alone(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		_exit(77);
}

static void mount_over(const char *relative)
{
	g_autofree char *path = at(relative);
	CHILD_ASSERT(mount("none", path, "tmpfs", 0, NULL) == 0);
}

/* A mount has no event: the look at the inbox's folder finds the one, the walk now and then the other. */
static void mounts(void)
{
	intake_reconcile_us = intake_check_us = 100 * 1000;
	make_folder("box/sub");
	start("box");
	mount_over("box/sub");
	put("box/sub/a.jpg", "x");
	wait_until("box/sub/a.jpg", "cannot be claimed: it lies on another file system than its inbox");
	mount_over("box");
	intake_reconcile_us = 60 * G_USEC_PER_SEC;
	put("box/b.jpg", "x");
	wait_claims(1);
	wait_until("box/sub/a.jpg", NULL);
	stop_intake();
	g_autofree char *box = at("box");
	umount2(box, MNT_DETACH);
}

static void mounted_over(void **state)
{
	in_child(be_alone, mounts);
}

/* True as soon as it can be: nothing of ours keeps it busy. */
static bool unmount(const char *relative)
{
	g_autofree char *path = at(relative);
	gint64 deadline = g_get_monotonic_time() + DEADLINE_US;

	while (umount(path) != 0) {
		if (errno != EBUSY || g_get_monotonic_time() > deadline)
			return false;
		g_usleep(5000);
	}
	return true;
}

static void idle_inbox_is_unmounted(void)
{
	intake_check_us = 100 * 1000;
	make_folder("box");
	mount_over("box");
	start("box");
	put("box/sub.jpg", "x");
	wait_claims(1);
	g_autofree char *path = at("box");
	CHILD_ASSERT(umount(path) != 0 && errno == EBUSY); /* it has work in hand */
	CHILD_ASSERT(claim_archive(h.claims->pdata[0], NULL) && claim_close(h.claims->pdata[0], NULL));
	CHILD_ASSERT(unmount("box"));
	/* And it is taken up when it is there again. */
	mount_over("box");
	put("box/later.jpg", "x");
	wait_claims(2);
	CHILD_ASSERT(exists("box/.dropmill") && !waiting_at("box"));
	CHILD_ASSERT(claim_archive(h.claims->pdata[1], NULL) && claim_close(h.claims->pdata[1], NULL));
	CHILD_ASSERT(unmount("box"));
}

static void an_idle_inbox_can_be_unmounted(void **state)
{
	in_child(be_alone, idle_inbox_is_unmounted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTAKE_TEST(permission_denied),
		INTAKE_TEST(polls_without_watches),
		INTAKE_TEST(polls_without_inotify),
		INTAKE_TEST(mounted_over),
		INTAKE_TEST(an_idle_inbox_can_be_unmounted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
