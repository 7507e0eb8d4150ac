/* SPDX-License-Identifier: GPL-2.0-or-later
 * Animations and files of several pages, with libvips alone: made, taken apart, looked at. Shares no code with src/.
 *
 *     pages join OUT FILE... [--delay N]   pages of one size below each other; delays N, 2N, 3N ... ms, loop 3
 *     pages split IN PREFIX                PREFIX0.png, PREFIX1.png ...; prints "pages N", "delay ...", "loop N"
 *     pages fields IN                      the names of the metadata, a line each; orientation and density with values */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

static G_GNUC_NORETURN void die(const char *what)
{
	fprintf(stderr, "pages: %s: %s\n", what, vips_error_buffer());
	exit(1);
}

static VipsImage *open_pages(const char *path, int page, int count)
{
	char options[64];
	VipsSource *source = vips_source_new_from_file(path);

	snprintf(options, sizeof options, "[page=%d,n=%d]", page, count);
	VipsImage *image = source ? vips_image_new_from_source(source, count ? options : "", NULL) : NULL;
	if (!image)
		die(path);
	VipsImage *copy = vips_image_copy_memory(image);
	g_object_unref(image);
	g_object_unref(source);
	if (!copy)
		die(path);
	return copy;
}

static int join(int count, char **words)
{
	VipsImage *images[64], *joined = NULL, *copy = NULL;
	int pages = 0, delays[64], delay = 0;

	for (int i = 1; i < count && pages < 64; i++)
		if (strcmp(words[i], "--delay") == 0 && i + 1 < count)
			delay = atoi(words[++i]);
		else
			images[pages++] = open_pages(words[i], 0, 0);
	if (pages == 0 || vips_arrayjoin(images, &joined, pages, "across", 1, NULL) || vips_copy(joined, &copy, NULL))
		die("join");
	vips_image_set_int(copy, "page-height", images[0]->Ysize);
	for (int i = 0; i < pages; i++)
		delays[i] = delay * (i + 1);
	if (delay) {
		vips_image_set_array_int(copy, "delay", delays, pages);
		vips_image_set_int(copy, "loop", 3);
	}
	if (vips_image_write_to_file(copy, words[0], NULL))
		die(words[0]);
	return 0;
}

static int split(const char *path, const char *prefix)
{
	VipsImage *first = open_pages(path, 0, 0);
	int pages = vips_image_get_n_pages(first), loop = 0, *delays, count = 0;

	printf("pages %d\ndelay", pages);
	if (vips_image_get_typeof(first, "delay") && !vips_image_get_array_int(first, "delay", &delays, &count))
		for (int i = 0; i < count; i++)
			printf(" %d", delays[i]);
	if (vips_image_get_typeof(first, "loop"))
		vips_image_get_int(first, "loop", &loop);
	printf("\nloop %d\n", loop);
	for (int i = 0; i < pages; i++) {
		char *name = g_strdup_printf("%s%d.png", prefix, i);
		VipsImage *page = open_pages(path, i, 1);
		if (vips_image_write_to_file(page, name, "strip", TRUE, NULL))
			die(name);
		g_object_unref(page);
		g_free(name);
	}
	return 0;
}

static int fields(const char *path)
{
	VipsImage *image = open_pages(path, 0, 0);
	char **names = vips_image_get_fields(image);

	for (char **name = names; *name; name++)
		if (vips_image_get_typeof(image, *name))
			printf("%s\n", *name);
	printf("orientation=%d\ndensity=%.3f\n", vips_image_get_orientation(image), vips_image_get_xres(image));
	return 0;
}

int main(int argc, char **argv)
{
	if (VIPS_INIT(argv[0]))
		die("libvips");
	if (argc > 3 && strcmp(argv[1], "join") == 0)
		return join(argc - 2, argv + 2);
	if (argc == 4 && strcmp(argv[1], "split") == 0)
		return split(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "fields") == 0)
		return fields(argv[2]);
	fprintf(stderr, "usage: pages join|split|fields ...\n");
	return 2;
}
