/* SPDX-License-Identifier: GPL-2.0-or-later
 * Leases in shared memory: whoever loses the compare-and-swap does nothing. */
#include "../unit.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/disk/fd_channel.h"
#include "base/disk/shared_memory.h"

#include <glib/gstdio.h>

#include <string.h>

/* Memory, lent with a table of so many tiles. */
static struct segment *lent(guint tiles)
{
	struct segment *segment = segment_create(SEGMENT_ROWS + 4096, NULL, NULL);

	assert_non_null(segment);
	assert_true(segment_make_leases(segment, tiles, NULL));
	return segment;
}

static void a_lease_is_taken_once(void **state)
{
	auto_struct(segment) segment = lent(4);

	segment_offer(segment, 2, 7, 1);
	assert_false(segment_take(segment, 2, 7, 2));
	assert_false(segment_take(segment, 2, 6, 1));
	assert_false(segment_take(segment, 1, 7, 1));
	assert_true(segment_take(segment, 2, 7, 1));
	assert_false(segment_take(segment, 2, 7, 1));
}

static void an_offer_that_was_revoked_is_never_worked_on(void **state)
{
	auto_struct(segment) segment = lent(4);

	segment_offer(segment, 0, 7, 1);
	assert_true(segment_revoke(segment, 0, 7, 1));
	assert_false(segment_take(segment, 0, 7, 1));
	segment_offer(segment, 0, 7, 2);
	assert_false(segment_take(segment, 0, 7, 1));
	assert_true(segment_take(segment, 0, 7, 2));
}

static void a_lease_that_was_taken_cannot_be_revoked(void **state)
{
	auto_struct(segment) segment = lent(1);

	segment_offer(segment, 0, 9, 3);
	assert_true(segment_take(segment, 0, 9, 3));
	assert_false(segment_revoke(segment, 0, 9, 3));
}

static void leases_of_an_earlier_job_are_worth_nothing(void **state)
{
	auto_struct(segment) segment = lent(3);

	auto_struct(segment) theirs = segment_open(segment->path, 0, NULL);
	assert_true(segment_open_leases(theirs, segment->leases->path, NULL));
	segment_offer(segment, 1, 1, 1);
	assert_true(segment_make_leases(segment, 3, NULL));
	assert_false(segment_take(segment, 1, 1, 1));
	assert_false(segment_take(theirs, 1, 1, 1));
}

static void another_mapping_sees_the_same_memory(void **state)
{
	auto_struct(segment) mine = lent(2);
	gsize size = mine->size;
	auto_struct(segment) theirs = segment_open(mine->path, size, NULL);
	g_autoptr(GError) error = NULL;

	assert_non_null(theirs);
	assert_true(segment_open_leases(theirs, mine->leases->path, NULL));
	segment_offer(mine, 1, 5, 1);
	assert_true(segment_take(theirs, 1, 5, 1));
	assert_false(segment_revoke(mine, 1, 5, 1));
	memset(theirs->bytes + SEGMENT_ROWS, 42, 10);
	assert_int_equal(mine->bytes[SEGMENT_ROWS + 9], 42);
	assert_null(segment_open(mine->path, size + 1, &error));
	assert_non_null(strstr(error->message, "fewer"));
}

static void a_spool_has_no_name_and_its_room_is_reserved(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("dropmill-XXXXXX", NULL);
	auto_struct(segment) spool = segment_create(1 << 20, folder, NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	g_autoptr(GError) error = NULL;

	assert_non_null(spool);
	assert_null(g_dir_read_name(dir));
	assert_null(segment_create((gsize)1 << 60, folder, &error));
	assert_int_equal(error->domain, DROPMILL_ERROR);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

/* A picture that needed a spool waited for ever under `once`, which has no state folder yet. */
static void a_spool_makes_its_folder(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("segment-XXXXXX", NULL);
	g_autofree char *inner = g_build_filename(folder, "state", NULL);
	auto_struct(segment) spool = segment_create(8192, inner, NULL);

	assert_non_null(spool);
	assert_int_equal(rmdir(inner), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* A file cannot be sealed: whoever has its descriptor may cut it short, and the master, which had it mapped, died of SIGBUS. */
static void a_spool_that_is_cut_short_kills_nobody(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("segment-XXXXXX", NULL);
	auto_struct(segment) spool = segment_create(SEGMENT_ROWS + 8192, folder, NULL);
	guint8 rows[4096] = {7}, back[4096] = {0};
	g_autoptr(GError) error = NULL, other = NULL;

	assert_non_null(spool);
	assert_true(segment_make_leases(spool, 3, NULL));
	assert_null(spool->bytes);
	assert_true(segment_write(spool, SEGMENT_ROWS, rows, sizeof rows, &error));
	assert_true(segment_read(spool, SEGMENT_ROWS, back, sizeof back, &error));
	assert_memory_equal(rows, back, sizeof rows);
	auto_struct(segment) theirs = segment_open(spool->path, spool->size, NULL);
	assert_non_null(theirs);
	assert_int_equal(theirs->bytes[SEGMENT_ROWS], 7);
	assert_int_equal(ftruncate(theirs->fd, 0), 0);
	assert_false(segment_read(spool, SEGMENT_ROWS, back, sizeof back, &other));
	assert_non_null(strstr(other->message, "cut short"));
	segment_offer(spool, 2, 1, 1);
	assert_true(segment_revoke(spool, 2, 1, 1));
	assert_int_equal(rmdir(folder), 0);
}

static void assert_refused(const char *path)
{
	g_autoptr(GError) error = NULL;
	auto_struct(segment) segment = segment_open(path, 4096, &error);

	if (segment)
		fail_msg("%s was opened", path);
	assert_non_null(strstr(error->message, "is not a segment of a dropmill"));
}

/* Whoever can write to the topics could name any file of this user: it would be written to. */
static void nothing_but_a_segment_is_opened(void **state)
{
	g_autofree char *named = g_strdup("segment-XXXXXX");
	int file = g_mkstemp(named), memory = memfd_create("other", MFD_CLOEXEC);
	g_autofree char *by_fd = g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), file);
	g_autofree char *by_memory = g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), memory);
	g_autofree char *absolute = g_canonicalize_filename(named, NULL);

	/* The mark alone makes no segment of a file with a name, nor does having none of another's memory. */
	assert_int_equal(write(file, SEGMENT_MARK, strlen(SEGMENT_MARK)), strlen(SEGMENT_MARK));
	assert_int_equal(ftruncate(file, 8192), 0);
	assert_int_equal(ftruncate(memory, 8192), 0);
	assert_refused(by_fd);
	assert_refused(by_memory);
	assert_refused(absolute);
	assert_refused("/proc/self/fd/0");
	assert_refused("/proc/1/mem");
	assert_refused("");
	close(file);
	close(memory);
	assert_int_equal(unlink(named), 0);
}

