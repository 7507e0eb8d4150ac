/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files that a definition may name and messages may not quote. */
#include "language_support.h"

/* A definition may name any file of this user; messages tell what is written there, so that it must be a definition. */
static void other_files_are_not_told(void **state)
{
	g_autofree char *target = g_build_filename(folder, "secret", NULL);
	g_autofree char *link = g_build_filename(folder, "secret.yaml", NULL);
	g_autofree char *ours = g_build_filename(folder, "ours.yaml", NULL);
	write_file("secret", "root:hash\nkey: hash\n");
	assert_int_equal(symlink("secret", link), 0);
	assert_says("include: secret\nsteps: [invert]\n",
		"x.yaml:1:10: include 'secret': is called otherwise; a definition is a text file that ends in .yaml\n");
	assert_says("steps: [{include: secret.yaml}]\n",
		"x.yaml:1:19: include 'secret.yaml': is a link to a file of another kind; a definition is a text file that "
		"ends in .yaml\n");
	auto_struct(diagnostics) errors = diagnostics_new(link);
	assert_null(definition_read(link, &rules, errors));
	g_autofree char *text = diagnostics_text(errors);
	assert_null(strstr(text, "hash"));
	/* A link to a definition is one. */
	write_file("parts/theirs.yaml", "vars: {a: 3}\n");
	assert_int_equal(symlink("parts/theirs.yaml", ours), 0);
	assert_says("include: ours.yaml\nsteps: [{blur: \"${a}\"}]\n", "");
	g_unlink(ours);
	g_unlink(link);
	g_unlink(target);
}

/* What lies in another folder is quoted only when it looks like a definition or like steps, whatever its name. */
static void strangers_files_are_not_told(void **state)
{
	g_autofree char *elsewhere = g_dir_make_tmp("dropmill-elsewhere-XXXXXX", NULL);
	g_autofree char *theirs = g_build_filename(elsewhere, "secret.yaml", NULL);
	g_autofree char *link = g_build_filename(folder, "link.yaml", NULL);
	static const char *const secrets[] = {"apiVersion: v1\nkind: Secret\ndata: {password: hunter2}\n",
		"- password: hunter2\n", "password: [hunter2\n", "hunter2\n", "name: db\npassword: hunter2\n"};
	static const char *const ways[][2] = {{"include: ", "\nsteps: [invert]\n"}, {"steps: [{include: ", "}]\n"}};
	for (guint i = 0; i < G_N_ELEMENTS(secrets) * 4; i++) {
		assert_true(g_file_set_contents(theirs, secrets[i / 4], -1, NULL));
		if (i == 0)
			assert_int_equal(symlink(theirs, link), 0);
		g_autofree char *text = g_strconcat(ways[i % 2][0], i & 2 ? "link.yaml" : theirs, ways[i % 2][1], NULL);
		g_autofree char *told = said(text, NULL);
		assert_non_null(strstr(told, "lies in another folder"));
		assert_null(strstr(told, "hunter2"));
		assert_null(strstr(told, "password"));
	}
	/* One of ours may lie anywhere, and its errors are shown. */
	assert_true(g_file_set_contents(theirs, "vars: {a: 3}\n", -1, NULL));
	assert_says("include: link.yaml\nsteps: [{blur: \"${a}\"}]\n", "");
	assert_true(g_file_set_contents(theirs, "- invert\n- blurr\n", -1, NULL));
	g_autofree char *told = said("steps: [{include: link.yaml}]\n", NULL);
	assert_non_null(strstr(told, "unknown operation 'blurr'"));
	g_unlink(link);
	g_unlink(theirs);
	g_rmdir(elsewhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_files_are_not_told),
		cmocka_unit_test(strangers_files_are_not_told),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
