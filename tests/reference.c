/* SPDX-License-Identifier: GPL-2.0-or-later
 * What libvips alone makes of a picture: the measure that dropmill's outputs are held against. Shares no code with src/.
 *
 *     reference IN OUT [STEP...] [--quality N] [--strip] [--raw] [--threads N]
 *
 * A step is NAME or NAME:KEY=VALUE,KEY=VALUE with the names of `dropmill ops`, and what they mean is what is documented
 * there; vips:operation=NAME,KEY=VALUE is any libvips operation (an array is "1 2 3"). The source is opened for random
 * access, all of the picture is one graph, and libvips' own sink writes it, as its ending says. --raw writes a line
 * "WIDTH HEIGHT BANDS FORMAT INTERPRETATION" and the pixels instead. A thumbnail as first step is vips_thumbnail() of
 * the file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

struct step {
	const char *name;
	GHashTable *values; /* text by key */
};

static void die(const char *what)
{
	fprintf(stderr, "reference: %s: %s\n", what, vips_error_buffer());
	exit(1);
}

static void check(int status, const char *what)
{
	if (status)
		die(what);
}

static struct step parse(char *text)
{
	struct step step = {text, g_hash_table_new_full(g_str_hash, g_str_equal, NULL, NULL)};
	char *colon = strchr(text, ':');

	if (!colon)
		return step;
	*colon = '\0';
	for (char *pair = strtok(colon + 1, ","); pair; pair = strtok(NULL, ",")) {
		char *equals = strchr(pair, '=');
		if (!equals) {
			fprintf(stderr, "reference: %s is not KEY=VALUE\n", pair);
			exit(2);
		}
		*equals = '\0';
		g_hash_table_insert(step.values, pair, equals + 1);
	}
	return step;
}

static const char *text_of(const struct step *step, const char *key, const char *fallback)
{
	const char *value = g_hash_table_lookup(step->values, key);

	return value ? value : fallback;
}

static double number_of(const struct step *step, const char *key, double fallback)
{
	const char *value = g_hash_table_lookup(step->values, key);

	return value ? g_ascii_strtod(value, NULL) : fallback;
}

static int truth_of(const struct step *step, const char *key, int fallback)
{
	return strcmp(text_of(step, key, fallback ? "true" : "false"), "true") == 0;
}

/* "R G B" of the picture's own depth, or zero. */
static VipsArrayDouble *background_of(const struct step *step)
{
	VipsArrayDouble *background;
	double levels[8] = {0};
	int count = 0;
	char *copy = g_strdup(text_of(step, "background", "0"));

	for (char *word = strtok(copy, " "); word && count < 8; word = strtok(NULL, " "))
		levels[count++] = g_ascii_strtod(word, NULL);
	g_free(copy);
	background = vips_array_double_new(levels, count);
	return background;
}

/* Where pixels are mixed, colours are weighed by alpha: premultiply, the operation, unpremultiply, cast. */
static int mixes(VipsImage *in, const struct step *step)
{
	return vips_image_hasalpha(in) && truth_of(step, "premultiply", 1);
}

/* Takes in. */
static VipsImage *plain_again(VipsImage *in, VipsBandFormat format)
{
	VipsImage *plain = NULL, *out = NULL;

	check(vips_unpremultiply(in, &plain, NULL) || vips_cast(plain, &out, format, NULL), "unpremultiply");
	g_object_unref(in);
	g_object_unref(plain);
	return out;
}

static VipsImage *blur(VipsImage *in, const struct step *step)
{
	VipsImage *weighed = NULL, *out = NULL;

	check(mixes(in, step) ? vips_premultiply(in, &weighed, NULL) : vips_copy(in, &weighed, NULL), "blur");
	check(vips_gaussblur(weighed, &out, number_of(step, "sigma", 1.5), "min_ampl",
		      number_of(step, "min_amplitude", 0.2), NULL),
		"blur");
	g_object_unref(weighed);
	return mixes(in, step) ? plain_again(out, in->BandFmt) : out;
}

