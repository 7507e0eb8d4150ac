/* SPDX-License-Identifier: GPL-2.0-or-later
 * A large picture where nobody shares memory: it is cut until its file is known to be faster. Each row of the decision. */
#include "master/policy/placement.h"

#include "../unit.h"

#define MS 1000
/* 8000 x 5000 pixels, in most rows in a file of 10 MB, with two workers elsewhere. */
#define M 1000000
#define PIXELS (40 * (gint64)M)
/* clang-format off */
#define A_PIXEL(ms) ((double)(ms) * MS / PIXELS)
/* clang-format on */

/* Facts: embedded, tile_wished, loose, streams; live, sharing; pixels, pixel_bytes, file_bytes; limit_s.
 * Times in milliseconds of such a picture; 0: not known. */
static const struct {
	const char *why;
	double cut, sent, reckoned;
	struct placement_facts facts;
	bool sends;
} rows[] = {
	{"the first is cut", 0, 0, 0, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, false},
	{"light work is sent", 2000, 0, 850, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, true},
	{"heavy work is cut: many workers did it", 2000, 0, 3350, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, false},
	{"a reckoned time must be well below", 2000, 0, 1590, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, true},
	{"nearly as much is not", 2000, 0, 1610, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, false},
	{"a measured time needs no doubt", 2000, 1990, 0, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, true},
	{"and counts more than a reckoned one", 2000, 2010, 850, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, false},
	{"cutting was never measured", 0, 500, 0, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, false},
	{"the broker is ours", 2000, 0, 850, {1, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, false},
	{"a tile size is wished", 2000, 0, 850, {0, 1, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, false},
	{"the original is not claimed", 2000, 0, 850, {0, 0, 1, 1, 2, 0, 40 * M, 3, 10 * M, 600}, false},
	{"it would be in memory as a whole", 2000, 0, 850, {0, 0, 0, 0, 2, 0, 40 * M, 3, 10 * M, 600}, false},
	{"nobody is there", 2000, 0, 850, {0, 0, 0, 1, 0, 0, 40 * M, 3, 10 * M, 600}, false},
	{"one shares memory", 2000, 0, 850, {0, 0, 0, 1, 2, 1, 40 * M, 3, 10 * M, 600}, false},
	{"nothing is known of sending", 2000, 0, 0, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 600}, false},
	{"it is small", 2000, 0, 850, {0, 0, 0, 1, 2, 0, (64 << 20) - 1, 1, 10 * M, 600}, false},
	{"it is large enough", 2000, 0, 850, {0, 0, 0, 1, 2, 0, 64 << 20, 1, 10 * M, 600}, true},
	{"it is hardly compressed", 2000, 0, 850, {0, 0, 0, 1, 2, 0, 40 * M, 3, 30 * M + 1, 600}, false},
	{"it is compressed enough", 2000, 0, 850, {0, 0, 0, 1, 2, 0, 40 * M, 3, 30 * M, 600}, true},
	{"its task would come near the limit", 2000, 0, 850, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 4}, false},
	{"the limit is far", 2000, 0, 850, {0, 0, 0, 1, 2, 0, 40 * M, 3, 10 * M, 5}, true},
};

static void test_rows(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct placement_times times = {
			A_PIXEL(rows[i].cut), A_PIXEL(rows[i].sent), A_PIXEL(rows[i].reckoned)};
		if (placement_sends_file(&rows[i].facts, &times) != rows[i].sends)
			fail_msg("%s", rows[i].why);
	}
}

/* clang-format off */
#define CUT(took, decode, cpu, n) {false, true, PIXELS, (took) * MS, (decode) * MS, (cpu) * MS, n}
#define SENT(took) {true, true, PIXELS, (took) * MS, 0, 0, 1}
/* clang-format on */

static const struct {
	const char *why;
	double before[3];
	struct placement_run run;
	double after[3];
} learned[] = {
	{"cut: what two threads would need", {0, 0, 0}, CUT(2000, 700, 1700, 2), {2000, 0, 850}},
	{"decoding is one thread's", {0, 0, 0}, CUT(2000, 1200, 1700, 2), {2000, 0, 1200}},
	{"the newest counts half", {2000, 900, 850}, CUT(4000, 700, 1700, 2), {3000, 900, 850}},
	{"sent", {2000, 0, 850}, SENT(2500), {2000, 2500, 850}},
	{"sent again", {2000, 2500, 850}, SENT(1500), {2000, 2000, 850}},
	{"a run with trouble tells nothing", {2000, 0, 850}, {false, false, PIXELS, 9, 9, 9, 1}, {2000, 0, 850}},
	{"nor does one without pixels", {2000, 0, 850}, {false, true, 0, 9, 9, 9, 1}, {2000, 0, 850}},
};

static void test_learned(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(learned); i++) {
		const double *before = learned[i].before, *after = learned[i].after;
		struct placement_times times = {A_PIXEL(before[0]), A_PIXEL(before[1]), A_PIXEL(before[2])};
		times = placement_learn(times, &learned[i].run);
		if (ABS(times.cut - A_PIXEL(after[0])) > 1e-6 || ABS(times.sent - A_PIXEL(after[1])) > 1e-6 ||
			ABS(times.reckoned - A_PIXEL(after[2])) > 1e-6)
			fail_msg("%s", learned[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_learned)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
