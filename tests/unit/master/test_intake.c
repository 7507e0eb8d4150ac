/* SPDX-License-Identifier: GPL-2.0-or-later
 * How files arrive: each way comes out as exactly one claim. */
#include "intake_harness.h"

static void moved_in_is_taken_at_once(void **state)
{
	/* A settle time that nobody would wait for shows that it was not waited for. */
	start_with(inboxes(inbox_settling("box", G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC), NULL));
	put("a.jpg", "\xff\xd8\xff\xe0 jpeg");
	gint64 before = g_get_monotonic_time();
	move("a.jpg", "box/a.jpg");
	await(h.claims->len == 1);
	assert_true(g_get_monotonic_time() - before < G_USEC_PER_SEC);
	struct claim *claim = claim_of("a.jpg");
	assert_non_null(claim);
	assert_string_equal(claim->pipeline, "box");
	assert_string_equal(claim->format, "jpeg");
	assert_int_equal(claim->bytes, 9);
	assert_false(claim->recovered);
	assert_int_equal(claim_look(claim, NULL), CLAIM_SAME);
	g_autofree char *below = g_strdup_printf("box/.dropmill/%s/a.jpg", claim->id);
	g_autofree char *expected = at(below);
	assert_string_equal(claim->path, expected);
	assert_true(exists(below));
	assert_false(exists("box/a.jpg"));
}

static void copied_in_is_taken_when_quiet(void **state)
{
	start("box");
	gint64 before = g_get_monotonic_time();
	put("box/a.jpg", "content");
	await(h.claims->len == 1);
	assert_true(g_get_monotonic_time() - before >= SETTLE_US);
	assert_string_equal(claim_of("a.jpg")->relative, "a.jpg");
}

struct writer {
	char *path;
	int writes;
	gint64 pause_us;
	bool keep_open;
	gint64 ended_us;
};

static gpointer write_slowly(gpointer data)
{
	struct writer *writer = data;
	int descriptor = -1;

	for (int i = 0; i < writer->writes; i++) {
		if (descriptor < 0)
			descriptor = open(writer->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		if (write(descriptor, "0123456789", 10) != 10)
			break;
		if (!writer->keep_open) {
			close(descriptor);
			descriptor = -1;
		}
		if (i + 1 < writer->writes)
			g_usleep((gulong)writer->pause_us);
	}
	writer->ended_us = g_get_monotonic_time();
	if (descriptor >= 0)
		close(descriptor);
	return NULL;
}

static void taken_whole_from(struct writer *writer, gint64 settle_us)
{
	start_with(inboxes(inbox_settling("box", settle_us), NULL));
	writer->path = at("box/slow.tif");
	GThread *thread = g_thread_new("writer", write_slowly, writer);
	await(h.claims->len == 1);
	gint64 claimed_us = g_get_monotonic_time();
	g_thread_join(thread);
	g_clear_pointer(&writer->path, g_free);
	assert_true(claimed_us >= writer->ended_us);
	assert_int_equal(claim_of("slow.tif")->bytes, writer->writes * 10);
	assert_int_equal(claim_look(claim_of("slow.tif"), NULL), CLAIM_SAME);
}

static void written_slowly_in_one_go(void **state)
{
	struct writer writer = {.writes = 8, .pause_us = 40 * 1000, .keep_open = true};
	taken_whole_from(&writer, SETTLE_US);
}

/* Scanners close and open again. */
static void written_slowly_and_reopened(void **state)
{
	struct writer writer = {.writes = 8, .pause_us = 50 * 1000, .keep_open = false};
	taken_whole_from(&writer, 300 * 1000);
}

/* Pauses longer than settle: that the file is open for writing is what tells. */
static void written_with_long_pauses(void **state)
{
	struct writer writer = {.writes = 3, .pause_us = 4 * SETTLE_US, .keep_open = true};
	taken_whole_from(&writer, SETTLE_US);
	g_autofree char *told = at("box/slow.tif");
	g_autofree char *expected = g_strdup_printf("%s: open for writing by another program", told);
	assert_true(g_ptr_array_find_with_equal_func(h.history, expected, g_str_equal, NULL));
	assert_null(waiting_at("box/slow.tif"));
}

static void moved_in_while_open_for_writing(void **state)
{
	start("box");
	put("a.jpg", "half");
	g_autofree char *path = at("a.jpg");
	int descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	move("a.jpg", "box/a.jpg");
	await(waiting_at("box/a.jpg"));
	assert_int_equal(write(descriptor, " whole", 6), 6);
	close(descriptor);
	await(h.claims->len == 1);
	assert_int_equal(claim_of("a.jpg")->bytes, 10);
}

static void hard_link(void **state)
{
	start("box");
	put("elsewhere.jpg", "content");
	g_autofree char *from = at("elsewhere.jpg");
	g_autofree char *to = at("box/linked.jpg");
	assert_int_equal(link(from, to), 0);
	await(claim_of("linked.jpg"));
	assert_content("elsewhere.jpg", "content");
}

static void there_at_start(void **state)
{
	make_folder("box/sub/deep");
	put("box/a.jpg", "a");
	put("box/sub/deep/b.jpg", "b");
	start("box");
	await(h.claims->len == 2);
	assert_non_null(claim_of("a.jpg"));
	assert_non_null(claim_of("sub/deep/b.jpg"));
}

static void folder_moved_in(void **state)
{
	start("box");
	make_folder("shoot/day 1/raw");
	make_folder("shoot/empty");
	put("shoot/top.jpg", "1");
	put("shoot/day 1/a.jpg", "2");
	put("shoot/day 1/raw/b.tif", "3");
	move("shoot", "box/shoot");
	await(h.claims->len == 3);
	assert_non_null(claim_of("shoot/top.jpg"));
	assert_non_null(claim_of("shoot/day 1/a.jpg"));
	assert_non_null(claim_of("shoot/day 1/raw/b.tif"));
	/* The users' folders stay, and are watched. */
	assert_true(exists("box/shoot/day 1/raw"));
	drop_and_await("box/shoot/empty/later.jpg");
}

static void folder_moved_within_and_out(void **state)
{
	start("box");
	make_folder("box/one/deep");
	drop_and_await("box/one/deep/a.jpg");
	move("box/one", "box/two");
	drop_and_await("box/two/deep/b.jpg");
	move("box/two", "outside");
	put("outside/deep/not-ours.jpg", "x");
	drop_and_await("box/c.jpg");
	assert_null(claim_of("two/deep/not-ours.jpg"));
	assert_true(exists("outside/deep/not-ours.jpg"));
	move("outside", "box/back");
	await(claim_of("back/deep/not-ours.jpg"));
	drop_and_await("box/back/deep/d.jpg");
	assert_int_equal(h.claims->len, 5);
}

static void folder_of_300_copied_in(void **state)
{
	start("box");
	for (int folder = 0; folder < 10; folder++)
		for (int file = 0; file < 30; file++) {
			g_autofree char *below = g_strdup_printf("box/many/%d", folder);
			g_autofree char *name = g_strdup_printf("%s/%d.jpg", below, file);
			if (file == 0)
				make_folder(below);
			put(name, name);
		}
	await(h.claims->len == 300);
	g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < h.claims->len; i++) {
		struct claim *claim = h.claims->pdata[i];
		g_hash_table_add(ids, claim->id);
		g_hash_table_add(names, claim->relative);
		assert_int_equal(claim_look(claim, NULL), CLAIM_SAME);
		assert_int_equal(claim->bytes, strlen("box/") + strlen(claim->relative));
	}
	assert_int_equal(g_hash_table_size(ids), 300);
	assert_int_equal(g_hash_table_size(names), 300);
	drop_and_await("box/many/0/after.jpg");
	assert_int_equal(h.claims->len, 301);
}

