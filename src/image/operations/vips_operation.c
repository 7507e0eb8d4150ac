/* SPDX-License-Identifier: GPL-2.0-or-later
 * Any libvips operation as a step: see vips_operation.h. */
#include "image/operations/vips_operation.h"

#include "base/error.h"
#include "base/json.h"
#include "image/check/check_choices.h"
#include "image/kernels/alpha.h"
#include "image/kernels/convolve.h"
#include "image/operations/groups.h"
#include "image/quirks/quirks.h"
#include "image/table/vips_error.h"
#include "image/vips/vips_image_value.h"
#include "image/vips/vips_signature.h"
#include "image/vips/vips_value.h"

/* Operations known to give the same pixel for every requested rectangle: pixel by pixel, or from a neighbourhood in
 * whole numbers or fixed order. Those that accumulate along a row or column (reduce, affine...) must never be added. */
static const char *const position_independent[] = {"CMC2LCh", "HSV2sRGB", "LCh2CMC", "LCh2Lab", "Lab2LCh", "Lab2LabQ",
	"Lab2LabS", "Lab2XYZ", "LabQ2Lab", "LabQ2LabS", "LabQ2sRGB", "LabS2Lab", "LabS2LabQ", "XYZ2Lab", "XYZ2Yxy",
	"XYZ2scRGB", "Yxy2XYZ", "abs", "add", "arrayjoin", "autorot", "bandbool", "bandfold", "bandjoin",
	"bandjoin_const", "bandmean", "bandrank", "bandunfold", "boolean", "boolean_const", "byteswap", "canny", "case",
	"cast", "colourspace", "compass", "complex", "complex2", "complexform", "complexget", "composite", "composite2",
	"conv", "convf", "convi", "convsep", "copy", "dE00", "dE76", "dECMC", "divide", "embed", "extract_area",
	"extract_band", "falsecolour", "fastcor", "flatten", "flip", "gamma", "gaussblur", "gravity", "grid",
	"hist_local", "ifthenelse", "insert", "invert", "join", "linear", "maplut", "math", "math2", "math2_const",
	"morph", "msb", "multiply", "premultiply", "rank", "recomb", "relational", "relational_const", "remainder",
	"remainder_const", "replicate", "rot", "round", "sRGB2HSV", "sRGB2scRGB", "scRGB2BW", "scRGB2XYZ", "scRGB2sRGB",
	"sharpen", "sign", "sobel", "spcor", "subsample", "subtract", "sum", "switch", "unpremultiply", "wrap", "zoom",
	NULL};

/* Operations that read the input and its header only, but whose pixels depend on the region. */
static const char *const on_grid[] = {"affine", "quadratic", "reduce", "reduceh", "reducev", "resize", "rotate",
	"shrink", "shrinkh", "shrinkv", "similarity", "stdif", "conva", "convasep", NULL};

/* Pixel by pixel as the picture's profile has it, which goes to those who compute tiles; one that is named must be libvips' own: a file
 * lies on one machine. */
static bool reads_profile(const struct vips_signature *signature, JsonObject *params)
{
	static const char *const names[] = {"icc_export", "icc_import", "icc_transform", NULL};
	static const char *const given[] = {"input_profile", "output_profile"};
	static const char *const built_in[] = {"srgb", "p3", "cmyk", "none", NULL};

	if (!g_strv_contains(names, signature->nickname))
		return false;
	for (guint i = 0; i < G_N_ELEMENTS(given); i++)
		if (!g_strv_contains(built_in, json_string(params, given[i], "none")))
			return false;
	return true;
}

static const char *const no_signs[] = {NULL};

bool vips_operation_usable(const char *name)
{
	auto_struct(vips_signature) signature = vips_signature_new(name);

	return signature && !signature->refusal;
}

