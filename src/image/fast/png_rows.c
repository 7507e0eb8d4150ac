/* SPDX-License-Identifier: GPL-2.0-or-later
 * PNG's filters: see png_rows.h. A row is written over filtered bytes that are no longer needed. */
#include "image/fast/png_rows.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { FILTER_NONE, FILTER_SUB, FILTER_UP, FILTER_AVERAGE, FILTER_PAETH };

/* In all of these: in is filtered, out the row, above the row above it. PIXEL is known to the compiler. */
#define INLINE static inline __attribute__((always_inline))

typedef guint8 v16 __attribute__((vector_size(16)));

static void undo_up(guint8 *out, const guint8 *in, const guint8 *above, gsize bytes)
{
	gsize i = 0;

	for (; i + sizeof(v16) <= bytes; i += sizeof(v16)) {
		v16 a, b;
		memcpy(&a, in + i, sizeof a);
		memcpy(&b, above + i, sizeof b);
		a += b;
		memcpy(out + i, &a, sizeof a);
	}
	for (; i < bytes; i++)
		out[i] = (guint8)(in[i] + above[i]);
}

#ifdef __SSE2__

/* Three bytes are moved as four, which the processor does at once: the fourth is the next pixel's. */
INLINE gsize moved(const int PIXEL)
{
	return PIXEL == 3 ? 4 : (gsize)PIXEL;
}

INLINE __m128i load(const guint8 *from, const int PIXEL)
{
	guint16 two;
	int four;

	if (PIXEL == 1)
		return _mm_cvtsi32_si128(*from);
	if (PIXEL == 2)
		return memcpy(&two, from, sizeof two), _mm_cvtsi32_si128(two);
	return memcpy(&four, from, sizeof four), _mm_cvtsi32_si128(four);
}

INLINE void store(guint8 *to, __m128i pixel, const int PIXEL)
{
	int bytes = _mm_cvtsi128_si32(pixel);

	memcpy(to, &bytes, moved(PIXEL));
}

INLINE void undo_sub(guint8 *out, const guint8 *in, gsize bytes, const int PIXEL)
{
	__m128i left = _mm_setzero_si128();

	for (gsize i = 0; i < bytes; i += (gsize)PIXEL) {
		left = _mm_add_epi8(left, load(in + i, PIXEL));
		store(out + i, left, PIXEL);
	}
}

INLINE void undo_average(guint8 *out, const guint8 *in, const guint8 *above, gsize bytes, const int PIXEL)
{
	const __m128i one = _mm_set1_epi8(1);
	__m128i left = _mm_setzero_si128();

	for (gsize i = 0; i < bytes; i += (gsize)PIXEL) {
		__m128i up = load(above + i, PIXEL);
		/* The instruction rounds up, PNG down. */
		__m128i mean = _mm_sub_epi8(_mm_avg_epu8(left, up), _mm_and_si128(_mm_xor_si128(left, up), one));
		left = _mm_add_epi8(mean, load(in + i, PIXEL));
		store(out + i, left, PIXEL);
	}
}

INLINE __m128i magnitude(__m128i x)
{
	return _mm_max_epi16(x, _mm_sub_epi16(_mm_setzero_si128(), x));
}

INLINE __m128i choose(__m128i mask, __m128i yes, __m128i no)
{
	return _mm_or_si128(_mm_and_si128(mask, yes), _mm_andnot_si128(mask, no));
}

