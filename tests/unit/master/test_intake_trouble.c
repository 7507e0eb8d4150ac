/* SPDX-License-Identifier: GPL-2.0-or-later
 * What goes wrong around inboxes, and that it loses nothing. */
#include "intake_harness.h"

#include <inotifytools/inotifytools.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/counters.h"

static void no_files_are_left_alone(void **state)
{
	make_folder("outside");
	put("outside/a.jpg", "x");
	start("box");
	g_autofree char *target = at("outside/a.jpg");
	g_autofree char *folder = at("outside");
	g_autofree char *to_file = at("box/link.jpg");
	g_autofree char *to_folder = at("box/folder");
	g_autofree char *dangling = at("box/dangling.jpg");
	g_autofree char *pipe_path = at("box/pipe.jpg");
	assert_int_equal(symlink(target, to_file), 0);
	assert_int_equal(symlink(folder, to_folder), 0);
	assert_int_equal(symlink("/nowhere", dangling), 0);
	assert_int_equal(mkfifo(pipe_path, 0666), 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/box/socket", h.root);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	close(listener);
	await(g_hash_table_size(h.waiting) == 5);
	assert_non_null(strstr(waiting_at("box/link.jpg"), "symbolic link"));
	assert_non_null(strstr(waiting_at("box/folder"), "symbolic link"));
	assert_non_null(strstr(waiting_at("box/dangling.jpg"), "symbolic link"));
	assert_non_null(strstr(waiting_at("box/pipe.jpg"), "named pipe"));
	assert_non_null(strstr(waiting_at("box/socket"), "socket"));
	drop_and_await("box/file.jpg");
	assert_int_equal(h.claims->len, 1);
	assert_int_equal(h.history->len, 5); /* each said once */
	/* The name becomes a file: taken. */
	assert_int_equal(unlink(to_file), 0);
	await(!waiting_at("box/link.jpg"));
	drop_and_await("box/link.jpg");
}

static void deleted_and_made_again(void **state)
{
	start("box");
	drop_and_await("box/a.jpg");
	for (int i = 0; i < 3; i++) {
		g_autofree char *path = at("box");
		g_autofree char *name = g_strdup_printf("box/sub/%d.jpg", i);
		files_remove_tree(path);
		if (i == 0)
			await(waiting_at("box")); /* the other times it is there again before anyone looks */
		make_folder("box/sub");
		drop_and_await(name);
		assert_null(waiting_at("box"));
	}
}

/* As when a shell stands in it: the kernel says nothing then. */
static void deleted_while_somebody_is_in_it(void **state)
{
	start("box");
	g_autofree char *path = at("box");
	int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(descriptor >= 0);
	drop_and_await("box/before.jpg");
	files_remove_tree(path);
	make_folder("box");
	drop_and_await("box/a.jpg");
	close(descriptor);
}

static void moved_away_and_another_moved_there(void **state)
{
	start("box");
	make_folder("new/sub");
	put("new/sub/a.jpg", "x");
	move("box", "old");
	move("new", "box");
	await(claim_of("sub/a.jpg"));
	put("old/b.jpg", "x");
	drop_and_await("box/c.jpg");
	assert_true(exists("old/b.jpg"));
	assert_int_equal(h.claims->len, 2);
}

static void inbox_through_a_link(void **state)
{
	make_folder("real");
	g_autofree char *real = at("real");
	g_autofree char *box = at("box");
	assert_int_equal(symlink(real, box), 0);
	start("box");
	drop_and_await("box/a.jpg");
	assert_true(claim_archive(h.claims->pdata[0], NULL) && claim_close(h.claims->pdata[0], NULL));
	assert_true(exists("real/_done/a.jpg"));
}

static void another_set_of_inboxes(void **state)
{
	start("one");
	put("one/settling.jpg", "x");
	intake_set(h.intake, inboxes(inbox_at("one", true, NULL), inbox_at("two", true, NULL)));
	await_exists("two");
	drop_and_await("two/a.jpg");
	await(claim_of("settling.jpg"));
	char *only_png[] = {"*.png", NULL};
	put("one/late.txt", "x");
	intake_set(h.intake, inboxes(inbox_at("one", true, only_png), NULL));
	await(waiting_at("one/late.txt"));
	put("two/b.jpg", "x");
	drop_and_await("one/c.png");
	assert_true(exists("two/b.jpg"));
	intake_set(h.intake, inboxes(inbox_at("two", true, NULL), NULL));
	await(claim_of("b.jpg"));
	await(!waiting_at("one/late.txt"));
	assert_string_equal(claim_of("b.jpg")->pipeline, "two");
}

static void nested_inboxes(void **state)
{
	make_folder("outer/inner/sub");
	put("outer/inner/sub/a.jpg", "x");
	start_with(inboxes(inbox_at("outer", true, NULL), inbox_at("outer/inner", true, NULL)));
	await(claim_of("sub/a.jpg"));
	assert_string_equal(claim_of("sub/a.jpg")->pipeline, "outer/inner");
	put("outer/inner/b.jpg", "x");
	drop_and_await("outer/c.jpg");
	await(h.claims->len == 3);
	assert_string_equal(claim_of("b.jpg")->pipeline, "outer/inner");
	assert_string_equal(claim_of("c.jpg")->pipeline, "outer");
	/* Without the inner one its folder is the outer's, and the other way round. */
	intake_set(h.intake, inboxes(inbox_at("outer", true, NULL), NULL));
	drop_and_await("outer/sentinel1.jpg");
	put("outer/inner/d.jpg", "x");
	await(claim_of("inner/d.jpg"));
	intake_set(h.intake, inboxes(inbox_at("outer/inner", true, NULL), inbox_at("outer", true, NULL)));
	drop_and_await("outer/sentinel2.jpg");
	put("outer/inner/e.jpg", "x");
	await(claim_of("e.jpg"));
	/* The inner one is deleted and made again, seen by the outer's watch. */
	g_autofree char *inner = at("outer/inner");
	files_remove_tree(inner);
	make_folder("outer/inner");
	put("outer/inner/f.jpg", "x");
	await(claim_of("f.jpg"));
	assert_string_equal(claim_of("f.jpg")->pipeline, "outer/inner");
}

static void two_on_one_folder(void **state)
{
	g_autofree char *path = at("box");
	start_with(inboxes(inbox_new("first", path, true, NULL, 0), inbox_new("second", path, true, NULL, 0)));
	drop_and_await("box/a.jpg");
	assert_int_equal(h.claims->len, 1);
	assert_string_equal(claim_of("a.jpg")->pipeline, "first");
}

static void paused(void **state)
{
	start("box");
	intake_pause(h.intake);
	put("box/before.jpg", "x");
	put("staged", "x");
	move("staged", "box/moved.jpg");
	g_usleep(3 * SETTLE_US);
	assert_int_equal(h.claims->len, 0);
	stop_intake();
	assert_true(exists("box/before.jpg"));
	start("box");
	await(h.claims->len == 2);
	assert_false(claim_of("moved.jpg")->recovered);
}

static void only_one_to_a_process(void **state)
{
	static const struct intake_events events = {.claimed = on_claimed};
	g_autoptr(GError) error = NULL;
	start("box");
	assert_null(intake_new(inboxes(inbox_at("other", true, NULL), NULL), 1, &events, &error));
	assert_non_null(error);
}

static void no_inbox_can_be_made(void **state)
{
	static const struct intake_events events = {.claimed = on_claimed};
	g_autoptr(GError) error = NULL;
	put("file", "x");
	assert_null(intake_new(inboxes(inbox_at("file/box", true, NULL), NULL), 1, &events, &error));
	assert_non_null(strstr(error->message, "/file: Not a directory"));
	/* One of two is no reason not to start. */
	start_with(inboxes(inbox_at("file/box", true, NULL), inbox_at("box", true, NULL)));
	await(waiting_at("file/box"));
	drop_and_await("box/a.jpg");
	g_autofree char *file = at("file");
	assert_int_equal(unlink(file), 0);
	make_folder("file/box");
	put("file/box/b.jpg", "x");
	await(claim_of("b.jpg"));
	await(!waiting_at("file/box"));
}

/* With the thread held up, more happens than the kernel's queue takes; the file that comes last has no event left. */
static void queue_overflow(void **state)
{
	g_autofree char *limit = NULL;
	assert_true(g_file_get_contents("/proc/sys/fs/inotify/max_queued_events", &limit, NULL, NULL));
	int events = atoi(limit);
	if (events > 200000)
		skip();
	start("box");
	put("box/x.tmp", "");
	put("box/y.tmp", "");
	make_folder("box/empty");
	g_mutex_lock(&h.lock);
	h.hold = true;
	g_mutex_unlock(&h.lock);
	put("box/hold.jpg", "x");
	await(h.holding);
	g_autofree char *x = at("box/x.tmp");
	g_autofree char *y = at("box/y.tmp");
	for (int i = 0; i <= events; i++) /* by turns: equal events in a row are one */
		assert_int_equal(utimensat(AT_FDCWD, i % 2 ? x : y, NULL, 0), 0);
	put("box/after.jpg", "x");
	put("box/empty/deep.jpg", "x");
	make_folder("box/new");
	put("box/new/too.jpg", "x");
	g_mutex_lock(&h.lock);
	h.hold = false;
	g_cond_broadcast(&h.changed);
	g_mutex_unlock(&h.lock);
	await(h.claims->len == 4);
	assert_int_equal(counter_value(COUNTER_OVERFLOWS), 1);
	drop_and_await("box/new/later.jpg");
}

/* Folders that come and go leave watches that the library lists in vain: it starts afresh, and nothing is missed. */
static void many_folders_come_and_go(void **state)
{
	enum { COUNT = 40, LEAST = 8 };
	guint usual = intake_dead_at_most;
	g_autofree char *folder = at("box/come-and-go");
	intake_dead_at_most = LEAST;
	start("box");
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(mkdir(folder, 0777), 0);
		put("staged", "x");
		move("staged", "box/come-and-go/a.jpg");
		await(h.claims->len == 1);
		g_ptr_array_set_size(h.claims, 0);
		assert_int_equal(rmdir(folder), 0);
	}
	drop_and_await("box/b.jpg");
	assert_in_range(h.intake->watches.serial, COUNT, 3 * COUNT); /* each was watched */
	assert_in_range(h.intake->watches.dead, 0, LEAST + 2);
	assert_in_range(inotifytools_get_num_watches(), 1, LEAST + 2);
	intake_dead_at_most = usual;
}

