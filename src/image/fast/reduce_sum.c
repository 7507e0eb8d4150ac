/* SPDX-License-Identifier: GPL-2.0-or-later
 * Sums of floats: see reduce_sum.h. AVX has no instruction that multiplies and adds with one rounding, which libvips does not do either. */
#include "image/fast/reduce_sum.h"

#ifdef __x86_64__
#include <immintrin.h>

#define AVX __attribute__((target("avx")))

bool reduce_sum_available(void)
{
	return __builtin_cpu_supports("avx");
}

AVX static void sum_of_8(float *out, const float *from, gsize skip, const double *weights, int points)
{
	__m256d a = _mm256_setzero_pd(), b = _mm256_setzero_pd();

	for (int i = 0; i < points; i++, from += skip) {
		__m256d weight = _mm256_broadcast_sd(weights + i);
		a = _mm256_add_pd(a, _mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(from)), weight));
		b = _mm256_add_pd(b, _mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(from + 4)), weight));
	}
	_mm_storeu_ps(out, _mm256_cvtpd_ps(a));
	_mm_storeu_ps(out + 4, _mm256_cvtpd_ps(b));
}

AVX static void sum_of_4(float *out, const float *from, gsize skip, const double *weights, int points)
{
	__m256d sum = _mm256_setzero_pd();

	for (int i = 0; i < points; i++, from += skip) {
		__m256d values = _mm256_cvtps_pd(_mm_loadu_ps(from));
		sum = _mm256_add_pd(sum, _mm256_mul_pd(values, _mm256_broadcast_sd(weights + i)));
	}
	_mm_storeu_ps(out, _mm256_cvtpd_ps(sum));
}

AVX static void sum_of_1(float *out, const float *from, gsize skip, const double *weights, int points)
{
	double sum = 0;

	for (int i = 0; i < points; i++, from += skip)
		sum += weights[i] * *from;
	*out = (float)sum;
}

AVX void reduce_sum(float *out, gsize count, const float *from, gsize skip, const double *weights, int points)
{
	gsize i = 0;

	for (; i + 8 <= count; i += 8)
		sum_of_8(out + i, from + i, skip, weights, points);
	for (; i + 4 <= count; i += 4)
		sum_of_4(out + i, from + i, skip, weights, points);
	for (; i < count; i++)
		sum_of_1(out + i, from + i, skip, weights, points);
}

#else

bool reduce_sum_available(void)
{
	return false;
}

void reduce_sum(float *out, gsize count, const float *from, gsize skip, const double *weights, int points)
{
	(void)out, (void)count, (void)from, (void)skip, (void)weights, (void)points;
	g_assert_not_reached();
}

#endif