static VipsImage *resize(VipsImage *in, const struct step *step)
{
	const char *fit = text_of(step, "fit", "inside");
	double width = number_of(step, "width", 0), height = number_of(step, "height", 0);
	double across = width / in->Xsize, down = height / in->Ysize;
	VipsImage *weighed = NULL, *sized = NULL, *out = NULL;

	if (g_hash_table_contains(step->values, "scale"))
		across = down = number_of(step, "scale", 1);
	else if (width == 0)
		across = down;
	else if (height == 0)
		down = across;
	else if (strcmp(fit, "inside") == 0 || strcmp(fit, "contain") == 0)
		across = down = across < down ? across : down;
	else if (strcmp(fit, "fill") != 0)
		across = down = across > down ? across : down;
	if (truth_of(step, "without_enlargement", 0)) {
		across = across > 1 ? 1 : across;
		down = down > 1 ? 1 : down;
	}
	int mixed = mixes(in, step) && (across != 1 || down != 1) &&
		    strcmp(text_of(step, "kernel", "lanczos3"), "nearest") != 0;
	check(mixed ? vips_premultiply(in, &weighed, NULL) : vips_copy(in, &weighed, NULL), "resize");
	check(vips_resize(weighed, &sized, across, "vscale", down, "kernel",
		      vips_enum_from_nick("reference", VIPS_TYPE_KERNEL, text_of(step, "kernel", "lanczos3")), NULL),
		"resize");
	g_object_unref(weighed);
	if (mixed)
		sized = plain_again(sized, in->BandFmt);
	if (strcmp(fit, "cover") == 0) {
		int w = sized->Xsize < width ? sized->Xsize : (int)width;
		int h = sized->Ysize < height ? sized->Ysize : (int)height;
		check(vips_crop(sized, &out, (sized->Xsize - w) / 2, (sized->Ysize - h) / 2, w, h, NULL), "crop");
	} else if (strcmp(fit, "contain") == 0) {
		VipsArrayDouble *background = background_of(step);
		check(vips_embed(sized, &out, ((int)width - sized->Xsize) / 2, ((int)height - sized->Ysize) / 2,
			      (int)width, (int)height, "extend", VIPS_EXTEND_BACKGROUND, "background", background,
			      NULL),
			"embed");
		vips_area_unref(VIPS_AREA(background));
	} else {
		return sized;
	}
	g_object_unref(sized);
	return out;
}

/* Of the file when in is NULL. */
static VipsImage *thumbnail(const char *path, VipsImage *in, const struct step *step)
{
	const char *fit = text_of(step, "fit", "inside");
	int width = (int)number_of(step, "width", VIPS_MAX_COORD),
	    height = (int)number_of(step, "height", VIPS_MAX_COORD);
	int size = strcmp(fit, "fill") == 0                   ? VIPS_SIZE_FORCE
		   : truth_of(step, "without_enlargement", 0) ? VIPS_SIZE_DOWN
							      : VIPS_SIZE_BOTH;
	int crop = strcmp(fit, "cover") == 0 ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE;
	int no_rotate = truth_of(step, "no_rotate", 0);
	VipsImage *out = NULL;

	if (in)
		check(vips_thumbnail_image(in, &out, width, "height", height, "size", size, "crop", crop, "no_rotate",
			      no_rotate, NULL),
			"thumbnail_image");
	else
		check(vips_thumbnail(path, &out, width, "height", height, "size", size, "crop", crop, "no_rotate",
			      no_rotate, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL),
			"thumbnail");
	return out;
}

static VipsImage *rotate(VipsImage *in, const struct step *step)
{
	double angle = number_of(step, "angle", 0);
	int quarters = (int)floor(angle / 90);
	VipsImage *out = NULL;

	if (quarters * 90.0 == angle) {
		check(vips_rot(in, &out, (VipsAngle)(((quarters % 4) + 4) % 4), NULL), "rot");
		return out;
	}
	VipsArrayDouble *background = background_of(step);
	check(vips_rotate(in, &out, angle < 0 ? angle + 360 : angle, "background", background, NULL), "rotate");
	vips_area_unref(VIPS_AREA(background));
	return out;
}

