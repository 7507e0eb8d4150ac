/* SPDX-License-Identifier: GPL-2.0-or-later
 * Refused writes are seen: see write_errors.h. */
#include "image/encode/write_errors.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "base/error.h"
#include "image/quirks/quirks.h"

/* QUIRK_TILES_BY_GSF, QUIRK_TILES_BY_FCLOSE: the program may find a newer libvips than it was built with: fclose() is always looked at. */
#if BUILT_WITH_GSF
#include <gsf/gsf.h>
#endif

/* The functions that stood in the classes. */
static struct {
	int (*target_build)(VipsObject *target);
	gint64 (*target_write)(VipsTarget *target, const void *data, size_t length);
	int (*target_end)(VipsTarget *target);
#if BUILT_WITH_GSF
	gboolean (*tile_write)(GsfOutput *tile, gsize length, const guint8 *data);
	gboolean (*tile_close)(GsfOutput *tile);
#endif
} theirs;

/* Savers that run, in whichever threads. */
static struct {
	GMutex lock;
	GPtrArray *images;         /* what they save */
	guint with[LAYERS_PLACES]; /* how many of them have layers there */
	GPtrArray *targets;        /* what layers are written to, kept until no saver runs */
	GHashTable *synced;        /* paths of files that are on disk */
	guint refused;
	int number; /* errno of the last refusal */
} savers;

/* The saver does not get the error. With it, libvips would crash (tiffsave) or block for ever: dzsave to a zip reports
 * under the lock that reports take. Its picture is stopped instead. */
static void note_refusal(int number)
{
	g_mutex_lock(&savers.lock);
	savers.refused++;
	savers.number = number ? number : EIO;
	for (guint i = 0; savers.images && i < savers.images->len; i++)
		vips_image_set_kill(savers.images->pdata[i], TRUE);
	g_mutex_unlock(&savers.lock);
}

/* In memory dzsave has its many tiles, too, which are not to be kept: a process that saves to memory saves one picture at a time. */
static bool is_layer(VipsObject *target)
{
	enum layers place = VIPS_TARGET(target)->memory ? LAYERS_IN_MEMORY : LAYERS_IN_FILES;

	return savers.with[place] && !vips_connection_filename(VIPS_CONNECTION(target));
}

/* libvips would make it with mode 0644, whatever the umask allows, or a folder's ACL. Made before, it keeps its mode. */
static int make_file(const char *path)
{
	/* The name of a descriptor (beneath_alias()) is a link, to a file that was made already. */
	if (g_str_has_prefix(path, "/proc/self/fd/"))
		return 0;
	int descriptor = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);

	if (descriptor < 0) {
		vips_error_system(errno, "dropmill", "%s", path);
		return -1;
	}
	return close(descriptor);
}

static int target_build(VipsObject *target)
{
	const char *path = vips_connection_filename(VIPS_CONNECTION(target));
	int status = path ? make_file(path) : 0;

	if (status == 0)
		status = theirs.target_build(target);

	g_mutex_lock(&savers.lock);
	if (status == 0 && is_layer(target))
		g_ptr_array_add(savers.targets, g_object_ref(target));
	g_mutex_unlock(&savers.lock);
	return status;
}

static gint64 target_write(VipsTarget *target, const void *data, size_t length)
{
	errno = 0;
	gint64 written = theirs.target_write(target, data, length);
	if (written > 0)
		return written;
	note_refusal(errno);
	return (gint64)length;
}

/* On the descriptor that wrote: another one may not get the error. Layers have no name, and are read again by their
 * saver. */
static void sync_file(int fd, const char *path)
{
	if (files_sync_descriptor(fd) != 0)
		note_refusal(errno);
	g_mutex_lock(&savers.lock);
	if (savers.synced)
		g_hash_table_add(savers.synced, g_strdup(path));
	g_mutex_unlock(&savers.lock);
}