static unsigned flags_of(const struct args *args)
{
	JsonObject *params = args->given;
	auto_struct(vips_signature) signature = vips_signature_new(json_string(params, "operation", ""));

	/* What is not known to be local may look at anything: it runs whole, and is right. */
	if (!signature)
		return OPERATION_ON_GRID | OPERATION_READS_METADATA;
	if (g_strv_contains(on_grid, signature->nickname))
		return OPERATION_ON_GRID;
	if (reads_profile(signature, params))
		return OPERATION_SEQUENTIAL | OPERATION_READS_PROFILE;
	if (!g_strv_contains(position_independent, signature->nickname))
		return OPERATION_ON_GRID | OPERATION_READS_METADATA;
	/* Up to ten pixels are sorted. For more, a histogram slides along the region, and where it miscounts, it does so from the region's left
	 * edge on (libvips#4609). On the grid it is as wrong as libvips. The operation `rank` is right. */
	if (quirk(QUIRK_RANK_OF_8_BITS) && g_str_equal(signature->nickname, "rank") &&
		json_int(params, "width", 0) * json_int(params, "height", 0) > 10)
		return OPERATION_ON_GRID;
	/* Running sums start at the edge of the region. */
	if (g_str_equal(json_string(params, "precision", ""), "approximate"))
		return OPERATION_ON_GRID;
	return signature->vips_flags & VIPS_OPERATION_SEQUENTIAL ? OPERATION_SEQUENTIAL : 0;
}

/* The signature of the operation that the step names, or NULL after a diagnostic. */
static struct vips_signature *find(const struct node *name, struct diagnostics *errors)
{
	const char *text = node_as_string(name);

