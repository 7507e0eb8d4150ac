/* SPDX-License-Identifier: GPL-2.0-or-later
 * Noise: how strong, how normal, how independent; the same for the same seed. */
#include "tone_support.h"

#include <math.h>

/* Mean and deviation of the noise on a flat picture, and the share of pixels that changed. */
static void noise_on_grey(const char *steps, int depth, double *mean, double *deviation, double *changed)
{
	g_autoptr(VipsImage) black = NULL, flat = NULL;
	double half = depth == 16 ? 32768 : 128, sum = 0, squares = 0;
	VipsImage *in = NULL;
	int count = 400 * 300;

	assert_int_equal(vips_black(&black, 400, 300, NULL), 0);
	assert_int_equal(vips_linear1(black, &flat, 1, half, NULL), 0);
	assert_int_equal(vips_cast(flat, &in, depth == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR, NULL), 0);
	g_autoptr(VipsImage) out = with_steps(steps, in);
	g_autofree double *values = values_of(out);
	*changed = 0;
	for (int i = 0; i < count; i++) {
		double difference = (values[i] - half) / (depth == 16 ? 65535 : 255);
		sum += difference;
		squares += difference * difference;
		*changed += difference != 0;
	}
	*mean = sum / count;
	*deviation = sqrt(squares / count - *mean * *mean);
	*changed /= count;
	g_object_unref(in);
}

static void test_noise_has_the_deviation_that_was_asked_for(void **state)
{
	static const char *const types[] = {"gaussian", "uniform"};
	double mean, deviation, changed;

	for (int depth = 8; depth <= 16; depth += 8)
		for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
			g_autofree char *steps = g_strdup_printf(
				"{'op':'noise','params':{'sigma':0.1,'type':'%s','seed':%d}}", types[i], depth);
			noise_on_grey(steps, depth, &mean, &deviation, &changed);
			assert_float_equal(mean, 0, 0.001);
			assert_float_equal(deviation, 0.1, 0.0008);
		}
	noise_on_grey("{'op':'noise','params':{'type':'impulse','density':0.25}}", 8, &mean, &deviation, &changed);
	assert_float_equal(changed, 0.25, 0.005);
	noise_on_grey("{'op':'noise','params':{'sigma':0}}", 16, &mean, &deviation, &changed);
	assert_float_equal(changed, 0, 0);
}

/* Shares of a normal distribution within one, two and three deviations. */
static void test_noise_is_normal(void **state)
{
	static const double within[] = {0.6827, 0.9545, 0.9973};
	static const double middle[1] = {128};
	g_autoptr(VipsImage) small = flat(1, 16, middle);
	g_autoptr(VipsImage) in = NULL;

	assert_int_equal(vips_embed(small, &in, 0, 0, 500, 400, "extend", VIPS_EXTEND_COPY, NULL), 0);
	g_autoptr(VipsImage) out = with_steps("{'op':'noise','params':{'sigma':0.1}}", in);
	g_autofree double *values = values_of(out);
	for (int k = 1; k <= 3; k++) {
		int count = 0;
		for (int i = 0; i < 500 * 400; i++)
			count += fabs(values[i] - 128 * 257) <= k * 6553.5;
		assert_float_equal(count / (500.0 * 400), within[k - 1], 0.004);
	}
}

/* Neighbours, rows, bands and seeds have nothing to do with each other; the same seed is the same noise. */
static double correlation(const double *a, const double *b, int count, int step)
{
	double xy = 0, xx = 0;

	for (int i = 0; i < count; i += step) {
		xy += (a[i] - 128 * 257) * (b[i] - 128 * 257);
		xx += (a[i] - 128 * 257) * (a[i] - 128 * 257);
	}
	return xy / xx;
}

static void test_noise_is_independent(void **state)
{
	static const double middle[3] = {128, 128, 128};
	g_autoptr(VipsImage) small = flat(3, 16, middle);
	g_autoptr(VipsImage) in = NULL;
	enum { ROW = 300 * 3, COUNT = ROW * 200 };

	assert_int_equal(vips_embed(small, &in, 0, 0, 300, 202, "extend", VIPS_EXTEND_COPY, NULL), 0);
	g_autoptr(VipsImage) out = with_steps("{'op':'noise'}", in);
	g_autoptr(VipsImage) again = with_steps("{'op':'noise','params':{'seed':0}}", in);
	g_autoptr(VipsImage) next = with_steps("{'op':'noise','params':{'seed':1}}", in);
	g_autoptr(VipsImage) alike = with_steps("{'op':'noise','params':{'monochrome':true}}", in);
	g_autofree double *a = values_of(out), *b = values_of(next), *c = values_of(alike);
	assert_same_picture(out, again);
	assert_float_equal(correlation(a, b, COUNT, 1), 0, 0.02);
	assert_float_equal(correlation(a, a + 3, COUNT, 1), 0, 0.02);   /* the pixel to the right */
	assert_float_equal(correlation(a, a + ROW, COUNT, 1), 0, 0.02); /* the row below */
	assert_float_equal(correlation(a, a + 1, COUNT, 3), 0, 0.02);   /* the next band */
	assert_float_equal(correlation(c, c + 1, COUNT, 3), 1, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noise_has_the_deviation_that_was_asked_for),
		cmocka_unit_test(test_noise_is_normal),
		cmocka_unit_test(test_noise_is_independent),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
