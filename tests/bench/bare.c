/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The peer of every bench: grey + blur through libvips alone, sequential access, as many threads as cores.
 *
 *     bare IN OUT [--sigma S] [--repeat N]
 *
 * Prints the milliseconds of each run, one a line, without the process's start: open, chain, encode, file written.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <vips/vips.h>

static bool mill(const char *in, const char *out, double sigma)
{
	VipsImage *source = vips_image_new_from_file(in, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	VipsImage *grey = NULL, *blurred = NULL;
	bool done = source && !vips_colourspace(source, &grey, VIPS_INTERPRETATION_B_W, NULL) &&
		    !vips_gaussblur(grey, &blurred, sigma, NULL) && !vips_image_write_to_file(blurred, out, NULL);

	g_clear_object(&blurred);
	g_clear_object(&grey);
	g_clear_object(&source);
	return done;
}

int main(int argc, char **argv)
{
	double sigma = 3;
	int repeat = 1;
	const GOptionEntry entries[] = {
		{"sigma", 0, 0, G_OPTION_ARG_DOUBLE, &sigma, "of the blur", "S"},
		{"repeat", 0, 0, G_OPTION_ARG_INT, &repeat, "runs in this process", "N"},
		G_OPTION_ENTRY_NULL,
	};
	GOptionContext *context = g_option_context_new("IN OUT");

	if (VIPS_INIT(argv[0]))
		return 1;
	/* Each run has to decode again. */
	vips_cache_set_max(0);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, NULL) || argc != 3) {
		fprintf(stderr, "usage: bare IN OUT [--sigma S] [--repeat N]\n");
		return 2;
	}
	g_option_context_free(context);
	for (int i = 0; i < repeat; i++) {
		gint64 started = g_get_monotonic_time();
		if (!mill(argv[1], argv[2], sigma)) {
			fprintf(stderr, "%s", vips_error_buffer());
			return 1;
		}
		printf("%.3f\n", (double)(g_get_monotonic_time() - started) / 1000);
	}
	vips_shutdown();
	return 0;
}