	if (!text) {
		g_autofree char *shown = check_shown(name);
		diagnostics_add(errors, name->line, name->column,
			"vips: operation must be the name of a libvips operation, not %s", shown);
		return NULL;
	}
	auto_struct(vips_signature) signature = vips_signature_new(text);
	if (!signature) {
		const char *near = did_you_mean(text, vips_signature_usable());
		diagnostics_add(errors, name->line, name->column, "unknown libvips operation '%s'%s%s%s", text,
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		return NULL;
	}
	if (signature->refusal) {
		diagnostics_add(errors, name->line, name->column, "libvips' %s cannot be a step: it %s", text,
			signature->refusal);
		return NULL;
	}
	return g_steal_pointer(&signature);
}

static bool check_entry(const struct check_subject *subject, const struct vips_signature *signature,
	const struct node_entry *entry, JsonObject *params, struct diagnostics *errors)
{
	const struct vips_argument *argument = vips_signature_argument(signature, entry->key);

	/* Where there is one image, it is the picture. */
	if (argument && argument->image && !vips_signature_has_images(signature)) {
		diagnostics_add(errors, entry->line, entry->column, "%s: %s is the picture itself; leave it out",
			subject->name, argument->name);
		return false;
	}
	if (!argument) {
		g_autoptr(GPtrArray) known = g_ptr_array_new();
		for (guint i = 0; i < signature->arguments->len; i++) {
			const struct vips_argument *a = signature->arguments->pdata[i];
			if (a->settable && !a->deprecated && (!a->image || vips_signature_has_images(signature)))
				g_ptr_array_add(known, a->name);
		}
		g_ptr_array_add(known, NULL);
		check_unknown(subject, entry, (const char *const *)known->pdata, no_signs, errors);
		return false;
	}
	if (argument->deprecated || !argument->settable) {
		diagnostics_add(errors, entry->line, entry->column, "%s: %s %s", subject->name, argument->name,
			argument->deprecated ? "is deprecated in libvips; leave it out"
					     : "cannot be given in a definition");
		return false;
	}
	if (json_object_has_member(params, argument->name)) {
		diagnostics_add(
			errors, entry->line, entry->column, "%s: %s is given twice", subject->name, argument->name);
		return false;
	}
	JsonNode *value = vips_value_check(subject, argument, entry->value, errors);
	if (value)
		json_object_set_member(params, argument->name, value);
	return value;
}

/* Everything that must be given is, and one image is left for the picture. */
static bool check_complete(const struct check_subject *subject, const struct vips_signature *signature, unsigned line,
	unsigned column, JsonObject *params, struct diagnostics *errors)
{
	const struct vips_argument *place = vips_signature_place(signature, params);
	const struct vips_argument *missing;
	bool ok = place;
	guint index = 0;

	if (!place)
		diagnostics_add(errors, line, column,
			"%s: all its images are given, so there is none to work on; leave out the one that is the picture",
			subject->name);
	while (place && (missing = vips_signature_missing(signature, params, place, &index))) {
		g_autofree char *expected = vips_value_expected(missing->spec);
		diagnostics_add(errors, line, column, "%s needs %s: %s", subject->name, missing->name, expected);
		ok = false;
	}
	return ok;
}

static JsonObject *check_node(unsigned line, unsigned column, const struct node *value, struct diagnostics *errors)
{
	const struct node *name = value;

	if (value && value->kind == NODE_MAP)
		name = node_get(value, "operation");
	if (!name || name->kind == NODE_NULL) {
		diagnostics_add(errors, line, column, "vips needs operation, such as {operation: sobel}");
		return NULL;
	}
	auto_struct(vips_signature) signature = find(name, errors);
	if (!signature)
		return NULL;
	g_autofree char *title = g_strconcat("vips ", signature->nickname, NULL);
	const struct check_subject subject = {title, "parameter"};
	g_autoptr(JsonObject) params = json_object_new();
	bool ok = true;
	json_object_set_string_member(params, "operation", name->text);
	for (guint i = 0; value->kind == NODE_MAP && i < value->items->len; i++) {
		const struct node_entry *entry = value->items->pdata[i];
		if (!g_str_equal(entry->key, "operation"))
			ok = check_entry(&subject, signature, entry, params, errors) && ok;
	}
	if (ok)
		ok = check_complete(&subject, signature, line, column, params, errors);
	return ok ? g_steal_pointer(&params) : NULL;
}

/* What would end the process: see convolve_scale_fits(). */
static bool is_harmless(VipsOperation *operation, const char *name, JsonObject *params, GError **error)
{
	bool integer = g_str_equal(name, "convi") || g_str_equal(json_string(params, "precision", ""), "integer");
	g_autoptr(VipsImage) mask = NULL;
	double scale = 1;

	if (!integer || !g_object_class_find_property(G_OBJECT_GET_CLASS(operation), "mask"))
		return true;
	g_object_get(operation, "mask", &mask, NULL);
	if (mask && vips_image_get_typeof(mask, "scale"))
		vips_image_get_double(mask, "scale", &scale);
	return convolve_scale_fits(scale, true, error);
}

static bool build_vips(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	JsonObject *params = args->given;
	const char *name = json_string(params, "operation", "");
	auto_struct(vips_signature) signature = vips_signature_new(name);

	if (!signature || signature->refusal)
		return fail(error, ERROR_INPUT, "libvips' %s cannot be a step: it %s", name,
			signature ? signature->refusal : "is not known to this libvips");
	g_autoptr(VipsOperation) operation = vips_operation_new(name);
	if (!operation)
		return vips_failed(error, NULL);
	const struct vips_argument *place = vips_signature_place(signature, params);
	if (!place)
		return fail(error, ERROR_INPUT, "%s: all its images are given, so there is none to work on", name);
	/* Some of libvips' own operations crash without: dE00 and its like look at both images before they ask for them. */
	guint index = 0;
	const struct vips_argument *missing = vips_signature_missing(signature, params, place, &index);
	if (missing)
		return fail(error, ERROR_INPUT, "%s needs %s", name, missing->name);
	JsonNode *others = place->images ? json_object_get_member(params, place->name) : NULL;
	if (!vips_image_value_set(VIPS_OBJECT(operation), place->spec, in, others, error)) {
		g_prefix_error(error, "%s: ", name);
		return false;
	}
	JsonObjectIter iter;
	const char *key;
	JsonNode *value;
	json_object_iter_init(&iter, params);
	while (json_object_iter_next(&iter, &key, &value)) {
		if (g_str_equal(key, "operation") || (others && value == others))
			continue;
		const struct vips_argument *argument = vips_signature_argument(signature, key);
		if (!argument || argument->deprecated || !argument->settable)
			return fail(error, ERROR_INPUT, "libvips' %s has no parameter %s", name, key);
		if (!vips_value_set(VIPS_OBJECT(operation), g_param_spec_get_name(argument->spec), value, error)) {
			g_prefix_error(error, "%s: ", name);
			return false;
		}
	}
	if (!is_harmless(operation, name, params, error)) {
		g_prefix_error(error, "%s: ", name);
		return false;
	}
	if (vips_cache_operation_buildp(&operation)) {
		vips_object_unref_outputs(VIPS_OBJECT(operation));
		return vips_failed(error, NULL);
	}
	g_object_get(operation, signature->out, out, NULL);
	alpha_note(signature->nickname, *out);
	vips_object_unref_outputs(VIPS_OBJECT(operation));
	return true;
}

const struct operation vips_operations[] = {
	{
		.name = "vips",
		.group = "vips",
		.summary =
			"Any libvips operation with an image in and one out, with libvips' own parameters; other images by file name, matrices as rows.",
		.params = PARAMS(STRING_PARAM(
			"operation", NULL, "libvips' name of it; its parameters stand beside it", .required = true)),
		.flags_of = flags_of,
		.check_node = check_node,
		.build = build_vips,
	},
	{.name = NULL},
};
