/* SPDX-License-Identifier: GPL-2.0-or-later
 * Colour spaces: by rule (colourspace), and as profiles describe them (icc). */
#include <errno.h>
#include <unistd.h>

#include "base/disk/io.h"
#include "base/error.h"
#include "image/operations/groups.h"
#include "image/read/profile.h"
#include "image/table/vips_error.h"

static bool to_space(VipsImage *in, const void *data, VipsImage **out, GError **error)
{
	VipsInterpretation space = *(const VipsInterpretation *)data;
	g_autoptr(VipsImage) converted = NULL;
	bool was_cmyk = vips_image_guess_interpretation(in) == VIPS_INTERPRETATION_CMYK;

	if (vips_colourspace(in, &converted, space, NULL) || vips_copy(converted, out, NULL))
		return vips_failed(error, NULL);
	/* libvips leaves the profile of the CMYK on what is no longer CMYK. */
	if (was_cmyk && space != VIPS_INTERPRETATION_CMYK)
		vips_image_remove(*out, VIPS_META_ICC_NAME);
	return true;
}

static const char *const spaces[] = {
	"srgb", "rgb16", "b-w", "grey16", "cmyk", "lab", "lch", "hsv", "scrgb", "xyz", "yxy", "labs", "cmc", NULL};

static bool build_colourspace(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	const char *name = param_string(args, "space");
	int space = vips_enum_from_nick("colourspace", VIPS_TYPE_INTERPRETATION, name ? name : "");

	if (space < 0)
		return vips_failed(error, NULL);
	VipsInterpretation wanted = space;
	return profile_convert_colours(in, to_space, &wanted, out, error);
}

/* libvips takes profiles by file name. The bytes of a definition's file are in memory here, because the worker may be
 * on another machine. They have a name only while the graph is built: libvips reads them then. */
struct lent_file {
	int fd;
	char *name; /* NULL: nothing was lent */
};

static bool lend(JsonObject *asset, struct lent_file *file, GError **error)
{
	g_autoptr(GBytes) bytes = asset_bytes(asset, error);
	gsize length;

	if (!bytes)
		return false;
	const char *data = g_bytes_get_data(bytes, &length);
	file->fd = io_memory_file("profile", data, length);
	if (file->fd < 0)
		return fail(error, ERROR_RETRY, "memory for a profile: %s", g_strerror(errno));
	file->name = g_strdup_printf("/proc/self/fd/%d", file->fd);
	return true;
}

static void take_back(struct lent_file *file)
{
	if (!file->name)
		return;
	close(file->fd);
	g_clear_pointer(&file->name, g_free);
}

struct icc {
	const char *profile, *input; /* names for libvips; input NULL: its own guess */
	VipsIntent intent;
	bool black_point;
};

static int named_bands(const char *name)
{
	VipsBlob *blob = NULL;
	gsize length;

	if (!name || vips_profile_load(name, &blob, NULL)) {
		vips_error_clear();
		return 0;
	}
	const void *data = vips_blob_get(blob, &length);
	int bands = profile_bands(data, length);
	vips_area_unref(VIPS_AREA(blob));
	return bands;
}

/* To colours that some profile describes: those of the picture's, else of input, else RGB by rule. libvips would take a profile of
 * fewer bands for a fitting one. */
static bool prepare(VipsImage *in, const char *input, VipsImage **out, GError **error)
{
	VipsInterpretation space = vips_image_guess_interpretation(in);
	VipsInterpretation rgb =
		in->BandFmt == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
	bool grey = profile_colours_in(space) == 1 && in->Bands == 1;
	bool described = grey ? profile_embedded_bands(in) == 1 || named_bands(input) == 1
			      : space == VIPS_INTERPRETATION_CMYK || space == VIPS_INTERPRETATION_sRGB ||
					 space == VIPS_INTERPRETATION_RGB || space == VIPS_INTERPRETATION_RGB16;
	g_autoptr(VipsImage) converted = NULL;

	if (!described && vips_colourspace(in, &converted, rgb, NULL))
		return vips_failed(error, NULL);
	if (vips_copy(described ? in : converted, out, NULL))
		return vips_failed(error, NULL);
	if (profile_embedded_bands(*out) != (*out)->Bands)
		vips_image_remove(*out, VIPS_META_ICC_NAME);
	return true;
}

