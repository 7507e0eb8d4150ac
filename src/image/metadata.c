/* SPDX-License-Identifier: GPL-2.0-or-later
 * What is known of a picture besides its pixels: strip, keep, density. No pixel changes; the codec's own header is what an
 * encoder writes, so a worker that has no metadata computes the same. */
#include "base/error.h"
#include "base/json.h"
#include "image/groups.h"
#include "image/vips_error.h"

/* What kind of metadata a field of libvips belongs to; a name that ends in - stands for all that begin so. Fields that are not
 * listed tell how pixels were kept or shall be shown (pages, delays, bits), and stay. */
static const struct field {
	const char *name, *kind;
} fields[] = {
	{VIPS_META_EXIF_NAME, "exif"},
	{"exif-", "exif"},
	{"jpeg-thumbnail-data", "exif"},
	{VIPS_META_ICC_NAME, "icc"},
	{VIPS_META_XMP_NAME, "xmp"},
	{VIPS_META_IPTC_NAME, "iptc"},
	{VIPS_META_PHOTOSHOP_NAME, "iptc"},
	{VIPS_META_ORIENTATION, "orientation"},
	{VIPS_META_IMAGEDESCRIPTION, "comments"},
	{"png-comment-", "comments"},
	{"gif-comment", "comments"},
};

static const char *kind_of_field(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (g_str_has_suffix(fields[i].name, "-") ? g_str_has_prefix(name, fields[i].name)
							  : g_str_equal(name, fields[i].name))
			return fields[i].kind;
	return NULL;
}

static bool holds(JsonArray *words, const char *word)
{
	for (guint i = 0; words && i < json_array_get_length(words); i++) {
		JsonNode *node = json_array_get_element(words, i);
		if (JSON_NODE_HOLDS_VALUE(node) && g_strcmp0(json_node_get_string(node), word) == 0)
			return true;
	}
	return false;
}

static bool keep_only(VipsImage *in, JsonArray *kept, VipsImage **out, GError **error)
{
	if (vips_copy(in, out, NULL)) /* has a list of fields of its own */
		return vips_failed(error, NULL);
	g_auto(GStrv) names = vips_image_get_fields(*out);
	for (char **name = names; *name; name++) {
		const char *kind = kind_of_field(*name);
		if (kind && !holds(kept, kind))
			vips_image_remove(*out, *name);
	}
	return true;
}

static bool build_strip(VipsImage *in, JsonObject *params, VipsImage **out, GError **error)
{
	return keep_only(in, json_array(params, "keep"), out, error);
}

static bool build_keep(VipsImage *in, JsonObject *params, VipsImage **out, GError **error)
{
	return keep_only(in, json_array(params, "metadata"), out, error);
}

static bool build_density(VipsImage *in, JsonObject *params, VipsImage **out, GError **error)
{
	const struct operation *self = operation_find("density");
	const char *unit = param_string(self, params, "unit");
	bool inch = g_str_equal(unit, "inch");
	double x = param_double(self, params, "x"), y = param_given(params, "y") ? param_double(self, params, "y") : x;
	double per_mm = inch ? 1 / 25.4 : 0.1;

	if (vips_copy(in, out, "xres", x * per_mm, "yres", y * per_mm, NULL))
		return vips_failed(error, NULL);
	/* What savers write the numbers in. */
	vips_image_set_string(*out, VIPS_META_RESOLUTION_UNIT, inch ? "in" : "cm");
	return true;
}

#define KINDS NAMES("exif", "icc", "xmp", "iptc", "orientation", "comments")
#define PER(NAME, HELP, REQUIRED, ...)                                                                                 \
	{                                                                                                              \
		.name = NAME, .type = PARAM_DOUBLE, .unit = "px per unit", .min = 0.01, .max = 100000,                 \
		.required = REQUIRED, .aliases = NAMES(__VA_ARGS__), .help = HELP                                      \
	}

const struct operation metadata_operations[] = {
	{
		.name = "strip",
		.aliases = NAMES("strip_metadata", "remove_metadata"),
		.group = "metadata",
		.summary =
			"Removes metadata and changes no pixel: without its orientation tag or its profile a picture is shown "
			"as it lies in the file, so auto_orient and icc go before it.",
		.params = PARAMS({.name = "keep",
			.type = PARAM_CHOICES,
			.choices = KINDS,
			.help = "what stays; default: nothing but density and what belongs to pages"}),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_strip,
	},
	{
		.name = "keep",
		.aliases = NAMES("keep_metadata", "with_metadata"),
		.group = "metadata",
		.summary = "Removes all metadata but these, and changes no pixel; see strip.",
		.params = PARAMS({.name = "metadata",
			.type = PARAM_CHOICES,
			.choices = KINDS,
			.required = true,
			.help = "what stays, such as [icc, exif]"}),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_keep,
	},
	{
		.name = "density",
		.aliases = NAMES("dpi", "resolution"),
		.group = "metadata",
		.summary = "Says how large the picture is to be printed; its pixels stay as they are.",
		.params = PARAMS(PER("x", "pixels across an inch or centimetre", true, "density", "dpi", "xres"),
			PER("y", "pixels down; default: x", false, "yres"),
			{.name = "unit",
				.type = PARAM_CHOICE,
				.fallback = "inch",
				.choices = NAMES("inch", "cm"),
				.aliases = NAMES("units"),
				.help = "that the numbers go by"}),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_density,
	},
	{.name = NULL},
};
