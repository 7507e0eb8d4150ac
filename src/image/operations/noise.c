/* SPDX-License-Identifier: GPL-2.0-or-later
 * Noise that is a function of position: of (x, y, band, seed) alone. libvips' gaussnoise runs a generator along each
 * region, so other tiles give other noise. Here every pixel has a generator of its own.
 *
 *     key   = mix(mix(seed + G) ^ (y << 32 | x)) + (band + 1) * G
 *     a, b  = mix(key), mix(key + 1024 * G)           with G = 0x9e3779b97f4a7c15
 *
 * mix is the output function of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014), with
 * the constants that Stafford found (variant 13). A normal value is a sum of 112 coin flips: the bits of a, and the
 * upper 48 of b. The lower 16 bits of b make it continuous. All numbers are whole until the last multiplication, so
 * that no two machines differ. */
#include <math.h>

#include "base/error.h"
#include "image/kernels/neighbours.h"
#include "image/operations/groups.h"

#define GOLDEN G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)

enum noise_type { NOISE_GAUSSIAN, NOISE_UNIFORM, NOISE_IMPULSE };

struct noise {
	enum noise_type type;
	guint64 seed;  /* mixed */
	double factor; /* levels a unit of the random value */
	guint64 share; /* NOISE_IMPULSE: of 2^32, how many pixels are hit */
	bool alike;    /* every band gets the same */
};

static guint64 mix(guint64 z)
{
	z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 112 flips have a variance of 28, the fraction adds 1/12. In 1/65536 of a flip. */
static gint64 normal(guint64 key)
{
	guint64 a = mix(key), b = mix(key + 1024 * GOLDEN);
	gint64 heads = __builtin_popcountll(a) + __builtin_popcountll(b >> 16);

	return (heads - 56) * 65536 + (gint64)(b & 0xffff) - 32768;
}

/* What factor makes of sigma levels. */
static double factor_of(enum noise_type type, double sigma)
{
	if (type == NOISE_GAUSSIAN)
		return sigma / (65536 * sqrt(28 + 1.0 / 12));
	return sigma / (4294967296.0 / sqrt(12)); /* a range of 2^32 has that deviation */
}

static double noisy(const struct noise *noise, guint64 key, double level, double most)
{
	guint64 a;

	switch (noise->type) {
	case NOISE_GAUSSIAN:
		return level + (double)normal(key) * noise->factor;
	case NOISE_UNIFORM:
		return level + ((double)(mix(key) >> 32) - 2147483647.5) * noise->factor;
	default:
		a = mix(key);
		return (a >> 32) >= noise->share ? level : a & 1 ? most : 0;
	}
}

static void fill(VipsRegion *out, VipsRegion *in, void *scratch, const void *data)
{
	const struct noise *noise = data;
	const VipsRect *r = &out->valid;
	bool deep = in->im->BandFmt == VIPS_FORMAT_USHORT;
	double most = filter_most(in->im);
	int bands = in->im->Bands;

	(void)scratch;
	for (int y = r->top; y < VIPS_RECT_BOTTOM(r); y++) {
		const VipsPel *p = VIPS_REGION_ADDR(in, r->left, y);
		VipsPel *q = VIPS_REGION_ADDR(out, r->left, y);
		for (int i = 0; i < r->width * bands; i++) {
			guint64 x = (guint64)(r->left + i / bands);
			guint64 band = noise->alike ? 0 : (guint64)(i % bands);
			guint64 key = mix(noise->seed ^ ((guint64)y << 32 | x)) + (band + 1) * GOLDEN;
			double level = deep ? ((const guint16 *)(const void *)p)[i] : p[i];
			double made = rint(CLAMP(noisy(noise, key, level, most), 0, most));
			if (deep)
				((guint16 *)(void *)q)[i] = (guint16)made;
			else
				q[i] = (VipsPel)made;
		}
	}
}

static enum noise_type type_of(const char *name)
{
	return g_str_equal(name, "gaussian")  ? NOISE_GAUSSIAN
	       : g_str_equal(name, "uniform") ? NOISE_UNIFORM
					      : NOISE_IMPULSE;
}

static bool add_noise(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	enum noise_type type = type_of(param_string(args, "type"));
	double density = CLAMP(param_double(args, "density"), 0, 1);
	struct noise noise = {.type = type,
		.seed = mix((guint64)param_int(args, "seed") + GOLDEN),
		.factor = factor_of(type, param_double(args, "sigma") * filter_most(in)),
		.share = (guint64)(density * 4294967296.0),
		.alike = param_bool(args, "monochrome")};
	const struct window window = {
		.width = 1, .height = 1, .fill = fill, .data = &noise, .data_bytes = sizeof noise};

	return window_run(in, &window, out, error);
}

static bool build_noise(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, add_noise, args, out, error);
}

static bool check_noise(const struct args *args, GError **error)
{
	bool impulse = type_of(param_string(args, "type")) == NOISE_IMPULSE;

	if (impulse && param_given(args, "sigma"))
		return fail(error, ERROR_INPUT, "sigma is for gaussian and uniform noise; impulse has density");
	if (!impulse && param_given(args, "density"))
		return fail(error, ERROR_INPUT, "density is for type: impulse; the others have sigma");
	return true;
}

const struct operation noise_operations[] = {
	{
		.name = "noise",
		.aliases = NAMES("add_noise", "grain"),
		.group = "filter",
		.summary =
			"Adds noise that depends on place and seed alone, so that it is the same in every run; alpha is left alone.",
		.params = PARAMS(DOUBLE_PARAM("sigma", "", 0, 1, "0.05",
					 "its deviation, as part of the range: 0.05 is about 13 of 255 levels",
					 .aliases = NAMES("amount")),
			CHOICE_PARAM("type", NAMES("gaussian", "uniform", "impulse"), "gaussian",
				"impulse turns pixels black or white, and leaves the others"),
			DOUBLE_PARAM("density", "", 0, 1, "0.05", "impulse alone: which part of the pixels is hit"),
			BOOL_PARAM("monochrome", "false", "the same in every band of colour, as grain of film",
				.aliases = NAMES("gray", "grey")),
			INT_PARAM("seed", "", 0, 2147483647, "0", "another number, another noise")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_noise,
		.build = build_noise,
	},
	{.name = NULL},
};