/* Network file systems tell at a close what they could not write. */
static int target_end(VipsTarget *target)
{
	const char *path = vips_connection_filename(VIPS_CONNECTION(target));
	int fd = VIPS_CONNECTION(target)->descriptor;

	if (fd >= 0 && path)
		sync_file(fd, path);
	int copy = fd >= 0 ? dup(fd) : -1;
	if (fd >= 0 && (copy < 0 || close(copy) != 0))
		note_refusal(errno);
	return theirs.target_end(target);
}

/* Stands before libc's for libvips: a tile's last bytes are written here, and dzsave does not look at the answer. */
int fclose(FILE *file)
{
	static gsize once;
	static int (*real)(FILE *);

	if (g_once_init_enter(&once)) {
		real = (int (*)(FILE *))dlsym(RTLD_NEXT, "fclose");
		g_once_init_leave(&once, 1);
	}
	int status = real(file);
	if (status != 0)
		note_refusal(errno);
	return status;
}

#if BUILT_WITH_GSF
static gboolean tile_write(GsfOutput *tile, gsize length, const guint8 *data)
{
	errno = 0;
	if (!theirs.tile_write(tile, length, data))
		note_refusal(errno);
	return TRUE;
}

static gboolean tile_close(GsfOutput *tile)
{
	errno = 0;
	if (!theirs.tile_close(tile))
		note_refusal(errno);
	return TRUE;
}

/* libgsf makes a tile with this one of GLib, for its owner alone, and then changes its mode. The sandbox refuses that, as it refuses the
 * process's umask, which libgsf changes meanwhile. Here stands ours before GLib's: 0666 without the umask's bits, as for all outputs. */
gint g_mkstemp(gchar *pattern)
{
	return g_mkstemp_full(pattern, O_RDWR | O_CLOEXEC, 0666);
}

static void change_tiles(void)
{
	GsfOutputClass *tile = g_type_class_ref(GSF_OUTPUT_STDIO_TYPE); /* for good */

	theirs.tile_write = tile->Write;
	theirs.tile_close = tile->Close;
	tile->Write = tile_write;
	tile->Close = tile_close;
}

#else

static void change_tiles(void)
{
}
#endif

static gpointer change_classes(gpointer unused)
{
	VipsTargetClass *target = g_type_class_ref(VIPS_TYPE_TARGET); /* for good */

	(void)unused;
	theirs.target_build = VIPS_OBJECT_CLASS(target)->build;
	theirs.target_write = target->write;
	theirs.target_end = target->end;
	VIPS_OBJECT_CLASS(target)->build = target_build;
	target->write = target_write;
	target->end = target_end;
	change_tiles();
	return target;
}

struct write_errors write_errors_begin(VipsImage *image, enum layers layers)
{
	static GOnce once = G_ONCE_INIT;

	g_once(&once, change_classes, NULL);
	g_mutex_lock(&savers.lock);
	if (!savers.images) {
		savers.images = g_ptr_array_new();
		savers.targets = g_ptr_array_new_with_free_func(g_object_unref);
		savers.synced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	}
	g_ptr_array_add(savers.images, image);
	savers.with[layers]++;
	struct write_errors writes = {image, layers, savers.refused};
	g_mutex_unlock(&savers.lock);
	return writes;
}

bool write_errors_end(const struct write_errors *writes, bool ok, const char *path, GError **error)
{
	g_autoptr(GPtrArray) targets = NULL;

	g_mutex_lock(&savers.lock);
	bool synced = !path || g_hash_table_remove(savers.synced, path);
	g_ptr_array_remove_fast(savers.images, writes->image);
	savers.with[writes->layers]--;
	if (savers.images->len == 0) {
		g_clear_pointer(&savers.images, g_ptr_array_unref);
		targets = g_steal_pointer(&savers.targets);
		g_clear_pointer(&savers.synced, g_hash_table_unref);
	}
	int number = savers.refused != writes->refused ? savers.number : 0;
	g_mutex_unlock(&savers.lock);
	/* By a saver that has no target. A folder is synced when it is settled. */
	if (!number)
		return ok && (synced || g_file_test(path, G_FILE_TEST_IS_DIR) || files_sync(path, error));
	g_clear_error(error);
	errno = number;
	return fail_errno(error, "%s", path ? path : "a file for a while");
}
