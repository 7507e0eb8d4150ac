/* SPDX-License-Identifier: GPL-2.0-or-later
 * Modes of what is saved: every saver's files follow the umask alike, and take the group of a set-group-id folder. */
#include "support.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "base/file_format.h"
#include "base/json.h"
#include "image/describe/format_check.h"
#include "image/table/format_table.h"
#include "image/write/format_save.h"

static struct {
	mode_t umask;
	gid_t group;
	guint files, folders;
} wanted;

static int check(const char *path, const struct stat *status, int type, struct FTW *place)
{
	mode_t mode = status->st_mode & 0777, most = type == FTW_F ? 0666 : 0777;

	if (place->level == 0) /* the test's own */
		return 0;
	if (mode != (most & ~wanted.umask))
		fail_msg("%s has mode 0%o with umask 0%o", path, mode, wanted.umask);
	if (status->st_gid != wanted.group)
		fail_msg("%s is of group %u", path, status->st_gid);
	if (type == FTW_F)
		wanted.files++;
	else
		wanted.folders++;
	return 0;
}

static void save(VipsImage *image, const char *folder, const char *format, const char *options)
{
	g_autofree char *path = g_strconcat(folder, "/x.", format, *options ? "-zip" : "", NULL);
	g_autoptr(JsonObject) object = json_parse_object(*options ? options : "{}", -1, NULL);
	g_autoptr(GError) error = NULL;

	if (!format_save(image, path, format, object, &error))
		fail_msg("%s: %s", format, error->message);
}

static void every_saver_follows_the_umask(void **state)
{
	static const mode_t umasks[] = {002, 077, 0};
	g_autoptr(VipsImage) image = picture(300, 200, 3, 8);
	g_autoptr(VipsImage) large = picture(1500, 1100, 3, 8); /* a PNG of ours from a megapixel on */

	for (guint i = 0; i < G_N_ELEMENTS(umasks); i++) {
		g_autofree char *folder = g_dir_make_tmp("dropmill-modes-XXXXXX", NULL);
		g_autofree char *inner = g_build_filename(folder, "large", NULL);
		/* A group that is not this process's own, where we may. */
		wanted.group = geteuid() == 0 ? 4711 : getegid();
		assert_int_equal(chown(folder, (uid_t)-1, wanted.group), 0);
		assert_int_equal(chmod(folder, 02777), 0);
		wanted.umask = umasks[i];
		wanted.files = wanted.folders = 0;
		mode_t before = umask(umasks[i]);
		guint formats = 0;
		for (const char *const *name = file_format_names(FILE_FORMATS_WRITTEN); *name; name++)
			if (format_available(*name)) {
				save(image, folder, *name, "");
				formats++;
			}
		save(image, folder, "dz", "{\"container\":\"zip\"}");
		assert_int_equal(mkdir(inner, 0777), 0);
		save(large, inner, "png", "");
		umask(before);
		nftw(folder, check, 16, FTW_PHYS);
		assert_true(formats > 5 && wanted.files > formats && wanted.folders > 3);
		files_remove_tree(folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_saver_follows_the_umask)};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}
