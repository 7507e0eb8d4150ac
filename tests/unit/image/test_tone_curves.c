/* SPDX-License-Identifier: GPL-2.0-or-later
 * Curves against values worked out by hand. */
#include "tone_support.h"

#include <math.h>

static const char bent[] = "{'op':'curves','params':{'all':[[0,0],[50,80],[100,100]]}}";

/* A level of a flat picture, all 0 to 255 whatever the depth. */
static double level_after(const char *step, int depth, int bands, const double *levels, int band)
{
	g_autoptr(VipsImage) in = flat(bands, depth, levels);
	g_autoptr(VipsImage) out = with_steps(step, in);
	g_autofree double *values = values_of(out);

	return values[band] / (depth == 16 ? 257 : 1);
}

static void assert_level(const char *step, double from, double wanted)
{
	for (int depth = 8; depth <= 16; depth += 8) {
		double got = level_after(step, depth, 1, &from, 0), near = depth == 16 ? 0.5 / 257 : 0.5;
		if (fabs(got - wanted) > near + 1e-6)
			fail_msg("%s at %d bits: %g becomes %g, not %g", step, depth, from, got, wanted);
	}
}

/* Slopes 1.6 and 0.4 meet in 3 / (1.5/1.6 + 1.5/0.4) = 0.64; the cubic between then is 0.36608 at 0.2 and 0.93152 at 0.8. */
static void test_cubic_by_hand(void **state)
{
	assert_level(bent, 0, 0);
	assert_level(bent, 51, 255 * 0.36608);
	assert_level(bent, 127.5 * 2 - 51, 255 * 0.93152);
	assert_level(bent, 255, 255);
}

static void test_two_points_are_a_line_and_level_beyond(void **state)
{
	static const char line[] = "{'op':'curves','params':{'all':[[20,40],[80,10]]}}";

	assert_level(line, 0, 102);
	assert_level(line, 51, 102);
	assert_level(line, 102, 76.5);
	assert_level(line, 204, 25.5);
	assert_level(line, 255, 25.5);
}

/* Through every point; rising where they rise, never past them, flat where two are equal. */
static void test_monotone_through_the_points(void **state)
{
	static const double x[] = {0, 10, 20, 60, 70, 100}, y[] = {5, 5, 90, 90, 95, 96};
	double before = -1;

	for (int level = 0; level <= 255; level++) {
		double at = level, got = level_after("{'op':'curves','params':{'all':"
						     "[[0,5],[10,5],[20,90],[60,90],[70,95],[100,96]]}}",
					   16, 1, &at, 0);
		assert_true(got >= before);
		before = got;
		double percent = level / 2.55;
		for (size_t i = 0; i + 1 < G_N_ELEMENTS(x); i++)
			if (percent >= x[i] && percent <= x[i + 1])
				assert_true(got >= 2.55 * y[i] - 0.01 && got <= 2.55 * y[i + 1] + 0.01);
		for (size_t i = 0; i < G_N_ELEMENTS(x); i++)
			if (percent == x[i])
				assert_true(fabs(got - 2.55 * y[i]) < 0.01);
	}
}

static void test_channels(void **state)
{
	static const char red[] = "{'op':'curves','params':{'red':[[0,100],[100,0]]}}";
	static const char both[] =
		"{'op':'curves','params':{'green':[[0,100],[100,0]],'all':[[0,0],[50,80],[100,100]]}}";
	const double from[] = {51, 204, 255, 13};

	for (int depth = 8; depth <= 16; depth += 8) {
		const double reddened[] = {204, 204, 255, 13}, mixed[] = {93.35, 93.35, 255, 13};
		for (int band = 0; band < 4; band++) {
			assert_true(level_after(red, depth, 4, from, band) == reddened[band]);
			/* Green is turned round before the curve of all. */
			assert_true(fabs(level_after(both, depth, 4, from, band) - mixed[band]) <= 0.5);
		}
	}
}

static void test_kinds_and_tiles(void **state)
{
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		assert_kept(bent, kind);
		assert_tiles_equal_whole(bent, kind);
	}
	assert_reads_once(bent, 3);
	assert_false(is_global(bent, 2));
}

static void test_what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *params, *says;
	} wrong[] = {
		{"{}", "at least one of all, red, green and blue"},
		{"{\"all\":[[0,0,0],[1,1,1]]}", "all must be 2 to 32 points of two numbers each"},
		{"{\"red\":[[0,0],[50,1],[50,2]]}", "red: the points' first numbers must rise: 50 comes after 50"},
		{"{\"blue\":[[50,0],[20,1]]}", "blue: the points' first numbers must rise: 20 comes after 50"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(JsonNode) node = json_from_string(wrong[i].params, NULL);
		g_autoptr(GError) error = NULL;
		const struct args args = {operation_find("curves")->params, json_node_get_object(node)};
		assert_false(operation_find("curves")->check(&args, &error));
		if (!strstr(error->message, wrong[i].says))
			fail_msg("%s", error->message);
	}
	g_autoptr(VipsImage) grey = of_kind(0);
	g_autoptr(GError) error = NULL;
	assert_null(try_steps("{'op':'curves','params':{'red':[[0,0],[100,50]]}}", grey, &error));
	assert_non_null(strstr(error->message, "this one is grey"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cubic_by_hand),
		cmocka_unit_test(test_two_points_are_a_line_and_level_beyond),
		cmocka_unit_test(test_monotone_through_the_points),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_kinds_and_tiles),
		cmocka_unit_test(test_what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