/* Takes libvips' words. Where the picture's own profile is what fails, the error says so. */
static bool fail_transform(VipsImage *in, GError **error)
{
	GError *cause = NULL;

	vips_failed(&cause, NULL);
	if (error_kind(cause) != ERROR_INPUT || profile_works(in))
		return g_propagate_error(error, cause), false;
	fail(error, ERROR_INPUT,
		"the picture's own colour profile is damaged (%s); to go on as if it had none, add "
		"strip: {keep_colours: raw} before this step",
		cause->message);
	g_error_free(cause);
	return false;
}

static bool transform(VipsImage *in, const void *data, VipsImage **out, GError **error)
{
	const struct icc *icc = data;
	g_autoptr(VipsImage) ready = NULL;
	int depth = in->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;

	if (!prepare(in, icc->input, &ready, error))
		return false;
	bool fits = named_bands(icc->input) == ready->Bands;
	int failed = fits ? vips_icc_transform(ready, out, icc->profile, "embedded", TRUE, "intent", icc->intent,
				    "black_point_compensation", icc->black_point, "depth", depth, "input_profile",
				    icc->input, NULL)
			  : vips_icc_transform(ready, out, icc->profile, "embedded", TRUE, "intent", icc->intent,
				    "black_point_compensation", icc->black_point, "depth", depth, NULL);
	return !failed || fail_transform(ready, error);
}

static bool build_icc(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	JsonObject *file = param_asset(args, "file"), *input_file = param_asset(args, "input_file");
	struct lent_file lent = {0}, lent_input = {0};
	int intent = vips_enum_from_nick("icc", VIPS_TYPE_INTENT, param_string(args, "intent"));

	if (intent < 0)
		return vips_failed(error, NULL);
	bool ok = (!file || lend(file, &lent, error)) && (!input_file || lend(input_file, &lent_input, error));
	if (ok) {
		const struct icc icc = {
			.profile = lent.name ? lent.name : param_string(args, "profile"),
			.input = lent_input.name ? lent_input.name : param_string(args, "input"),
			.intent = intent,
			.black_point = param_bool(args, "black_point_compensation"),
		};
		ok = profile_convert_colours(in, transform, &icc, out, error);
	}
	take_back(&lent);
	take_back(&lent_input);
	return ok;
}

static bool check_icc(const struct args *args, GError **error)
{
	if (param_given(args, "profile") && param_given(args, "file"))
		return fail(error, ERROR_INPUT, "give profile or file, not both");
	return !param_given(args, "input") || !param_given(args, "input_file") ||
	       fail(error, ERROR_INPUT, "give input or input_file, not both");
}

const struct operation colour_space_operations[] = {
	{
		.name = "colourspace",
		.aliases = NAMES("colorspace", "to_colourspace", "to_colorspace"),
		.group = "colour",
		.summary =
			"Converts to another colour space by rule: libvips' colourspace, with alpha in the new depth. RGB is treated "
			"as sRGB and CMYK as libvips' own, whatever profile the picture has (icc reads profiles).",
		.params = PARAMS(CHOICE_PARAM("space", spaces, NULL,
			"srgb, b-w and cmyk have 8 bits a band, rgb16 and grey16 16 bits, hsv 8 bits, the others floating "
			"point",
			.required = true)),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_colourspace,
	},
	{
		.name = "icc",
		.aliases = NAMES("icc_transform", "profile", "to_profile", "convert_profile", "with_icc_profile"),
		.group = "colour",
		.summary =
			"To the colours of a profile, which is embedded in the picture, from its embedded profile: libvips' "
			"icc_transform; alpha is left alone.",
		.params = PARAMS(CHOICE_PARAM("profile", NAMES("srgb", "p3", "cmyk"), "srgb", "one of libvips' own"),
			{.name = "file",
				.type = PARAM_ASSET,
				.asset = ASSET_PROFILE,
				.help = "an ICC profile, instead of profile"},
			CHOICE_PARAM("intent", NAMES("perceptual", "relative", "saturation", "absolute"), "relative",
				"what becomes of colours that the profile does not have"),
			BOOL_PARAM("black_point_compensation", "false",
				"black to black, so that shadows keep their detail", .aliases = NAMES("bpc")),
			CHOICE_PARAM("input", NAMES("srgb", "p3", "cmyk"), NULL,
				"the profile assumed for a picture without a (fitting) one; default: sRGB, or cmyk for CMYK"),
			{.name = "input_file",
				.type = PARAM_ASSET,
				.asset = ASSET_PROFILE,
				.help = "an ICC profile, instead of input"}),
		.flags = OPERATION_SEQUENTIAL | OPERATION_READS_PROFILE,
		.check = check_icc,
		.build = build_icc,
	},
	{.name = NULL},
};
