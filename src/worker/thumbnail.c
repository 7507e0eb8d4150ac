/* SPDX-License-Identifier: GPL-2.0-or-later
 * Thumbnails for the page: see thumbnail.h. */
#include "worker/thumbnail.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/fd_channel.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "base/testing/ordered_failure.h"
#include "image/read/allow.h"
#include "image/read/format.h"
#include "image/read/levels.h"
#include "image/read/profile.h"
#include "image/table/vips_error.h"
#include "sandbox/sandbox.h"

#define CONTROL_FD 3
/* Workers run at 0: under a full load this process gets about three per cent of a core. */
#define NICE 15
#define QUALITY 82
#define MOST_MEGAPIXELS 2000

/* Fits into size × size, never enlarged, upright, sRGB; shrunk while it is decoded where the format can. */
static bool shrink(GBytes *picture, int size, VipsImage **out, GError **error)
{
	struct image_limits limits = {.megapixels = MOST_MEGAPIXELS};
	g_autoptr(VipsImage) header = NULL, small = NULL;

	if (!format_open(NULL, picture, true, &limits, &header, error))
		return false;
	const struct level_box box = {.width = size, .height = size};
	g_autoptr(VipsSource) source = format_source(NULL, picture, error);
	g_autoptr(VipsImage) level = NULL;
	if (!source || !levels_open(source, NULL, picture, &box, &level, error))
		return false;
	if (!level && format_must_load(source))
		level = g_object_ref(header);
	if (level ? vips_thumbnail_image(level, &small, size, "height", size, "size", VIPS_SIZE_DOWN, NULL)
		  : vips_thumbnail_source(source, &small, size, "height", size, "size", VIPS_SIZE_DOWN, NULL))
		return vips_failed(error, NULL);
	g_autoptr(VipsImage) seen = NULL; /* the file has no profile */
	if (!profile_settle(small, &seen, error))
		return false;
	return vips_colourspace(seen, out, VIPS_INTERPRETATION_sRGB, NULL) == 0 || vips_failed(error, NULL);
}

static bool save(VipsImage *image, GBytes **bytes, const char **type, GError **error)
{
	bool clear = vips_image_hasalpha(image);
	void *data = NULL;
	size_t length = 0;
	int failed = clear ? vips_webpsave_buffer(image, &data, &length, "Q", QUALITY, "effort", 2, "strip", TRUE, NULL)
			   : vips_jpegsave_buffer(image, &data, &length, "Q", QUALITY, "strip", TRUE, NULL);

	*type = clear ? "image/webp" : "image/jpeg";
	if (failed)
		return vips_failed(error, NULL);
	*bytes = g_bytes_new_take(data, length);
	return true;
}

/* Mapped: of a large picture only what is decoded is read. When it is cut short meanwhile this process dies, and the next picture has
 * another one. */
static GBytes *picture_at(int descriptor, GError **error)
{
	struct stat status;

	if (descriptor < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
		fail(error, ERROR_INPUT, "it is not a file");
		return NULL;
	}
	g_autoptr(GMappedFile) file = g_mapped_file_new_from_fd(descriptor, FALSE, error);
	return file ? g_mapped_file_get_bytes(file) : NULL;
}

static JsonObject *answer(JsonObject *wish, int descriptor, GBytes **bytes)
{
	JsonObject *object = json_object_new();
	gint64 size = json_int(wish, "size", 0);
	g_autoptr(VipsImage) image = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) picture = picture_at(descriptor, &error);
	const char *type = NULL;

	ORDERED_FAILURE("thumbnail", wish);
	if (picture && size > 0 && size <= 4096 && allow_open(wish, &error) &&
		shrink(picture, (int)size, &image, &error) && save(image, bytes, &type, &error)) {
		json_object_set_string_member(object, "type", type);
		json_object_set_int_member(object, "bytes", (gint64)g_bytes_get_size(*bytes));
	} else {
		g_autofree char *message = g_utf8_make_valid(error ? error->message : "the wish makes no sense", -1);
		json_object_set_string_member(object, "error", message);
	}
	g_clear_object(&image);
	allow_shut();
	return object;
}

static bool send_answer(JsonObject *object, GBytes *bytes)
{
	g_autofree char *text = json_object_text(object);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	gsize length = 0;
	gconstpointer data = bytes ? g_bytes_get_data(bytes, &length) : NULL;

	return fd_channel_send(CONTROL_FD, line, strlen(line), -1) && fd_channel_send(CONTROL_FD, data, length, -1);
}

int thumbnail_command(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C reaches the whole group; the master says when this process ends */
	if (argc > 1)
		process_die_with_parent(SIGKILL, atoi(argv[1]));
	setpriority(PRIO_PROCESS, 0, NICE);
	log_init("thumbnail", g_strcmp0(g_getenv("DROPMILL_LOG_FORMAT"), "json") == 0);
	log_set_level(LOG_ERROR); /* a picture that is not whole is shown as far as it goes, without a word */
	/* What is missing was said by the first worker. No file of anybody is opened: the pictures come open. */
	g_free(sandbox_enter(SANDBOX_NO_NETWORK));
	g_free(sandbox_files(NULL, false));
	if (!image_init("dropmill", 1, &error))
		return 1;
	auto_struct(fd_channel) lines = fd_channel_new(CONTROL_FD);
	for (;;) {
		int descriptor = -1;
		g_autofree char *line = fd_channel_line(lines, &descriptor);
		g_autoptr(JsonObject) wish = line ? json_parse_object(line, -1, NULL) : NULL;
		g_autoptr(GBytes) bytes = NULL;
		if (!wish)
			break;
		g_autoptr(JsonObject) said = answer(wish, descriptor, &bytes);
		if (descriptor >= 0)
			close(descriptor);
		if (!send_answer(said, bytes))
			break;
	}
	_exit(0);
}
