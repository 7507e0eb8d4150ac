/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The peer of every bench: grey + blur through libvips alone, sequential access, as many threads as cores.
 *
 *     bare IN OUT [--sigma S] [--thumbnail WIDTH] [--repeat N] [--threads N]
 *     bare --list [...] < LINES       a line: IN, a tab, OUT
 *
 * Prints the milliseconds of each run, one a line, without the process's start: open, chain, encode, file written.
 * --thumbnail: that instead of grey and blur, as vipsthumbnail does it: the decoder shrinks on load.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

static double sigma = 3;
static int thumbnail;

/* As the mill does it: what is see-through has no say in its neighbours' colours. */
static VipsImage *blur_weighed(VipsImage *in)
{
	double most = in->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;
	VipsImage *weighed = NULL, *blurred = NULL, *plain = NULL, *out = NULL;

	if (vips_premultiply(in, &weighed, "max_alpha", most, NULL) || vips_gaussblur(weighed, &blurred, sigma, NULL) ||
		vips_unpremultiply(blurred, &plain, "max_alpha", most, NULL) ||
		vips_cast(plain, &out, in->BandFmt, NULL))
		out = NULL;
	g_clear_object(&weighed);
	g_clear_object(&blurred);
	g_clear_object(&plain);
	return out;
}

static VipsImage *blur(VipsImage *in)
{
	VipsImage *out = NULL;

	if (vips_image_hasalpha(in))
		return blur_weighed(in);
	return vips_gaussblur(in, &out, sigma, NULL) == 0 ? out : NULL;
}

static VipsImage *grey_and_blur(const char *in)
{
	VipsImage *source = vips_image_new_from_file(in, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	VipsImage *grey = NULL, *blurred = NULL;

	if (source && !vips_colourspace(source, &grey, VIPS_INTERPRETATION_B_W, NULL))
		blurred = blur(grey);
	g_clear_object(&grey);
	g_clear_object(&source);
	return blurred;
}

static VipsImage *shrunk(const char *in)
{
	VipsImage *small = NULL;

	return vips_thumbnail(in, &small, thumbnail, NULL) == 0 ? small : NULL;
}

static void *note_preview(VipsImage *image, const char *name, GValue *value, void *names)
{
	(void)image;
	(void)value;
	if (g_str_has_prefix(name, "exif-ifd1-") || strcmp(name, "jpeg-thumbnail-data") == 0)
		g_ptr_array_add(names, g_strdup(name));
	return NULL;
}

/* The small picture in the EXIF data shows the original: the mill does not carry it over either. */
static void drop_preview(VipsImage *image)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	vips_image_map(image, note_preview, names);
	for (guint i = 0; i < names->len; i++)
		vips_image_remove(image, g_ptr_array_index(names, i));
}

static bool mill(const char *in, const char *out)
{
	gint64 started = g_get_monotonic_time();
	VipsImage *image = thumbnail ? shrunk(in) : grey_and_blur(in);
	if (image)
		drop_preview(image);
	bool done = image && !vips_image_write_to_file(image, out, NULL);

	g_clear_object(&image);
	if (!done)
		fprintf(stderr, "%s: %s", in, vips_error_buffer());
	else
		printf("%.3f\n", (double)(g_get_monotonic_time() - started) / 1000);
	return done;
}

static bool mill_list(void)
{
	char line[8192];

	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		char *out = strchr(line, '\t');
		if (!out)
			return false;
		*out++ = '\0';
		if (!mill(line, out))
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	int repeat = 1, threads = 0;
	gboolean list = FALSE;
	const GOptionEntry entries[] = {
		{"sigma", 0, 0, G_OPTION_ARG_DOUBLE, &sigma, "of the blur", "S"},
		{"thumbnail", 0, 0, G_OPTION_ARG_INT, &thumbnail, "shrink to this width instead", "PX"},
		{"repeat", 0, 0, G_OPTION_ARG_INT, &repeat, "runs in this process", "N"},
		{"threads", 0, 0, G_OPTION_ARG_INT, &threads, "of libvips; default: one a core", "N"},
		{"list", 0, 0, G_OPTION_ARG_NONE, &list, "files are named on standard input", NULL},
		G_OPTION_ENTRY_NULL,
	};
	GOptionContext *context = g_option_context_new("IN OUT");

	if (VIPS_INIT(argv[0]))
		return 1;
	/* Each run has to decode again. */
	vips_cache_set_max(0);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, NULL) || argc != (list ? 1 : 3)) {
		fprintf(stderr, "usage: bare IN OUT, or bare --list\n");
		return 2;
	}
	g_option_context_free(context);
	if (threads)
		vips_concurrency_set(threads);
	bool done = true;
	if (list)
		done = mill_list();
	for (int i = 0; done && !list && i < repeat; i++)
		done = mill(argv[1], argv[2]);
	vips_shutdown();
	return done ? 0 : 1;
}