static void same_name_again_and_again(void **state)
{
	start("box");
	for (guint i = 1; i <= 5; i++) {
		put("scan.jpg", "page");
		move("scan.jpg", "box/scan.jpg");
		await(h.claims->len == i);
	}
}

static void renamed_from_a_temporary_name(void **state)
{
	static const char *const temporary[] = {
		"a.jpg.part", "a.jpg.crdownload", ".a.jpg.Xk81s0", "a.jpg.filepart", "~a.jpg", "a.TMP"};
	start("box");
	for (guint i = 0; i < G_N_ELEMENTS(temporary); i++) {
		g_autofree char *from = g_strconcat("box/", temporary[i], NULL);
		put(from, "content");
		drop_and_await("box/other.jpg");
		assert_true(exists(from));
		move(from, "box/a.jpg");
		await(h.claims->len == 2);
		assert_non_null(claim_of("a.jpg"));
		g_ptr_array_set_size(h.claims, 0);
	}
	assert_int_equal(h.history->len, 0);
}

static void ignored_names(void **state)
{
	static const char *const ignored[] = {".DS_Store", "._a.jpg", "Thumbs.db", "@eaDir", ".stfolder", "a.jpg~",
		"x.partial", "x.download", "x.swp", "a.jpg.reason.txt", "_done", "_failed", ".dropmill",
		"a.jpg:Zone.Identifier", "Icon\r", "ehthumbs.db", "Thumbs.db:encryptable", "Picasa.ini",
		"Photoshop Temp4711", "b.jpg.!qB", "e.jpg.!ut", "i.jpg.!sync", "d.jpg.aria2", "c.jpg.opdownload",
		"g.jpg.unconfirmed", "f.jpg.lftp-pget-status", "j.jpg.temp", "h.jpg.bts", "r.jpg.sb-6f1a9d4c-Ab12Cd",
		"$RECYCLE.BIN", "#recycle", "lost+found", "System Volume Information", "__MACOSX", "~$report.jpg",
		"u.jpg~RF12ab34.TMP", "Unconfirmed 12345.crdownload", ".Trash-1000", "#a.jpg#", "a.PART"};
	static const char *const taken[] = {"a.jpg", "-rf", "part", "a.part.jpg", "done", "_done.jpg", "thumbs.db.png",
		"icon.png", "a#.jpg", "#1.jpg", "a~b.jpg", "temp", "recycle.bin.jpg", "lost+found.jpg", "a.sb.jpg",
		"z.sync-conflict-20260101-120000-ABCDEFG.jpg", "Zone.Identifier.jpg", "\xff\xfe.jpg", "x"};
	for (guint i = 0; i < G_N_ELEMENTS(ignored); i++)
		assert_true(inbox_ignores(ignored[i], true));
	for (guint i = 0; i < G_N_ELEMENTS(taken); i++)
		assert_false(inbox_ignores(taken[i], true));
}

