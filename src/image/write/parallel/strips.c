/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the formats that are encoded in strips share: see strips.h. */
#include "image/write/parallel/strips.h"

#include <string.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/io.h"
#include "base/error.h"
#include "image/encode/format_saver.h"
#include "image/read/header.h"
#include "image/table/vips_error.h"

bool parallel_save_write_over(
	struct parallel_save_file *file, gint64 at, const void *bytes, gsize length, GError **error)
{
	if (file->memory) {
		memcpy(file->memory->data + at, bytes, length);
		return true;
	}
	return io_write_at(file->fd, bytes, length, at) || fail_errno(error, "%s", file->path);
}

bool parallel_save_open(struct parallel_save_file *file, const char *path, GError **error)
{
	*file = (struct parallel_save_file){.fd = -1, .path = path};
	if (!path) {
		file->memory = g_byte_array_new();
		return true;
	}
	file->fd = files_create(path);
	return file->fd >= 0 || beneath_fail(error, path, NULL, "%s", path);
}

void parallel_save_close(struct parallel_save_file *file, GError **error)
{
	if (file->fd >= 0 && *error)
		close(file->fd);
	else if (file->fd >= 0)
		files_finish(file->fd, file->path, error);
	if (file->memory)
		g_byte_array_unref(file->memory);
}

bool parallel_save_write(struct parallel_save_file *file, const void *bytes, gsize length, GError **error)
{
	if (file->memory)
		g_byte_array_append(file->memory, bytes, (guint)length);
	else if (!parallel_save_write_over(file, file->at, bytes, length, error))
		return false;
	file->at += (gint64)length;
	return true;
}

bool parallel_save_part(struct parallel_save *strips, const VipsRect *part, GBytes **out, GError **error)
{
	g_autoptr(VipsImage) cut = NULL;

	if (vips_crop(strips->image, &cut, part->left, part->top, part->width, part->height, NULL))
		return vips_failed(error, strips->format->name);
	return format_run_saver(cut, strips->format, NULL, out, strips->bare, error);
}

struct head {
	VipsImage *image;
	GByteArray *bytes;
	bool (*enough)(const GByteArray *written);
	bool full;
};

static gint64 take_head(VipsTargetCustom *target, const void *bytes, gint64 length, gpointer user)
{
	struct head *head = user;

	(void)target;
	if (!head->full)
		g_byte_array_append(head->bytes, bytes, (guint)length);
	head->full = head->full || head->enough(head->bytes);
	/* A write that is refused would be complained of. */
	if (head->full)
		vips_image_set_kill(head->image, TRUE);
	return length;
}

bool parallel_save_head(struct parallel_save *strips, JsonObject *save, bool (*enough)(const GByteArray *written),
	GByteArray **out, GError **error)
{
	g_autoptr(VipsImage) image = header_black(strips->image, strips->image->Xsize, strips->image->Ysize);
	g_autoptr(VipsTarget) target = VIPS_TARGET(vips_target_custom_new());
	GError *cause = NULL;

	if (!image)
		return vips_failed(error, strips->format->name);
	struct head head = {image, g_byte_array_new(), enough, false};
	*out = head.bytes;
	g_signal_connect(target, "write", G_CALLBACK(take_head), &head);
	/* Stopped on purpose, as soon as there is enough of it. */
	if (!format_run_saver_to(image, strips->format, target, save, &cause) && !head.full) {
		g_propagate_error(error, cause);
		return false;
	}
	g_clear_error(&cause);
	return true;
}

bool parallel_save_model(struct parallel_save *strips, int width, int height, GBytes **out, GError **error)
{
	g_autoptr(VipsImage) image = header_black(strips->image, width, height);

	return image ? format_run_saver(image, strips->format, NULL, out, strips->save, error)
		     : vips_failed(error, strips->format->name);
}
