/* SPDX-License-Identifier: GPL-2.0-or-later
 * Each try is a process that enters the sandbox: what a decoder needs goes on. What it never needs: test_doors.c. */
#include "sandbox_support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "image/write/format_save.h"

static int try_signal_to_itself(void)
{
	return kill(getpid(), 0) == 0 && raise(SIGURG) == 0 ? 0 : -1;
}

static int try_tcp(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
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

/* Its tiles are made by a library that changes modes: they follow the umask nevertheless. */
static int try_pyramid(void)
{
	g_autoptr(VipsImage) image = picture(300, 200, 3, 8);
	g_autofree char *folder = g_dir_make_tmp("pyramid-XXXXXX", NULL);
	g_autofree char *index = g_strconcat(folder, "/", strrchr(folder, '/') + 1, ".dzi", NULL);
	g_autoptr(JsonObject) save = json_object_new();
	struct stat status = {0};

	json_object_set_string_member(save, "title", strrchr(folder, '/') + 1);
	bool saved = format_save(image, folder, "dz", save, NULL) && stat(index, &status) == 0;
	files_remove_tree(folder);
	errno = EIO;
	return saved && (status.st_mode & 07777) == 0640 ? 0 : -1;
}

static void pictures_and_threads_go_on(void **state)
{
	LET_THROUGH(SANDBOX_NETWORK, try_core);
	LET_THROUGH(SANDBOX_NETWORK, try_tcp);
	REFUSED(SANDBOX_NO_NETWORK, try_tcp);
	LET_THROUGH(SANDBOX_NETWORK, try_signal_to_itself);
	LET_THROUGH(SANDBOX_NO_NETWORK, try_thread);
	LET_THROUGH(SANDBOX_NO_NETWORK, try_picture);
	umask(027);
	LET_THROUGH(SANDBOX_NETWORK, try_pyramid);
}

static void an_operator_may_leave_it_out(void **state)
{
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
		cmocka_unit_test(pictures_and_threads_go_on),
		cmocka_unit_test(an_operator_may_leave_it_out),
	};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}
