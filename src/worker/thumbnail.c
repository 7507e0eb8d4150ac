/* SPDX-License-Identifier: GPL-2.0-or-later
 * Thumbnails for the page: see thumbnail.h. */
#include "worker/thumbnail.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "image/allow.h"
#include "image/format.h"
#include "image/operations.h"
#include "image/sandbox.h"

#define CONTROL_FD 3
/* Workers run at 0: under a full load this process gets about three per cent of a core. */
#define NICE 15
#define QUALITY 82
#define MOST_MEGAPIXELS 2000

/* Fits into size × size, never enlarged, upright, sRGB; shrunk while it is decoded where the format can. */
static bool shrink(const char *path, int size, VipsImage **out, GError **error)
{
	struct image_limits limits = {.megapixels = MOST_MEGAPIXELS};
	g_autoptr(VipsImage) header = NULL;
	g_autoptr(VipsImage) small = NULL;

	if (!format_open(path, NULL, true, &limits, &header, error))
		return false;
	g_autoptr(VipsSource) source = format_source(path, NULL, error);
	if (!source)
		return false;
	if (format_loads_by_name(source)
			? vips_thumbnail_image(header, &small, size, "height", size, "size", VIPS_SIZE_DOWN, NULL)
			: vips_thumbnail_source(source, &small, size, "height", size, "size", VIPS_SIZE_DOWN, NULL))
		return vips_failed(error, NULL);
	if (vips_colourspace(small, out, VIPS_INTERPRETATION_sRGB, NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool save(VipsImage *image, const char *temp, const char **type, GError **error)
{
	bool clear = vips_image_hasalpha(image);
	int failed = clear ? vips_webpsave(image, temp, "Q", QUALITY, "effort", 2, "strip", TRUE, NULL)
			   : vips_jpegsave(image, temp, "Q", QUALITY, "strip", TRUE, NULL);

	*type = clear ? "image/webp" : "image/jpeg";
	return !failed || vips_failed(error, NULL);
}

static JsonObject *answer(JsonObject *wish)
{
	JsonObject *object = json_object_new();
	g_autofree char *path = json_path(wish, "path");
	g_autofree char *temp = json_path(wish, "temp");
	gint64 size = json_int(wish, "size", 0);
	g_autoptr(VipsImage) image = NULL;
	g_autoptr(GError) error = NULL;
	const char *type = NULL;

	if (path && temp && size > 0 && size <= 4096 && allow_open(wish, &error) &&
		shrink(path, (int)size, &image, &error) && save(image, temp, &type, &error))
		json_object_set_string_member(object, "type", type);
	else
		json_object_set_string_member(object, "error", error ? error->message : "the wish makes no sense");
	g_clear_object(&image);
	allow_shut();
	return object;
}

static bool send_line(JsonObject *object)
{
	g_autofree char *text = json_object_text(object);
	g_autofree char *line = g_strconcat(text, "\n", NULL);

	for (gsize sent = 0, length = strlen(line); sent < length;) {
		gssize n = write(CONTROL_FD, line + sent, length - sent);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (gsize)n;
	}
	return true;
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
	g_free(sandbox_enter(SANDBOX_NO_NETWORK));
	if (!image_init("dropmill", 1, &error))
		return 1;
	g_autoptr(GInputStream) input = g_unix_input_stream_new(CONTROL_FD, FALSE);
	g_autoptr(GDataInputStream) lines = g_data_input_stream_new(input);
	for (;;) {
		g_autofree char *line = g_data_input_stream_read_line(lines, NULL, NULL, NULL);
		g_autoptr(JsonObject) wish = line ? json_parse_object(line, -1, NULL) : NULL;
		if (!wish)
			break;
		g_autoptr(JsonObject) said = answer(wish);
		if (!send_line(said))
			break;
	}
	_exit(0);
}
