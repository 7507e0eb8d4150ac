/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a definition's chain makes of a whole picture: the measure for chains that tests/reference.c does not know. Unlike that one it
 * builds the chain with src/image; what it leaves out is everything that cuts, sends and puts together. The source is opened
 * for random access, all of the picture is one graph, and libvips' own sink evaluates it with one thread.
 *
 *     chain make      lines of DEFINITION \t SOURCE \t NAME \t OUT: the first output that DEFINITION makes of SOURCE, called NAME
 *                     when dropped, into OUT. Answers a line each: "ok WIDTH HEIGHT BANDS FORMAT", "invalid WHY" (the
 *                     definition), "failed WHY" (the chain on this picture), "large WHY" (a test cannot wait for it).
 *     chain compare   lines of GOT \t WANTED. Answers "same", or "differ HOW": of the decoded pixels, or their geometry.
 *
 * Lines come on standard input; each is answered before the next is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "definition/reader/definition.h"
#include "definition/template/template.h"
#include "image/chain/chain.h"
#include "image/describe/check_step.h"
#include "image/operations/operations.h"
#include "image/read/format.h"
#include "image/table/vips_error.h"
#include "image/write/format_save.h"

/* No image of a chain is larger: a step that enlarges before one that shrinks would take minutes. */
#define MOST_PIXELS (20 * 1000 * 1000)

static void answer(const char *word, const char *text)
{
	g_autofree char *line = g_strdelimit(g_strdup(text ? text : ""), "\n\r", ' ');

	printf("%s %s\n", word, line);
	fflush(stdout);
}

/* One step after the other, so that none is built on an image that is too large already. False with "large" or an error. */
static bool build(JsonArray *steps, const char *path, const char *name, const char *pipeline, VipsImage **out,
	bool *large, GError **error)
{
	g_autoptr(JsonObject) names = template_names(name, pipeline, g_get_real_time());
	const struct build_context context = {.names = names, .source_path = path};
	g_autoptr(VipsImage) image = NULL;
	guint first = 0, count = json_array_get_length(steps);

	if (!format_open(path, NULL, false, NULL, &image, error))
		return false;
	if (count && chain_flags(steps) & OPERATION_LOADS) {
		JsonObject *step = json_object_at(steps, 0);
		g_clear_object(&image);
		const struct operation *loader = operation_find(json_string(step, "op", ""));
		const struct args args = {loader->params, json_object(step, "params")};
		if (!loader->load(&context, &args, &image, error))
			return false;
		first = 1;
	}
	for (guint i = first; i < count; i++) {
		g_autoptr(JsonArray) one = json_array_new();
		VipsImage *next = NULL;
		json_array_add_element(one, json_array_dup_element(steps, i));
		if (!chain_build(one, 0, image, &context, &next, error))
			return false;
		g_object_unref(image);
		image = next;
		*large = (gint64)image->Xsize * image->Ysize > MOST_PIXELS;
		if (*large)
			return fail(error, ERROR_INPUT, "%d x %d after step %u", image->Xsize, image->Ysize, i + 1);
	}
	*out = g_steal_pointer(&image);
	return true;
}

static void make(const char *definition, const char *source, const char *name, const char *out)
{
	auto_struct(diagnostics) errors = diagnostics_new(definition);
	auto_struct(pipeline) pipeline = definition_read(definition, &image_step_rules, errors);
	g_autoptr(GError) error = NULL;
	g_autoptr(VipsImage) image = NULL;
	bool large = false;

	if (!pipeline) {
		g_autofree char *text = diagnostics_text(errors);
		answer("invalid", text);
		return;
	}
	const struct output *output = g_ptr_array_index(pipeline->outputs, 0);
	g_autoptr(JsonArray) steps = steps_to_json(pipeline->steps, output->steps);
	if (!build(steps, source, name, pipeline->name, &image, &large, &error) ||
		!format_save(image, out, output->format ? output->format : "png", output->save, &error)) {
		answer(large ? "large" : "failed", error->message);
		return;
	}
	g_autofree char *text = g_strdup_printf("%d %d %d %s", image->Xsize, image->Ysize, image->Bands,
		vips_enum_nick(VIPS_TYPE_BAND_FORMAT, image->BandFmt));
	answer("ok", text);
}

