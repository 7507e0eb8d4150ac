/* SPDX-License-Identifier: GPL-2.0-or-later
 * What becomes of a claim, and claims of an earlier run. */
#include "intake_harness.h"

/* A claim of a file with this content, out of the harness's hands. */
static struct claim *claim_new(const char *relative, const char *text)
{
	g_autofree char *below = g_strconcat("box/", relative, NULL);
	g_autofree char *folder = g_path_get_dirname(below);

	if (!h.intake) {
		make_folder("box");
		start("box");
	}
	make_folder(folder);
	put("staged", text);
	move("staged", below);
	await(h.claims->len == 1);
	return g_ptr_array_steal_index(h.claims, 0);
}

static void assert_nothing_in_hand(void)
{
	g_autofree char *claims = at("box/.dropmill");
	assert_int_equal(rmdir(claims), 0); /* fails unless empty */
}

static void ids_sort_by_time_and_never_repeat(void **state)
{
	g_autofree char *last = claim_new_id();
	for (int i = 0; i < 2000; i++) {
		char *next = claim_new_id();
		assert_int_equal(strlen(next), 14);
		assert_int_equal(strspn(next, "0123456789abcdefghijklmnopqrstuvwxyz-"), 14);
		assert_true(strcmp(last, next) < 0);
		g_free(last);
		last = next;
	}
}

/* It was seen, and before the rename it grew, or another file got its name: it goes back where it was. */
static void changed_between_look_and_rename(void **state)
{
	g_autoptr(GError) grown = NULL, other = NULL;
	struct stat status;
	make_folder("box/s");
	put("box/s/a.jpg", "1");
	g_autofree char *path = at("box/s/a.jpg");
	struct inbox *inbox = inbox_at("box", true, NULL);
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(descriptor, &status), 0);
	struct stamp seen = stamp_of(&status);
	put("box/s/a.jpg", "longer");
	assert_null(claim_take(inbox, "s/a.jpg", descriptor, &seen, 1, &grown));
	assert_int_equal(grown->code, ERROR_RETRY);
	assert_content("box/s/a.jpg", "longer");
	assert_int_equal(fstat(descriptor, &status), 0);
	seen = stamp_of(&status);
	put("staged", "longer"); /* the same but for its inode and time */
	move("staged", "box/s/a.jpg");
	assert_null(claim_take(inbox, "s/a.jpg", descriptor, &seen, 1, &other));
	assert_content("box/s/a.jpg", "longer");
	assert_nothing_in_hand();
	close(descriptor);
	inbox_free(inbox);
}

static void archive_never_overwrites(void **state)
{
	static const char *const expected[] = {"box/_done/s/a.jpg", "box/_done/s/a-1.jpg", "box/_done/s/a-2.jpg"};
	for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
		char text[2] = {(char)('0' + i), 0};
		auto_struct(claim) claim = claim_new("s/a.jpg", text);
		assert_true(claim_archive(claim, NULL) && claim_close(claim, NULL));
	}
	for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
		char text[2] = {(char)('0' + i), 0};
		assert_content(expected[i], text);
	}
	assert_nothing_in_hand();
	assert_true(exists("box/s"));
}

static void failure_has_its_reason_beside_it(void **state)
{
	for (int i = 0; i < 2; i++) {
		auto_struct(claim) claim = claim_new("s/a.jpg", i ? "2" : "1");
		assert_true(claim_fail(claim, i ? "too big\n" : "not an image", NULL));
	}
	assert_content("box/_failed/s/a.jpg", "1");
	assert_content("box/_failed/s/a.jpg.reason.txt", "not an image\n");
	assert_content("box/_failed/s/a-1.jpg", "2");
	assert_content("box/_failed/s/a-1.jpg.reason.txt", "too big\n");
	assert_nothing_in_hand();
}

/* Moving it back into the inbox tries it again; the old reason is written over. */
static void failed_and_dropped_again(void **state)
{
	auto_struct(claim) first = claim_new("a.jpg", "1");
	assert_true(claim_fail(first, "first reason", NULL));
	move("box/_failed/a.jpg", "box/a.jpg");
	await(h.claims->len == 1);
	auto_struct(claim) second = g_ptr_array_steal_index(h.claims, 0);
	assert_string_not_equal(first->id, second->id);
	assert_true(claim_fail(second, "second \xff reason", NULL));
	assert_content("box/_failed/a.jpg", "1");
	assert_content("box/_failed/a.jpg.reason.txt", "second \xef\xbf\xbd reason\n");
	assert_false(exists("box/_failed/a-1.jpg"));
	/* With its reason file: that is nobody's picture. */
	move("box/_failed/a.jpg.reason.txt", "box/a.jpg.reason.txt");
	move("box/_failed/a.jpg", "box/a.jpg");
	await(h.claims->len == 1);
	assert_true(exists("box/a.jpg.reason.txt"));
}

