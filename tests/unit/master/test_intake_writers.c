/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files that are not whole yet. Who writes is known by events where leases are refused, as they are to a service user on other users'
 * files; and a file of 0 bytes waits for its content. */
#include "intake_harness.h"

#include <signal.h>
#include <sys/wait.h>

#define OPEN_ELSEWHERE "open for writing by another program"

static int without_leases(void **state)
{
	intake_leases = false;
	intake_check_us = 100 * 1000;
	return harness_start(state);
}

static int with_leases(void **state)
{
	intake_leases = true;
	return harness_stop(state);
}

#define WRITERS_TEST(name) cmocka_unit_test_setup_teardown(name, without_leases, with_leases)

static int begin(const char *relative)
{
	g_autofree char *path = at(relative);
	int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, "first ", 6), 6);
	return descriptor;
}

static void end(int descriptor, const char *text)
{
	assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
	close(descriptor);
}

static bool waits_for_its_writer(const char *relative)
{
	return g_strcmp0(waiting_at(relative), OPEN_ELSEWHERE) == 0;
}

static void stalled_upload_is_taken_whole(void **state)
{
	start("box");
	int descriptor = begin("box/slow.jpg");
	await(waits_for_its_writer("box/slow.jpg"));
	drop_and_await("box/other.jpg"); /* nobody else waits for it */
	assert_int_equal(h.claims->len, 1);
	end(descriptor, "second");
	await(claim_of("slow.jpg"));
	assert_int_equal(claim_of("slow.jpg")->bytes, 12);
	assert_null(waiting_at("box/slow.jpg"));
}

static void another_writer_comes(void **state)
{
	start("box");
	put("box/a.jpg", "");
	int first = begin("box/a.jpg"), second = begin("box/a.jpg");
	end(first, "x");
	end(second, "y");
	/* The first has closed, and a third opened it and writes. */
	int third = begin("box/a.jpg");
	await(waits_for_its_writer("box/a.jpg"));
	end(third, "z");
	await(claim_of("a.jpg"));
	assert_int_equal(claim_of("a.jpg")->bytes, 21);
}

static void renamed_while_it_is_written(void **state)
{
	start("box");
	int descriptor = begin("box/upload.jpg");
	await(waits_for_its_writer("box/upload.jpg"));
	move("box/upload.jpg", "box/final.jpg");
	await(waits_for_its_writer("box/final.jpg"));
	end(descriptor, "second");
	await(claim_of("final.jpg"));
	assert_int_equal(claim_of("final.jpg")->bytes, 12);
	assert_int_equal(h.claims->len, 1);
}

/* Its close comes as an event, too. */
static void killed_writer(void **state)
{
	g_autofree char *path = at("box/killed.jpg");
	start("box");
	pid_t writer = fork();
	if (writer == 0) {
		int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (write(descriptor, "half", 4) != 4)
			_exit(1);
		for (;;)
			pause();
	}
	await(waits_for_its_writer("box/killed.jpg"));
	assert_int_equal(kill(writer, SIGKILL), 0);
	waitpid(writer, NULL, 0);
	await(claim_of("killed.jpg"));
}

/* Made, but not opened by anybody: there is no close to wait for. */
static void link_has_no_writer(void **state)
{
	start("box");
	put("elsewhere.jpg", "content");
	g_autofree char *from = at("elsewhere.jpg");
	g_autofree char *to = at("box/linked.jpg");
	assert_int_equal(link(from, to), 0);
	await(claim_of("linked.jpg"));
}

static void deleted_while_it_is_written(void **state)
{
	start("box");
	int descriptor = begin("box/a.jpg");
	await(waits_for_its_writer("box/a.jpg"));
	g_autofree char *path = at("box/a.jpg");
	assert_int_equal(unlink(path), 0);
	await(!waiting_at("box/a.jpg"));
	put("box/a.jpg", "another");
	await(claim_of("a.jpg"));
	assert_int_equal(claim_of("a.jpg")->bytes, 7);
	close(descriptor);
}

/* Written since before the watch: nothing is known, and time has to tell. */
static void there_before(void **state)
{
	make_folder("box");
	int descriptor = begin("box/a.jpg");
	start("box");
	await(claim_of("a.jpg"));
	close(descriptor);
}

/* Where changes are found by looking, two looks must have found the same. */
static void polled_inboxes_settle_for_two_looks(void **state)
{
	struct inbox inbox = {.settle_us = 500 * 1000};
	struct watched_inbox watched = {.settings = &inbox};
	assert_int_equal(settle_time(&watched), 500 * 1000);
	watched.folder.remote = true;
	assert_int_equal(settle_time(&watched), 2 * intake_poll_us);
	watched = (struct watched_inbox){.settings = &inbox, .folder.polled = true};
	assert_int_equal(settle_time(&watched), 2 * intake_poll_us);
	inbox.settle_us = 60 * G_USEC_PER_SEC;
	assert_int_equal(settle_time(&watched), inbox.settle_us);
}

