/* SPDX-License-Identifier: GPL-2.0-or-later
 * What was saved is on disk: every file was fsynced with its last byte in it, a single one by the descriptor that wrote it, and a pyramid's folders,
 * too. An fsync that fails fails the save. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "base/json.h"
#include "image/describe/format_check.h"
#include "image/write/format_save.h"

static GMutex lock;
static GHashTable *synced; /* inode -> bytes at its last fsync, negative: by a descriptor that could not write */
static int failing = -1;   /* how many fsyncs are left until one fails */

int fsync(int descriptor)
{
	struct stat status;

	g_mutex_lock(&lock);
	bool fails = failing >= 0 && failing-- == 0;
	bool wrote = (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY;
	if (synced && fstat(descriptor, &status) == 0)
		g_hash_table_insert(synced, GSIZE_TO_POINTER(status.st_ino),
			GSIZE_TO_POINTER(wrote ? status.st_size : -status.st_size - 1));
	g_mutex_unlock(&lock);
	if (!fails)
		return (int)syscall(SYS_fsync, descriptor);
	errno = EIO;
	return -1;
}

static const struct {
	const char *format, *save;
} cases[] = {
	{"jpeg", "{}"},
	{"png", "{\"compression\":1}"},
	{"png", "{\"palette\":true}"},
	{"webp", "{\"effort\":0}"},
	{"tiff", "{\"tile\":true,\"pyramid\":true}"},
	{"gif", "{}"},
	{"avif", "{\"effort\":0}"},
	{"jp2k", "{}"},
	{"jxl", "{\"effort\":3}"},
	{"dz", "{\"tile_size\":64}"},
	{"dz", "{\"layout\":\"zoomify\"}"},
	{"dz", "{\"tile_size\":64,\"container\":\"zip\"}"},
};

static void check(const char *path, bool single)
{
	struct stat status;
	gpointer bytes;

	assert_int_equal(lstat(path, &status), 0);
	if (!g_hash_table_lookup_extended(synced, GSIZE_TO_POINTER(status.st_ino), NULL, &bytes))
		fail_msg("%s was not synced", path);
	if (S_ISREG(status.st_mode)) {
		gssize at = (gssize)GPOINTER_TO_SIZE(bytes);
		if (single && at < 0)
			fail_msg("%s was synced by a descriptor that did not write it", path);
		assert_int_equal(at < 0 ? -at - 1 : at, status.st_size);
		return;
	}
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	for (const char *name; (name = g_dir_read_name(folder));) {
		g_autofree char *inside = g_build_filename(path, name, NULL);
		check(inside, false);
	}
}

static void test_all_is_on_disk(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *place = g_build_filename(folder, "p", NULL);
	g_autoptr(VipsImage) image = picture(150, 200, 3, 8);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(JsonObject) save = json_parse_object(cases[i].save, -1, NULL);
		if (!format_available(cases[i].format))
			continue;
		synced = g_hash_table_new(NULL, NULL);
		assert_true(format_save(image, place, cases[i].format, save, NULL));
		check(place, true);
		g_clear_pointer(&synced, g_hash_table_unref);
		for (int n = 0; n < 2; n++) {
			g_autoptr(GError) error = NULL;
			g_autoptr(VipsImage) copy = NULL;
			files_remove_tree(place);
			remove(place);
			assert_int_equal(vips_copy(image, &copy, NULL), 0);
			failing = n;
			bool done = format_save(copy, place, cases[i].format, save, &error);
			if (failing < 0 && done)
				fail_msg("%s %s: fsync %d failed, and all was said to be well", cases[i].format,
					cases[i].save, n);
			failing = -1;
		}
		files_remove_tree(place);
		remove(place);
	}
	files_remove_tree(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_on_disk),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
