/* SPDX-License-Identifier: GPL-2.0-or-later
 * One row: see reduce_row.h. Positions are summed from the left of the region, as in libvips: their rounding is a part of the result. */
#include "image/fast/reduce_row.h"

#include <string.h>
#include <vips/vips.h>

#include "image/fast/reduce_sum.h"

#ifdef __SSE2__
#include <emmintrin.h>

#define INLINE static inline __attribute__((always_inline))

bool reduce_row_available(void)
{
	return true;
}

INLINE __m128i load(const guint8 *from)
{
	int four;

	memcpy(&four, from, sizeof four);
	return _mm_cvtsi32_si128(four);
}

INLINE __m128i weights_at(const gint16 *weights)
{
	int two;

	memcpy(&two, weights, sizeof two);
	return _mm_set1_epi32(two);
}

/* Two pixels, channel by channel beside each other, times two weights. */
INLINE __m128i products(__m128i one, __m128i other, const gint16 *weights)
{
	__m128i both = _mm_unpacklo_epi8(_mm_unpacklo_epi8(one, other), _mm_setzero_si128());

	return _mm_madd_epi16(both, weights_at(weights));
}

/* The last weight is multiplied alone. Of three bands its pixel is loaded from a byte before on: behind it there may be nothing. */
INLINE __m128i sum_of(const guint8 *from, const gint16 *weights, int points, const int BANDS)
{
	__m128i sum = _mm_set1_epi32(VIPS_INTERPOLATE_SCALE >> 1);
	int i = 0;

	for (; i + 1 < points; i += 2)
		sum = _mm_add_epi32(sum, products(load(from + i * BANDS), load(from + (i + 1) * BANDS), weights + i));
	const guint8 *last = from + i * BANDS;
	__m128i pixel = BANDS == 3 ? _mm_srli_epi32(load(last - 1), 8) : load(last);
	return _mm_add_epi32(sum, products(pixel, _mm_setzero_si128(), weights + i));
}

INLINE void put(guint8 *out, __m128i sum, const int BANDS)
{
	__m128i words = _mm_packs_epi32(_mm_srai_epi32(sum, VIPS_INTERPOLATE_SHIFT), sum);
	int four = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));

	if (BANDS == 4) {
		memcpy(out, &four, sizeof four);
		return;
	}
	guint16 two = (guint16)four;
	memcpy(out, &two, sizeof two);
	out[2] = (guint8)(four >> 16);
}

INLINE void row_of(const struct reduce *reduce, guint8 *out, int left, int width, const guint8 *from, int from_left,
	const int BANDS)
{
	const guint8 *start = from - (gssize)from_left * BANDS;
	double x = reduce_start(reduce, left);

	for (int i = 0; i < width; i++) {
		const int whole = (int)x;
		const gint16 *weights = reduce->weights + reduce_phase(x) * (reduce->points + 1);
		put(out, sum_of(start + (gssize)whole * BANDS, weights, reduce->points, BANDS), BANDS);
		out += BANDS;
		x += reduce->shrink;
	}
}

void reduce_row(
	const struct reduce *reduce, guint8 *out, int left, int width, const guint8 *from, int from_left, int bands)
{
	if (bands == 3)
		row_of(reduce, out, left, width, from, from_left, 3);
	else
		row_of(reduce, out, left, width, from, from_left, 4);
}

#else

bool reduce_row_available(void)
{
	return false;
}

void reduce_row(
	const struct reduce *reduce, guint8 *out, int left, int width, const guint8 *from, int from_left, int bands)
{
	(void)reduce, (void)out, (void)left, (void)width, (void)from, (void)from_left, (void)bands;
	g_assert_not_reached();
}

#endif

void reduce_row_of_floats(
	const struct reduce *reduce, guint8 *out, int left, int width, const guint8 *from, int from_left, int bands)
{
	const float *start = (const float *)from - (gssize)from_left * bands;
	float *to = (float *)out;
	double x = reduce_start(reduce, left);

	for (int i = 0; i < width; i++, x += reduce->shrink, to += bands)
		reduce_sum(to, (gsize)bands, start + (gssize)(int)x * bands, (gsize)bands,
			reduce->exact + (gsize)reduce_phase(x) * reduce->points, reduce->points);
}