/* A reason that is not true any more must not frighten anyone; one that is stays. */
static void failed_and_right_at_last(void **state)
{
	auto_struct(claim) first = claim_new("sub/a.jpg", "1");
	assert_true(claim_fail(first, "first reason", NULL));
	claim_excuse(first);
	assert_true(exists("box/_failed/sub/a.jpg.reason.txt"));
	make_folder("box/sub");
	move("box/_failed/sub/a.jpg", "box/sub/a.jpg");
	await(h.claims->len == 1);
	auto_struct(claim) second = g_ptr_array_steal_index(h.claims, 0);
	assert_true(claim_archive(second, NULL) && claim_close(second, NULL));
	claim_excuse(second);
	assert_true(exists("box/_done/sub/a.jpg"));
	assert_false(exists("box/_failed/sub"));
	assert_true(exists("box/_failed"));
}

static void longest_name_fails_twice(void **state)
{
	char name[NAME_MAX + 1];
	memset(name, 'n', NAME_MAX);
	strcpy(name + NAME_MAX - 4, ".jpg");
	for (int i = 0; i < 2; i++) {
		auto_struct(claim) claim = claim_new(name, "x");
		assert_true(claim_fail(claim, i ? "second" : "first", NULL));
	}
	g_autofree char *folder = at("box/_failed");
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	guint reasons = 0, files = 0;
	for (const char *entry; (entry = g_dir_read_name(dir)); files++)
		reasons += g_str_has_suffix(entry, ".reason.txt");
	assert_int_equal(files, 4);
	assert_int_equal(reasons, 2);
}

static gpointer fail_one(gpointer data)
{
	struct claim *claim = data;
	return GINT_TO_POINTER(claim_fail(claim, claim->id, NULL));
}

static void failures_of_one_name_at_the_same_time(void **state)
{
	enum { COUNT = 8 };
	GThread *threads[COUNT];
	start("box");
	for (guint i = 0; i < COUNT; i++) {
		put("staged", "x");
		move("staged", "box/a.jpg");
		await(h.claims->len == i + 1);
		/* Its content is its id, as its reason will be: that tells which belong together. */
		struct claim *claim = h.claims->pdata[i];
		assert_true(g_file_set_contents(claim->path, claim->id, -1, NULL));
	}
	for (guint i = 0; i < COUNT; i++)
		threads[i] = g_thread_new("fail", fail_one, h.claims->pdata[i]);
	for (guint i = 0; i < COUNT; i++)
		assert_true(GPOINTER_TO_INT(g_thread_join(threads[i])));
	for (guint i = 0; i < COUNT; i++) {
		g_autofree char *name = i ? g_strdup_printf("box/_failed/a-%u.jpg", i) : g_strdup("box/_failed/a.jpg");
		g_autofree char *reason = g_strconcat(name, ".reason.txt", NULL);
		g_autofree char *id = content(name);
		assert_non_null(id);
		g_autofree char *line = g_strconcat(id, "\n", NULL);
		assert_content(reason, line);
	}
	assert_nothing_in_hand();
}

static void deleted(void **state)
{
	auto_struct(claim) claim = claim_new("s/a.jpg", "1");
	assert_true(claim_delete(claim, NULL) && claim_close(claim, NULL));
	assert_false(exists("box/s/a.jpg"));
	assert_false(exists("box/_done"));
	assert_nothing_in_hand();
}

static void given_back(void **state)
{
	auto_struct(claim) claim = claim_new("s/a.jpg", "1");
	intake_pause(h.intake);
	/* Its place is taken, and its folder would be made again. */
	put("box/s/a.jpg", "new");
	assert_true(claim_give_back(claim, NULL));
	assert_content("box/s/a.jpg", "new");
	assert_content("box/s/a-1.jpg", "1");
	assert_nothing_in_hand();
}

static void written_to_after_the_claim(void **state)
{
	g_autoptr(GError) error = NULL, gone = NULL, no_file = NULL;
	auto_struct(claim) claim = claim_new("a.jpg", "1");
	assert_int_equal(claim_look(claim, NULL), CLAIM_SAME);
	g_autofree char *below = g_strdup_printf("box/.dropmill/%s/a.jpg", claim->id);
	put(below, "longer");
	assert_int_equal(claim_look(claim, &error), CLAIM_CHANGED);
	assert_int_equal(error->code, ERROR_RETRY);
	assert_int_equal(unlink(claim->path), 0);
	assert_int_equal(claim_look(claim, &gone), CLAIM_GONE);
	assert_int_equal(gone->code, ERROR_INPUT);
	assert_false(claim_archive(claim, &no_file));
	assert_int_equal(no_file->code, ERROR_INPUT);
	assert_false(claim_fail(claim, "x", NULL));
	assert_false(exists("box/_failed/a.jpg.reason.txt"));
}

