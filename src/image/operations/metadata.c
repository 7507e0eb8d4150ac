/* SPDX-License-Identifier: GPL-2.0-or-later
 * Metadata of a picture: strip, keep, density. Pixels change only where a profile goes that they are seen by. The
 * codec's own header is what an encoder writes, so a worker that has no metadata but the profile computes the same. */
#include "base/error.h"
#include "base/json.h"
#include "image/operations/groups.h"
#include "image/read/profile.h"
#include "image/table/format_table.h"
#include "image/table/vips_error.h"

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

/* The words in this parameter stay; a profile that does not is applied first, unless the numbers are wanted. */
static bool keep_only(const char *parameter, VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	JsonArray *kept = json_array(args->given, parameter);
	bool raw = g_str_equal(param_string(args, "keep_colours"), "raw");

	if (holds(kept, "icc") || raw) {
		if (vips_copy(in, out, NULL)) /* has a list of fields of its own */
			return vips_failed(error, NULL);
	} else if (!profile_settle(in, out, error)) {
		return false;
	}
	g_auto(GStrv) names = vips_image_get_fields(*out);
	for (char **name = names; *name; name++) {
		const char *kind = kind_of_field(*name);
		if (kind && !holds(kept, kind))
			vips_image_remove(*out, *name);
	}
	return true;
}

static unsigned keeping_flags(const char *parameter, const struct args *args)
{
	bool raw = g_str_equal(param_string(args, "keep_colours"), "raw");

	return OPERATION_SEQUENTIAL |
	       (raw || holds(json_array(args->given, parameter), "icc") ? 0 : OPERATION_READS_PROFILE);
}

static unsigned strip_flags(const struct args *args)
{
	return keeping_flags("keep", args);
}

static bool build_strip(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return keep_only("keep", in, args, out, error);
}

static unsigned keep_flags(const struct args *args)
{
	return keeping_flags("metadata", args);
}

static bool build_keep(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return keep_only("metadata", in, args, out, error);
}

static bool build_density(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	const char *unit = param_string(args, "unit");
	bool inch = g_str_equal(unit, "inch");
	double x = param_double(args, "x"), y = param_given(args, "y") ? param_double(args, "y") : x;
	double per_mm = inch ? 1 / 25.4 : 0.1;

	if (vips_copy(in, out, "xres", x * per_mm, "yres", y * per_mm, NULL))
		return vips_failed(error, NULL);
	/* What savers write the numbers in. */
	vips_image_set_string(*out, VIPS_META_RESOLUTION_UNIT, inch ? "in" : "cm");
	return true;
}

#define KINDS NAMES("exif", "icc", "xmp", "iptc", "orientation", "comments")
#define KEEP_COLOURS                                                                                                   \
	CHOICE_PARAM("keep_colours", keep_colours_values, "seen",                                                      \
		"where the profile goes. seen: converted to sRGB before (grey stays grey); raw: the numbers "          \
		"stay, and look different",                                                                            \
		.aliases = NAMES("keep_colors"))
#define PER(NAME, HELP, REQUIRED, ...)                                                                                 \
	DOUBLE_PARAM(NAME, "px per unit", 0.01, 100000, NULL, HELP, .required = REQUIRED, .aliases = NAMES(__VA_ARGS__))

const struct operation metadata_operations[] = {
	{
		.name = "strip",
		.aliases = NAMES("strip_metadata", "remove_metadata"),
		.group = "metadata",
		.summary =
			"Removes metadata. Colours stay as they are seen: a profile other than sRGB is applied before it goes. "
			"Without its orientation tag a picture is shown as it lies in the file, so auto_orient goes before "
			"it.",
		.params = PARAMS({.name = "keep",
					 .type = PARAM_CHOICES,
					 .choices = KINDS,
					 .help = "what stays; default: nothing but density and what belongs to pages"},
			KEEP_COLOURS),
		.flags_of = strip_flags,
		.build = build_strip,
	},
	{
		.name = "keep",
		.aliases = NAMES("keep_metadata", "with_metadata"),
		.group = "metadata",
		.summary = "Removes all metadata but these; see strip.",
		.params = PARAMS({.name = "metadata",
					 .type = PARAM_CHOICES,
					 .choices = KINDS,
					 .required = true,
					 .help = "what stays, such as [icc, exif]"},
			KEEP_COLOURS),
		.flags_of = keep_flags,
		.build = build_keep,
	},
	{
		.name = "density",
		.aliases = NAMES("dpi", "resolution"),
		.group = "metadata",
		.summary = "Says how large the picture is to be printed; its pixels stay as they are.",
		.params = PARAMS(PER("x", "pixels across an inch or centimetre", true, "density", "dpi", "xres"),
			PER("y", "pixels down; default: x", false, "yres"),
			CHOICE_PARAM("unit", NAMES("inch", "cm"), "inch", "that the numbers go by",
				.aliases = NAMES("units"))),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_density,
	},
	{.name = NULL},
};
