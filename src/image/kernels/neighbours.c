/* SPDX-License-Identifier: GPL-2.0-or-later
 * What filters share: see neighbours.h. */
#include "image/kernels/neighbours.h"

#include "base/error.h"
#include "image/kernels/alpha.h"
#include "image/kernels/tone_support.h"
#include "image/table/params.h"
#include "image/table/vips_error.h"

bool filter_takes(VipsImage *in, GError **error)
{
	if (in->Coding != VIPS_CODING_NONE || (in->BandFmt != VIPS_FORMAT_UCHAR && in->BandFmt != VIPS_FORMAT_USHORT))
		return fail(error, ERROR_INPUT,
			"it works on 8 and 16 bits a band, this picture has %s; put a step before it: colourspace: srgb",
			in->Coding != VIPS_CODING_NONE ? "packed pixels"
						       : vips_enum_nick(VIPS_TYPE_BAND_FORMAT, in->BandFmt));
	return true;
}

double filter_most(VipsImage *in)
{
	return in->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;
}

bool filter_bands(VipsImage *in, colour_filter filter, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) made = NULL, whole = NULL;

	/* Premultiplied colours are fractions, and stay so. */
	if (alpha_is_premultiplied(in) && in->BandFmt == VIPS_FORMAT_FLOAT)
		return filter(in, args, out, error);
	if (!filter_takes(in, error) || !filter(in, args, &made, error) ||
		!tone_support_round(made, in->BandFmt, &whole, error))
		return false;
	return vips_copy(whole, out, "interpretation", in->Type, NULL) == 0 || vips_failed(error, NULL);
}

bool filter_colours(VipsImage *in, colour_filter filter, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) bands = NULL, colours = NULL, alpha = NULL, made = NULL, joined = NULL;

	if (!vips_image_hasalpha(in))
		return filter_bands(in, filter, args, out, error);
	if (!filter_takes(in, error))
		return false;
	if (vips_extract_band(in, &bands, 0, "n", in->Bands - 1, NULL) ||
		vips_copy(bands, &colours, "interpretation", in->Type, NULL) ||
		vips_extract_band(in, &alpha, in->Bands - 1, NULL))
		return vips_failed(error, NULL);
	if (!filter_bands(colours, filter, args, &made, error))
		return false;
	if (vips_bandjoin2(made, alpha, &joined, NULL) || vips_copy(joined, out, "interpretation", in->Type, NULL))
		return vips_failed(error, NULL);
	return true;
}

struct sequence {
	VipsRegion *in;
	void *scratch;
};

static void *start(VipsImage *out, void *a, void *b)
{
	const struct window *window = b;
	struct sequence *sequence = g_new0(struct sequence, 1);

	(void)out;
	sequence->in = vips_region_new(a);
	sequence->scratch = window->scratch_bytes ? g_malloc0(window->scratch_bytes) : NULL;
	return sequence;
}

static int stop(void *value, void *a, void *b)
{
	struct sequence *sequence = value;

	(void)a;
	(void)b;
	g_clear_object(&sequence->in);
	g_free(sequence->scratch);
	g_free(sequence);
	return 0;
}

static int generate(VipsRegion *out, void *value, void *a, void *b, gboolean *stopped)
{
	struct sequence *sequence = value;
	const struct window *window = b;
	VipsRect need = out->valid;

	(void)a;
	(void)stopped;
	need.width += window->width - 1;
	need.height += window->height - 1;
	if (vips_region_prepare(sequence->in, &need))
		return -1;
	window->fill(out, sequence->in, sequence->scratch, window->data);
	return 0;
}

/* What the generate function reads lives as long as the image. */
static struct window *keep(VipsImage *image, const struct window *window)
{
	struct window *kept = g_memdup2(window, sizeof *window);

	g_object_set_data_full(G_OBJECT(image), "dropmill-window", kept, g_free);
	if (window->data_bytes) {
		void *data = g_memdup2(window->data, window->data_bytes);
		kept->data = data;
		g_object_set_data_full(G_OBJECT(image), "dropmill-window-data", data, g_free);
	}
	return kept;
}

bool window_run(VipsImage *in, const struct window *window, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) wide = NULL;

	if (vips_embed(in, &wide, window->width / 2, window->height / 2, in->Xsize + window->width - 1,
		    in->Ysize + window->height - 1, "extend", VIPS_EXTEND_COPY, NULL))
		return vips_failed(error, NULL);
	g_autoptr(VipsImage) image = vips_image_new();
	if (vips_image_pipelinev(image, VIPS_DEMAND_STYLE_FATSTRIP, wide, NULL))
		return vips_failed(error, NULL);
	image->Xsize = in->Xsize;
	image->Ysize = in->Ysize;
	image->Xoffset = 0;
	image->Yoffset = 0;
	if (vips_image_generate(image, start, generate, stop, wide, keep(image, window)))
		return vips_failed(error, NULL);
	vips_reorder_margin_hint(image, window->width * window->height);
	/* Linking images does not keep them. */
	g_object_set_data_full(G_OBJECT(image), "dropmill-wide", g_steal_pointer(&wide), g_object_unref);
	*out = g_steal_pointer(&image);
	return true;
}