/* As another mill would. */
static void an_inbox_of_another_mill_waits_until_it_is_free(void **state)
{
	g_autofree char *folder = at("box");
	g_autoptr(GError) error = NULL;
	make_folder("box");
	int theirs = inbox_lock(folder, &error);
	assert_true(theirs >= 0);
	put("box/a.jpg", "not ours yet");
	start_with(inboxes(inbox_at("box", true, NULL), inbox_at("free", true, NULL)));
	await(waiting_at("box"));
	g_mutex_lock(&h.lock);
	g_autofree char *why = g_strdup(waiting_at("box"));
	g_mutex_unlock(&h.lock);
	g_autofree char *expected = g_strdup_printf("another dropmill (process %d) has this inbox", (int)getpid());
	if (!g_str_has_prefix(why, expected))
		fail_msg("%s", why);
	assert_true(exists("box/a.jpg"));
	assert_null(claim_of("a.jpg"));
	close(theirs);
	await(claim_of("a.jpg"));
	await(!waiting_at("box"));
	/* And now it is ours. */
	assert_int_equal(inbox_lock(folder, &error), -1);
	assert_non_null(error);
	stop_intake();
	theirs = inbox_lock(folder, NULL);
	assert_true(theirs >= 0);
	close(theirs);
}

/* With nothing in hand it holds no lock on the folder, and is refused to others all the same. */
static void an_idle_inbox_is_refused_to_another_mill(void **state)
{
	g_autofree char *folder = at("box");
	g_autoptr(GError) error = NULL;
	struct stat status;
	start("box");
	assert_int_equal(lstat(folder, &status), 0);
	assert_int_equal(inbox_name(&status, &error), -1);
	assert_non_null(error);
	g_autofree char *expected = g_strdup_printf("another dropmill (process %d) has this inbox", (int)getpid());
	assert_true(g_str_has_prefix(error->message, expected));
	stop_intake();
	int ours = inbox_name(&status, NULL);
	assert_true(ours >= 0);
	start_with(inboxes(inbox_at("box", true, NULL), inbox_at("free", true, NULL)));
	await(waiting_at("box"));
	close(ours);
	await(!waiting_at("box"));
	drop_and_await("box/a.jpg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTAKE_TEST(no_files_are_left_alone),
		INTAKE_TEST(deleted_and_made_again),
		INTAKE_TEST(deleted_while_somebody_is_in_it),
		INTAKE_TEST(moved_away_and_another_moved_there),
		INTAKE_TEST(inbox_through_a_link),
		INTAKE_TEST(another_set_of_inboxes),
		INTAKE_TEST(nested_inboxes),
		INTAKE_TEST(two_on_one_folder),
		INTAKE_TEST(paused),
		INTAKE_TEST(only_one_to_a_process),
		INTAKE_TEST(no_inbox_can_be_made),
		INTAKE_TEST(queue_overflow),
		INTAKE_TEST(many_folders_come_and_go),
		INTAKE_TEST(an_inbox_of_another_mill_waits_until_it_is_free),
		INTAKE_TEST(an_idle_inbox_is_refused_to_another_mill),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