/* Where two pictures of one geometry differ first, and how much. NULL when they do not. */
static char *difference(VipsImage *a, VipsImage *b, const guint8 *one, const guint8 *other, gsize length)
{
	gsize line = VIPS_IMAGE_SIZEOF_LINE(a), pixel = VIPS_IMAGE_SIZEOF_PEL(a), count = 0, first = 0;
	gsize left = G_MAXSIZE, right = 0, bottom = 0;

	(void)b;
	for (gsize i = 0; i < length; i++)
		if (one[i] != other[i]) {
			gsize x = i % line / pixel;
			first = count++ ? first : i;
			left = MIN(left, x);
			right = MAX(right, x);
			bottom = i / line;
		}
	return count ? g_strdup_printf(
			       "%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
			       " bytes, first at %zu,%zu: %d, not %d; all within columns %zu to %zu, rows %zu to %zu",
			       count, length, first % line / pixel, first / line, one[first], other[first], left, right,
			       first / line, bottom)
		     : NULL;
}

static void compare(const char *got, const char *wanted)
{
	g_autoptr(VipsImage) a = NULL;
	g_autoptr(VipsImage) b = NULL;
	g_autoptr(GError) error = NULL;
	gsize a_length = 0, b_length = 0;

	if (!format_open(got, NULL, false, NULL, &a, &error) || !format_open(wanted, NULL, false, NULL, &b, &error)) {
		answer("differ", error->message);
		return;
	}
	if (a->Xsize != b->Xsize || a->Ysize != b->Ysize || a->Bands != b->Bands || a->BandFmt != b->BandFmt ||
		a->Type != b->Type) {
		g_autofree char *text = g_strdup_printf("%d x %d, %d bands, %s %s; not %d x %d, %d bands, %s %s",
			a->Xsize, a->Ysize, a->Bands, vips_enum_nick(VIPS_TYPE_BAND_FORMAT, a->BandFmt),
			vips_enum_nick(VIPS_TYPE_INTERPRETATION, a->Type), b->Xsize, b->Ysize, b->Bands,
			vips_enum_nick(VIPS_TYPE_BAND_FORMAT, b->BandFmt),
			vips_enum_nick(VIPS_TYPE_INTERPRETATION, b->Type));
		answer("differ", text);
		return;
	}
	g_autofree guint8 *one = vips_image_write_to_memory(a, &a_length);
	g_autofree guint8 *other = vips_image_write_to_memory(b, &b_length);
	if (!one || !other) {
		vips_failed(&error, "decoding");
		answer("differ", error->message);
		return;
	}
	g_autofree char *text = difference(a, b, one, other, a_length);
	answer(text ? "differ" : "same", text);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	bool making = argc == 2 && strcmp(argv[1], "make") == 0;
	bool comparing = argc == 2 && strcmp(argv[1], "compare") == 0;
	guint wanted = making ? 4 : 2;
	char *line = NULL;
	size_t room = 0;

	if (!making && !comparing) {
		fprintf(stderr, "chain: make | compare\n");
		return 2;
	}
	if (!image_init("chain", 1, &error)) {
		fprintf(stderr, "chain: %s\n", error->message);
		return 1;
	}
	while (getline(&line, &room, stdin) > 0) {
		g_auto(GStrv) words = g_strsplit(g_strchomp(line), "\t", -1);
		if (g_strv_length(words) != wanted) {
			fprintf(stderr, "chain: %u words in a line, not %u\n", g_strv_length(words), wanted);
			return 2;
		}
		if (making)
			make(words[0], words[1], words[2], words[3]);
		else
			compare(words[0], words[1]);
	}
	free(line);
	return 0;
}