static VipsImage *invert(VipsImage *in, const struct step *step)
{
	VipsImage *bands[3] = {NULL, NULL, NULL}, *out = NULL;

	if (truth_of(step, "alpha", 1) || !vips_image_hasalpha(in)) {
		check(vips_invert(in, &out, NULL), "invert");
		return out;
	}
	check(vips_extract_band(in, &bands[0], 0, "n", in->Bands - 1, NULL), "extract_band");
	check(vips_invert(bands[0], &bands[1], NULL), "invert");
	check(vips_extract_band(in, &bands[2], in->Bands - 1, NULL), "extract_band");
	check(vips_bandjoin(&bands[1], &out, 2, NULL), "bandjoin");
	for (int i = 0; i < 3; i++)
		g_object_unref(bands[i]);
	return out;
}

/* In LCh, beside alpha. */
static VipsImage *modulate(VipsImage *in, const struct step *step)
{
	double a[] = {number_of(step, "brightness", 1), number_of(step, "saturation", 1), 1};
	double b[] = {number_of(step, "lightness", 0), 0, number_of(step, "hue", 0)};
	int colours = vips_image_hasalpha(in) ? in->Bands - 1 : in->Bands;
	VipsImage *t[5] = {NULL}, *out = NULL;

	check(vips_extract_band(in, &t[0], 0, "n", colours, NULL), "extract_band");
	check(vips_colourspace(t[0], &t[1], VIPS_INTERPRETATION_LCH, NULL), "colourspace");
	check(vips_linear(t[1], &t[2], a, b, 3, NULL), "linear");
	check(vips_colourspace(t[2], &t[3], vips_image_guess_interpretation(in), NULL), "colourspace");
	if (colours == in->Bands) {
		check(vips_copy(t[3], &out, NULL), "copy");
	} else {
		check(vips_extract_band(in, &t[4], colours, NULL), "extract_band");
		check(vips_bandjoin2(t[3], t[4], &out, NULL), "bandjoin");
	}
	for (int i = 0; i < 5; i++)
		if (t[i])
			g_object_unref(t[i]);
	return out;
}

static VipsImage *any(VipsImage *in, const struct step *step)
{
	VipsOperation *operation = vips_operation_new(text_of(step, "operation", ""));
	GHashTableIter iter;
	gpointer key, value;
	VipsImage *out = NULL;

	if (!operation)
		die("vips");
	/* crop and its like call it input */
	const char *name = g_object_class_find_property(G_OBJECT_GET_CLASS(operation), "in") ? "in" : "input";
	g_object_set(operation, name, in, NULL);
	g_hash_table_iter_init(&iter, step->values);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (strcmp(key, "operation") != 0)
			check(vips_object_set_argument_from_string(VIPS_OBJECT(operation), key, value), key);
	check(vips_cache_operation_buildp(&operation), "vips");
	g_object_get(operation, "out", &out, NULL);
	vips_object_unref_outputs(VIPS_OBJECT(operation));
	g_object_unref(operation);
	return out;
}

static VipsImage *apply(VipsImage *in, const struct step *step)
{
	const char *name = step->name;
	VipsImage *out = NULL;

	if (strcmp(name, "grayscale") == 0)
		check(vips_colourspace(in, &out,
			      in->BandFmt == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W,
			      NULL),
			name);
	else if (strcmp(name, "blur") == 0)
		return blur(in, step);
	else if (strcmp(name, "sharpen") == 0)
		check(vips_sharpen(in, &out, "sigma", number_of(step, "sigma", 0.5), "x1", number_of(step, "x1", 2),
			      "y2", number_of(step, "y2", 10), "y3", number_of(step, "y3", 20), "m1",
			      number_of(step, "m1", 0), "m2", number_of(step, "m2", 3), NULL),
			name);
	else if (strcmp(name, "resize") == 0)
		return resize(in, step);
	else if (strcmp(name, "thumbnail") == 0)
		return thumbnail(NULL, in, step);
	else if (strcmp(name, "auto_orient") == 0)
		check(vips_autorot(in, &out, NULL), name);
	else if (strcmp(name, "rotate") == 0)
		return rotate(in, step);
	else if (strcmp(name, "flip") == 0)
		check(vips_flip(in, &out, VIPS_DIRECTION_VERTICAL, NULL), name);
	else if (strcmp(name, "flop") == 0)
		check(vips_flip(in, &out, VIPS_DIRECTION_HORIZONTAL, NULL), name);
	else if (strcmp(name, "crop") == 0)
		check(vips_crop(in, &out, (int)number_of(step, "left", 0), (int)number_of(step, "top", 0),
			      (int)number_of(step, "width", 0), (int)number_of(step, "height", 0), NULL),
			name);
	else if (strcmp(name, "invert") == 0)
		return invert(in, step);
	else if (strcmp(name, "modulate") == 0)
		return modulate(in, step);
	else if (strcmp(name, "vips") == 0)
		return any(in, step);
	else
		die(name);
	return out;
}