/* In 16 bits a channel. */
INLINE void undo_paeth(guint8 *out, const guint8 *in, const guint8 *above, gsize bytes, const int PIXEL)
{
	const __m128i zero = _mm_setzero_si128();
	__m128i left = zero, corner = zero;

	for (gsize i = 0; i < bytes; i += (gsize)PIXEL) {
		__m128i up = _mm_unpacklo_epi8(load(above + i, PIXEL), zero);
		__m128i by_left = _mm_sub_epi16(up, corner), by_up = _mm_sub_epi16(left, corner);
		__m128i to_corner = magnitude(_mm_add_epi16(by_left, by_up));
		__m128i to_left = magnitude(by_left), to_up = magnitude(by_up);
		__m128i least = _mm_min_epi16(to_corner, _mm_min_epi16(to_left, to_up));
		__m128i nearest = choose(
			_mm_cmpeq_epi16(least, to_left), left, choose(_mm_cmpeq_epi16(least, to_up), up, corner));
		left = _mm_add_epi8(nearest, _mm_unpacklo_epi8(load(in + i, PIXEL), zero));
		corner = up;
		store(out + i, _mm_packus_epi16(left, left), PIXEL);
	}
}

#else

#define EACH_BYTE                                                                                                      \
	for (gsize i = 0; i < bytes; i += (gsize)PIXEL)                                                                \
		for (gsize c = 0, at = i; c < (gsize)PIXEL; c++, at = i + c)

INLINE void undo_sub(guint8 *out, const guint8 *in, gsize bytes, const int PIXEL)
{
	guint8 left[4] = {0};

	EACH_BYTE
	out[at] = left[c] = (guint8)(in[at] + left[c]);
}

INLINE void undo_average(guint8 *out, const guint8 *in, const guint8 *above, gsize bytes, const int PIXEL)
{
	guint8 left[4] = {0};

	EACH_BYTE
	out[at] = left[c] = (guint8)(in[at] + (left[c] + above[at]) / 2);
}

INLINE int paeth(int left, int up, int corner)
{
	int to_left = ABS(up - corner), to_up = ABS(left - corner), to_corner = ABS(left + up - 2 * corner);
	int least = MIN(to_corner, MIN(to_left, to_up));

	return least == to_left ? left : least == to_up ? up : corner;
}

INLINE void undo_paeth(guint8 *out, const guint8 *in, const guint8 *above, gsize bytes, const int PIXEL)
{
	guint8 left[4] = {0}, corner[4] = {0};

	EACH_BYTE
	{
		left[c] = (guint8)(in[at] + paeth(left[c], above[at], corner[c]));
		corner[c] = above[at];
		out[at] = left[c];
	}
}

#endif

INLINE bool undo(int filter, guint8 *out, const guint8 *in, const guint8 *above, gsize bytes, const int PIXEL)
{
	switch (filter) {
	case FILTER_NONE:
		memmove(out, in, bytes);
		return true;
	case FILTER_SUB:
		undo_sub(out, in, bytes, PIXEL);
		return true;
	case FILTER_UP:
		undo_up(out, in, above, bytes);
		return true;
	case FILTER_AVERAGE:
		undo_average(out, in, above, bytes, PIXEL);
		return true;
	case FILTER_PAETH:
		undo_paeth(out, in, above, bytes, PIXEL);
		return true;
	default:
		return false;
	}
}

static bool undo_of(int pixel, int filter, guint8 *out, const guint8 *in, const guint8 *above, gsize bytes)
{
	switch (pixel) {
	case 1:
		return undo(filter, out, in, above, bytes, 1);
	case 2:
		return undo(filter, out, in, above, bytes, 2);
	case 3:
		return undo(filter, out, in, above, bytes, 3);
	default:
		return undo(filter, out, in, above, bytes, 4);
	}
}

bool png_rows_unfilter(guint8 *data, int rows, gsize bytes, int pixel)
{
	g_autofree guint8 *zeros = g_malloc0(bytes + PNG_ROWS_BEHIND); /* above the first row */
	const guint8 *above = zeros;

	for (int y = 0; y < rows; y++) {
		const guint8 *in = data + (gsize)y * (bytes + 1);
		guint8 *out = data + (gsize)y * bytes;
		/* Read first: the row is written over it. */
		int filter = in[0];
		if (!undo_of(pixel, filter, out, in + 1, above, bytes))
			return false;
		above = out;
	}
	return true;
}