static void what_was_handed_over_is_the_same_memory(void **state)
{
	auto_struct(segment) mine = lent(1);
	int pair[2], fd;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	auto_struct(fd_channel) lines = fd_channel_new(pair[1]);
	assert_true(fd_channel_send(pair[0], "plan\n", 5, -1));
	g_autofree char *first = fd_channel_line(lines, &fd);
	assert_string_equal(first, "plan");
	assert_int_equal(fd, -1);
	assert_true(fd_channel_send(pair[0], "go\nmore\n", 8, mine->fd));
	g_autofree char *second = fd_channel_line(lines, &fd);
	assert_string_equal(second, "go");
	auto_struct(segment) theirs = segment_adopt(fd, mine->size, NULL);
	assert_non_null(theirs);
	assert_true(segment_open_leases(theirs, mine->leases->path, NULL));
	segment_offer(mine, 0, 1, 1);
	assert_true(segment_take(theirs, 0, 1, 1));
	/* A worker may write to it, but not pull it away under the master, which would die of SIGBUS. */
	assert_int_equal(ftruncate(theirs->fd, 0), -1);
	assert_int_equal(ftruncate(theirs->leases->fd, 0), -1);
	g_autofree char *third = fd_channel_line(lines, &fd);
	assert_string_equal(third, "more");
	assert_int_equal(fd, -1);
	close(pair[0]);
	assert_null(fd_channel_line(lines, &fd));
	close(pair[1]);
}

static void a_tile_beyond_the_table_has_no_lease(void **state)
{
	auto_struct(segment) segment = lent(1);

	assert_false(segment_take(segment, 1 << 20, 1, 1));
	assert_false(segment_take(segment, G_MAXINT32, 1, 1));
}

static int disk_says;

/* In place of the C library's: the kernel's answer of a disk that failed. */
int sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned flags)
{
	(void)fd;
	assert_true(offset == 0 && bytes == 1 && flags == SYNC_FILE_RANGE_WAIT_BEFORE); /* nothing is waited for */
	errno = disk_says;
	return disk_says ? -1 : 0;
}

static void a_spool_that_a_disk_lost_is_not_trusted(void **state)
{
	static const struct {
		int says;
		bool kept;
	} cases[] = {{0, true}, {EINVAL, true}, {ENOSYS, true}, {ENOSPC, false}, {EIO, false}};
	auto_struct(segment) memory = segment_create(SEGMENT_ROWS, NULL, NULL);
	auto_struct(segment) spool = segment_create(SEGMENT_ROWS, g_get_tmp_dir(), NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		disk_says = cases[i].says;
		assert_true(segment_was_kept(memory, NULL));
		assert_int_equal(segment_was_kept(spool, &error), cases[i].kept);
		assert_int_equal(error ? error->code : ERROR_RETRY, ERROR_RETRY); /* no fault of the picture */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lease_is_taken_once),
		cmocka_unit_test(an_offer_that_was_revoked_is_never_worked_on),
		cmocka_unit_test(a_lease_that_was_taken_cannot_be_revoked),
		cmocka_unit_test(leases_of_an_earlier_job_are_worth_nothing),
		cmocka_unit_test(another_mapping_sees_the_same_memory),
		cmocka_unit_test(nothing_but_a_segment_is_opened),
		cmocka_unit_test(what_was_handed_over_is_the_same_memory),
		cmocka_unit_test(a_tile_beyond_the_table_has_no_lease),
		cmocka_unit_test(a_spool_has_no_name_and_its_room_is_reserved),
		cmocka_unit_test(a_spool_makes_its_folder),
		cmocka_unit_test(a_spool_that_is_cut_short_kills_nobody),
		cmocka_unit_test(a_spool_that_a_disk_lost_is_not_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