static void write_raw(VipsImage *image, const char *path)
{
	size_t length;
	void *pixels = vips_image_write_to_memory(image, &length);
	FILE *file = fopen(path, "wb");

	if (!pixels || !file)
		die(path);
	fprintf(file, "%d %d %d %s %s\n", image->Xsize, image->Ysize, image->Bands,
		vips_enum_nick(VIPS_TYPE_BAND_FORMAT, image->BandFmt),
		vips_enum_nick(VIPS_TYPE_INTERPRETATION, image->Type));
	if (fwrite(pixels, 1, length, file) != length || fclose(file))
		die(path);
	g_free(pixels);
}

/* From libvips 8.15 on sobel makes 8 bits of 16 and leaves the tag for 16, which the PNG saver refuses. The pixels stay. */
static VipsImage *with_tag_that_fits(VipsImage *image)
{
	VipsImage *out = NULL;

	if (image->BandFmt != VIPS_FORMAT_UCHAR ||
		(image->Type != VIPS_INTERPRETATION_RGB16 && image->Type != VIPS_INTERPRETATION_GREY16))
		return image;
	check(vips_copy(image, &out, "interpretation", vips_image_guess_interpretation(image), NULL), "tag");
	g_object_unref(image);
	return out;
}

static void write_file(VipsImage *image, const char *path, int quality, int strip)
{
	if (quality)
		check(vips_image_write_to_file(image, path, "Q", quality, "strip", strip, NULL), path);
	else
		check(vips_image_write_to_file(image, path, "strip", strip, NULL), path);
}

int main(int argc, char **argv)
{
	int quality = 0, strip = 0, raw = 0, threads = 0;
	const GOptionEntry entries[] = {
		{"quality", 0, 0, G_OPTION_ARG_INT, &quality, "of the output", "N"},
		{"strip", 0, 0, G_OPTION_ARG_NONE, &strip, "no metadata", NULL},
		{"raw", 0, 0, G_OPTION_ARG_NONE, &raw, "a line of geometry and the pixels", NULL},
		{"threads", 0, 0, G_OPTION_ARG_INT, &threads, "of libvips", "N"},
		{.long_name = NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new("IN OUT [STEP...]");
	g_autoptr(GError) error = NULL;

	check(VIPS_INIT(argv[0]), "libvips");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc < 3) {
		fprintf(stderr, "reference: %s\n", error ? error->message : "IN OUT [STEP...]");
		return 2;
	}
	if (threads)
		vips_concurrency_set(threads);
	VipsImage *image = NULL;
	for (int i = 3; i < argc; i++) {
		struct step step = parse(argv[i]);
		VipsImage *next;
		if (i == 3 && strcmp(step.name, "thumbnail") == 0) {
			next = thumbnail(argv[1], NULL, &step);
		} else {
			if (!image &&
				!(image = vips_image_new_from_file(argv[1], "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL)))
				die(argv[1]);
			next = apply(image, &step);
		}
		g_hash_table_unref(step.values);
		g_clear_object(&image);
		image = next;
	}
	if (!image && !(image = vips_image_new_from_file(argv[1], "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL)))
		die(argv[1]);
	if (raw) {
		write_raw(image, argv[2]);
	} else {
		image = with_tag_that_fits(image);
		write_file(image, argv[2], quality, strip);
	}
	g_object_unref(image);
	vips_shutdown();
	return 0;
}