static void start_waiting_for_content(gint64 wait_empty_us)
{
	struct inbox *inbox = inbox_at("box", true, NULL);

	inbox->wait_empty_us = wait_empty_us;
	start_with(inboxes(inbox, NULL));
}

static void empty_file_waits_for_its_time(void **state)
{
	start_waiting_for_content(8 * SETTLE_US);
	gint64 before = g_get_monotonic_time();
	put("box/empty.jpg", "");
	await(h.claims->len == 1);
	assert_true(g_get_monotonic_time() - before >= 8 * SETTLE_US);
	assert_int_equal(claim_of("empty.jpg")->bytes, 0);
	assert_null(claim_of("empty.jpg")->format);
}

/* As scanners do it: written later, or cancelled. Likewise where the name was moved in. */
static void placeholders_are_filled_or_go(void **state)
{
	start("box");
	put("box/scan.jpg", "");
	put("box/cancelled.jpg", "");
	put("empty.jpg", "");
	move("empty.jpg", "box/moved.jpg");
	await(waiting_at("box/scan.jpg") && waiting_at("box/cancelled.jpg") && waiting_at("box/moved.jpg"));
	assert_non_null(strstr(waiting_at("box/scan.jpg"), "has 0 bytes"));
	assert_non_null(strstr(waiting_at("box/scan.jpg"), "600 s"));
	drop_and_await("box/other.jpg"); /* what comes is not held up */
	assert_int_equal(h.claims->len, 1);
	g_autofree char *cancelled = at("box/cancelled.jpg");
	assert_int_equal(unlink(cancelled), 0);
	put("box/scan.jpg", "the scan");
	put("box/moved.jpg", "content");
	await(claim_of("scan.jpg") && claim_of("moved.jpg") && !waiting_at("box/cancelled.jpg"));
	assert_int_equal(claim_of("scan.jpg")->bytes, 8);
	assert_int_equal(h.claims->len, 3);
}

static void fail_it(const char *name)
{
	g_autoptr(GError) error = NULL;

	g_mutex_lock(&h.lock);
	struct claim *claim = claim_of(name);
	g_mutex_unlock(&h.lock);
	assert_true(claim_fail(claim, "cut short", &error));
}

static void what_grows_in_failed_is_taken_again(void **state)
{
	make_folder("box");
	int descriptor = begin("box/sub.jpg"); /* since before the watch, so nobody knows that it is open */
	start("box");
	await(claim_of("sub.jpg"));
	fail_it("sub.jpg");
	assert_true(exists("box/_failed/sub.jpg.reason.txt"));
	end(descriptor, "second");
	await(h.claims->len == 2);
	const struct claim *again = h.claims->pdata[1];
	assert_string_equal(again->relative, "sub.jpg");
	assert_int_equal(again->bytes, 12);
	assert_false(exists("box/_failed/sub.jpg.reason.txt"));
	assert_false(exists("box/_failed/sub.jpg"));
}

static void what_does_not_change_stays_failed(void **state)
{
	start("box");
	drop_and_await("box/a.jpg");
	fail_it("a.jpg");
	drop_and_await("box/b.jpg");
	fail_it("b.jpg");
	g_autofree char *changed = at("box/_failed/b.jpg");
	assert_true(g_file_set_contents(changed, "mended by hand", -1, NULL));
	await(h.claims->len == 3); /* every other was looked at by then */
	assert_true(exists("box/_failed/a.jpg"));
	assert_true(exists("box/_failed/a.jpg.reason.txt"));
	assert_false(exists("box/_failed/b.jpg.reason.txt"));
}

static void taken_again_so_many_times(void **state)
{
	failures_look_us = 1000;
	start("box");
	drop_and_await("box/a.jpg");
	for (guint round = 1; round <= 9; round++) {
		await(h.claims->len == round);
		assert_true(claim_fail(h.claims->pdata[round - 1], "cut short", NULL));
		g_autofree char *text = g_strnfill(20 + round, 'x');
		put("box/_failed/a.jpg", text);
	}
	drop_and_await("box/b.jpg");
	drop_and_await("box/c.jpg");
	assert_int_equal(h.claims->len, 11);
	assert_true(exists("box/_failed/a.jpg.reason.txt"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WRITERS_TEST(stalled_upload_is_taken_whole),
		WRITERS_TEST(another_writer_comes),
		WRITERS_TEST(renamed_while_it_is_written),
		WRITERS_TEST(killed_writer),
		WRITERS_TEST(link_has_no_writer),
		WRITERS_TEST(deleted_while_it_is_written),
		WRITERS_TEST(there_before),
		WRITERS_TEST(polled_inboxes_settle_for_two_looks),
		INTAKE_TEST(empty_file_waits_for_its_time),
		INTAKE_TEST(placeholders_are_filled_or_go),
		WRITERS_TEST(what_grows_in_failed_is_taken_again),
		INTAKE_TEST(what_does_not_change_stays_failed),
		INTAKE_TEST(taken_again_so_many_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
