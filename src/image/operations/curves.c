/* SPDX-License-Identifier: GPL-2.0-or-later
 * Curves through points, as picture editors have them. */
#include "base/error.h"
#include "image/kernels/tone_support.h"
#include "image/operations/groups.h"

enum { POINTS_MAX = 32 };

/* Through all points, monotone between them: where the points rise, so does the curve, and it never overshoots. Cubic pieces with the
 * slopes of F. N. Fritsch and J. Butland, "A method for constructing local monotone piecewise cubic interpolants" (1984). */
struct curve {
	int count; /* 0: none given, nothing changes */
	double x[POINTS_MAX], y[POINTS_MAX], slope[POINTS_MAX];
};

/* The channel's own curve first, then the one of all. */
struct curves {
	struct curve all, channel[3];
};

static double secant(const struct curve *c, int i)
{
	return (c->y[i + 1] - c->y[i]) / (c->x[i + 1] - c->x[i]);
}

static void find_slopes(struct curve *c)
{
	int last = c->count - 1;

	c->slope[0] = secant(c, 0);
	c->slope[last] = secant(c, last - 1);
	for (int i = 1; i < last; i++) {
		double before = secant(c, i - 1), after = secant(c, i);
		double left = c->x[i] - c->x[i - 1], right = c->x[i + 1] - c->x[i];
		double w1 = 2 * right + left, w2 = right + 2 * left;
		/* A peak or a flat piece: level there. Else the weighted harmonic mean. */
		c->slope[i] = before * after <= 0 ? 0 : (w1 + w2) / (w1 / before + w2 / after);
	}
}

/* Level beyond the first and the last point. */
static double along(const struct curve *c, double x)
{
	int i = 0, last = c->count - 1;

	if (c->count == 0)
		return x;
	if (x <= c->x[0])
		return c->y[0];
	if (x >= c->x[last])
		return c->y[last];
	while (x > c->x[i + 1])
		i++;
	double width = c->x[i + 1] - c->x[i], t = (x - c->x[i]) / width, u = 1 - t;
	/* Written so that a flat piece is flat to the last bit. */
	return c->y[i] + (c->y[i + 1] - c->y[i]) * t * t * (3 - 2 * t) +
	       width * t * u * (c->slope[i] * u - c->slope[i + 1] * t);
}

static double on_curves(double level, int band, const void *data)
{
	const struct curves *curves = data;

	return along(&curves->all, along(&curves->channel[band], level));
}

static bool read_curve(const struct args *args, const char *name, struct curve *curve, GError **error)
{
	g_autoptr(VipsImage) points = param_matrix(args, name);

	*curve = (struct curve){0};
	if (!param_given(args, name))
		return true;
	if (!points || points->Xsize != 2 || points->Ysize < 2 || points->Ysize > POINTS_MAX)
		return fail(error, ERROR_INPUT, "%s must be 2 to %d points of two numbers each, [in, out]", name,
			POINTS_MAX);
	curve->count = points->Ysize;
	for (int i = 0; i < curve->count; i++) {
		curve->x[i] = *VIPS_MATRIX(points, 0, i) / 100;
		curve->y[i] = *VIPS_MATRIX(points, 1, i) / 100;
		if (i > 0 && curve->x[i] <= curve->x[i - 1])
			return fail(error, ERROR_INPUT, "%s: the points' first numbers must rise: %g comes after %g",
				name, 100 * curve->x[i], 100 * curve->x[i - 1]);
	}
	find_slopes(curve);
	return true;
}

static bool read_curves(const struct args *args, struct curves *curves, GError **error)
{
	return read_curve(args, "all", &curves->all, error) && read_curve(args, "red", &curves->channel[0], error) &&
	       read_curve(args, "green", &curves->channel[1], error) &&
	       read_curve(args, "blue", &curves->channel[2], error);
}

static bool check_curves(const struct args *args, GError **error)
{
	struct curves curves;

	if (!param_given(args, "all") && !param_given(args, "red") && !param_given(args, "green") &&
		!param_given(args, "blue"))
		return fail(error, ERROR_INPUT, "give at least one of all, red, green and blue");
	return read_curves(args, &curves, error);
}

static bool build_curves(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	struct curves curves;
	struct tone_support tones;

	if (!read_curves(args, &curves, error) || !tone_support_of(in, &tones, error))
		return false;
	if (tones.colours == 1 && (curves.channel[0].count || curves.channel[1].count || curves.channel[2].count))
		return fail(error, ERROR_INPUT,
			"red, green and blue are for RGB pictures, this one is grey; put a step before it: colourspace: srgb");
	return tone_support_map(in, on_curves, &curves, out, error);
}

/* clang-format off */
#define CURVE(NAME, ALIASES, HELP)                                                                                     \
	{.name = NAME,                                                                                                 \
		.type = PARAM_MATRIX,                                                                                  \
		.unit = "%",                                                                                           \
		.min = 0,                                                                                              \
		.max = 100,                                                                                            \
		.count_min = 2,                                                                                        \
		.count_max = POINTS_MAX,                                                                               \
		.aliases = ALIASES,                                                                                    \
		.help = HELP}
/* clang-format on */

const struct operation curve_operations[] = {
	{
		.name = "curves",
		.aliases = NAMES("curve"),
		.group = "tone",
		.summary =
			"Levels along a curve through points [in, out]: monotone cubic, so that it never overshoots, level "
			"beyond the ends; a channel's own curve comes first, then that of all.",
		.params = PARAMS(
			CURVE("all", NAMES("rgb", "value", "points"),
				"of every band of colour; a list of points such as [[0, 0], [30, 20], [100, 100]], of "
				"the range"),
			CURVE("red", NULL, "of RGB pictures"), CURVE("green", NULL, "of RGB pictures"),
			CURVE("blue", NULL, "of RGB pictures")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_curves,
		.build = build_curves,
	},
	{.name = NULL},
};