static void claims_of_an_earlier_run_come_first(void **state)
{
	start("box");
	drop_and_await("box/one.jpg");
	drop_and_await("box/two.jpg");
	make_folder("box/sub");
	drop_and_await("box/sub/three.png");
	stop_intake();
	g_autofree char *first_id = g_strdup(((struct claim *)h.claims->pdata[0])->id);
	g_ptr_array_set_size(h.claims, 0);
	put("box/new.jpg", "x");
	/* Left by crashes at other moments: an empty folder, an unfinished reason; and somebody's file. */
	make_folder("box/.dropmill/000000001-aaaa/sub");
	make_folder("box/.dropmill/000000002-aaaa");
	put("box/.dropmill/000000002-aaaa/.reason.txt", "half");
	put("box/.dropmill/lock", "");
	start("box");
	await(h.claims->len == 4);
	static const char *const order[] = {"one.jpg", "two.jpg", "sub/three.png", "new.jpg"};
	for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
		struct claim *claim = h.claims->pdata[i];
		assert_string_equal(claim->relative, order[i]);
		assert_int_equal(claim->recovered, i < 3);
		assert_int_equal(claim_look(claim, NULL), CLAIM_SAME);
		assert_true(claim_archive(claim, NULL) && claim_close(claim, NULL));
	}
	assert_string_equal(((struct claim *)h.claims->pdata[0])->id, first_id);
	assert_true(exists("box/_done/sub/three.png"));
	assert_false(exists("box/.dropmill/000000001-aaaa"));
	assert_false(exists("box/.dropmill/000000002-aaaa"));
	assert_true(exists("box/.dropmill/lock"));
}

/* The clock was ahead by a day when it was claimed, and is right again: what comes now still sorts behind it. */
static void a_clock_set_back_changes_no_order(void **state)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	gint64 when = g_get_real_time() / 1000 + 86400 * G_GINT64_CONSTANT(1000);
	char ahead[] = "000000000-aaaa", never[] = "zzzzzzzzz-aaaa";
	for (int i = 8; i >= 0; i--, when /= 32)
		ahead[i] = digits[when % 32];
	g_autofree char *before = claim_new_id();
	assert_true(strcmp(before, ahead) < 0);
	claim_seen_id(ahead);
	claim_seen_id(never);
	claim_seen_id("by-hand");
	g_autofree char *after = claim_new_id();
	assert_true(strcmp(ahead, after) < 0);
	assert_true(strcmp(after, never) < 0);
}

/* A claim in hand is not recovered when its inbox is taken up again. */
static void claims_in_hand_are_left_alone(void **state)
{
	start("box");
	drop_and_await("box/a.jpg");
	intake_set(h.intake, inboxes(inbox_at("other", true, NULL), NULL));
	await_exists("other");
	drop_and_await("other/sentinel.jpg");
	intake_set(h.intake, inboxes(inbox_at("box", false, NULL), inbox_at("other", true, NULL)));
	drop_and_await("box/b.jpg");
	assert_int_equal(h.claims->len, 3);
}

static void second_file_in_a_claim_goes_back(void **state)
{
	make_folder("box/.dropmill/k3f9x2a10-7q2m/s");
	put("box/.dropmill/k3f9x2a10-7q2m/a.jpg", "1");
	put("box/.dropmill/k3f9x2a10-7q2m/s/b.jpg", "2");
	start("box");
	await(h.claims->len == 2);
	assert_true(claim_of("a.jpg")->recovered);
	assert_false(claim_of("s/b.jpg")->recovered);
}

/* What a power cut leaves: one file under the claimed name and under the old one. Another file of the old name is another drop. */
static void the_old_name_of_a_claim_goes(void **state)
{
	g_autofree char *claimed = at("box/.dropmill/k3f9x2a10-7q2m/a.jpg"), *old = at("box/a.jpg");
	make_folder("box/.dropmill/k3f9x2a10-7q2m");
	put("box/.dropmill/k3f9x2a10-7q2m/a.jpg", "1");
	assert_int_equal(link(claimed, old), 0);
	make_folder("box/.dropmill/k3f9x2a11-7q2m");
	put("box/.dropmill/k3f9x2a11-7q2m/b.jpg", "2");
	put("box/b.jpg", "2");
	start("box");
	drop_and_await("box/sentinel.jpg");
	await(h.claims->len >= 4); /* both claims, the other b.jpg, and the last */
	assert_int_equal(h.claims->len, 4);
	assert_true(claim_of("a.jpg")->recovered);
	assert_false(exists("box/a.jpg"));
	assert_true(exists("box/.dropmill/k3f9x2a10-7q2m/a.jpg"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTAKE_TEST(ids_sort_by_time_and_never_repeat),
		INTAKE_TEST(changed_between_look_and_rename),
		INTAKE_TEST(archive_never_overwrites),
		INTAKE_TEST(failure_has_its_reason_beside_it),
		INTAKE_TEST(failed_and_dropped_again),
		INTAKE_TEST(failed_and_right_at_last),
		INTAKE_TEST(longest_name_fails_twice),
		INTAKE_TEST(failures_of_one_name_at_the_same_time),
		INTAKE_TEST(deleted),
		INTAKE_TEST(given_back),
		INTAKE_TEST(written_to_after_the_claim),
		INTAKE_TEST(claims_of_an_earlier_run_come_first),
		cmocka_unit_test(a_clock_set_back_changes_no_order),
		INTAKE_TEST(claims_in_hand_are_left_alone),
		INTAKE_TEST(second_file_in_a_claim_goes_back),
		INTAKE_TEST(the_old_name_of_a_claim_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