static void own_folders_are_not_looked_into(void **state)
{
	make_folder("box/_done/sub");
	make_folder("box/_failed");
	make_folder("box/project/_done");
	put("box/_done/sub/old.jpg", "x");
	put("box/_failed/bad.jpg", "x");
	put("box/project/_done/theirs.jpg", "x");
	start("box");
	await(claim_of("project/_done/theirs.jpg")); /* below the top such a name is the user's own */
	put("box/_done/new.jpg", "x");
	drop_and_await("box/a.jpg");
	assert_int_equal(h.claims->len, 2);
	move("box/_failed/bad.jpg", "box/bad.jpg");
	await(claim_of("bad.jpg"));
}

static void strange_names(void **state)
{
	char longest[NAME_MAX + 1];
	memset(longest, 'x', NAME_MAX);
	strcpy(longest + NAME_MAX - 4, ".jpg");
	const char *const names[] = {"new\nline.jpg", "\"quoted\" 'twice'.jpg", "invalid\xff\xfe.jpg", "-rf",
		"tab\t.jpg", "back\\slash.jpg", "%s%n.jpg", "\xc3\xa9t\xc3\xa9.jpg", " ", "*.jpg", longest};
	start("box");
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_strconcat("box/", names[i], NULL);
		put(path, "content");
	}
	await(h.claims->len == G_N_ELEMENTS(names));
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		struct claim *claim = claim_of(names[i]);
		assert_non_null(claim);
		assert_int_equal(claim_look(claim, NULL), CLAIM_SAME);
		assert_true(i % 2 ? claim_archive(claim, NULL) && claim_close(claim, NULL)
				  : claim_fail(claim, "no picture", NULL));
		g_autofree char *end = g_strconcat(i % 2 ? "box/_done/" : "box/_failed/", names[i], NULL);
		assert_true(exists(end));
	}
	assert_non_null(claim_of("invalid\xff\xfe.jpg"));
	g_autofree char *left = at("box/.dropmill");
	assert_int_equal(rmdir(left), 0); /* empty */
}

static void accept_globs(void **state)
{
	char *globs[] = {"*.jpg", "*.TIF", NULL};
	start_with(inboxes(inbox_at("box", true, globs), NULL));
	put("box/notes.txt", "x");
	put("box/a.JPG", "x");
	put("box/bad\xff.tif", "x");
	await(h.claims->len == 2);
	await(waiting_at("box/notes.txt"));
	assert_string_equal(waiting_at("box/notes.txt"), "not accepted by this inbox (accept: *.jpg, *.TIF)");
	assert_true(exists("box/notes.txt"));
	g_autofree char *path = at("box/notes.txt");
	unlink(path);
	await(!waiting_at("box/notes.txt"));
}

static void not_recursive(void **state)
{
	make_folder("box/sub");
	put("box/sub/a.jpg", "x");
	start_with(inboxes(inbox_at("box", false, NULL), NULL));
	await(waiting_at("box/sub"));
	make_folder("box/sub2");
	await(waiting_at("box/sub2"));
	drop_and_await("box/b.jpg");
	assert_int_equal(h.claims->len, 1);
	assert_true(exists("box/sub/a.jpg"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INTAKE_TEST(moved_in_is_taken_at_once),
		INTAKE_TEST(copied_in_is_taken_when_quiet),
		INTAKE_TEST(written_slowly_in_one_go),
		INTAKE_TEST(written_slowly_and_reopened),
		INTAKE_TEST(written_with_long_pauses),
		INTAKE_TEST(moved_in_while_open_for_writing),
		INTAKE_TEST(hard_link),
		INTAKE_TEST(there_at_start),
		INTAKE_TEST(folder_moved_in),
		INTAKE_TEST(folder_moved_within_and_out),
		INTAKE_TEST(folder_of_300_copied_in),
		INTAKE_TEST(same_name_again_and_again),
		INTAKE_TEST(renamed_from_a_temporary_name),
		INTAKE_TEST(ignored_names),
		INTAKE_TEST(own_folders_are_not_looked_into),
		INTAKE_TEST(strange_names),
		INTAKE_TEST(accept_globs),
		INTAKE_TEST(not_recursive),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
