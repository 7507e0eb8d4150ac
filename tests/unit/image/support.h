/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the tests of image/ share: pictures made in code, chains written as JSON, comparison of every byte. */
#pragma once

#include "../unit.h"

#include <stdio.h>
#include <string.h>

#include "image/chain/chain.h"
#include "image/operations/operations.h"
#include "image/read/format.h"

static inline int start_vips(void **state)
{
	return image_init("test", 1, NULL) ? 0 : -1;
}

/* Smooth areas with noise on them; 8 or 16 bits; the last of 2 or 4 bands is alpha. Every call makes one of its own,
 * since two pipelines on one image share buffers and would agree falsely. */
static inline VipsImage *picture(int width, int height, int bands, int depth)
{
	gsize count = (gsize)width * (gsize)height * (gsize)bands, at = 0;
	g_autofree uint16_t *words = g_new(uint16_t, count);
	uint8_t *bytes = (uint8_t *)words;
	uint32_t noise = 12345;

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			for (int band = 0; band < bands; band++) {
				noise = noise * 1664525u + 1013904223u;
				uint32_t level = ((uint32_t)(x * (300 + 90 * band) + y * (200 - 30 * band)) +
							 ((x / 23 + y / 31) % 2 ? 20000u : 0u) + (noise >> 20)) %
						 65536u;
				if (depth == 16)
					words[at++] = (uint16_t)level;
				else
					bytes[at++] = (uint8_t)(level >> 8);
			}
	VipsImage *image = vips_image_new_from_memory_copy(words, count * (gsize)(depth / 8), width, height, bands,
		depth == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
	assert_non_null(image);
	image->Type = bands < 3 ? (depth == 16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W)
				: (depth == 16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB);
	return image;
}

/* [{"op": "blur", "params": {...}}] */
static inline JsonArray *chain(const char *json)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) root = json_from_string(json, &error);

	assert_null(error);
	return json_array_ref(json_node_get_array(root));
}

/* Bytes of both, everything in memory. */
static inline void assert_same_picture(VipsImage *got, VipsImage *wanted)
{
	gsize a_length, b_length;
	g_autofree uint8_t *a = vips_image_write_to_memory(got, &a_length);
	g_autofree uint8_t *b = vips_image_write_to_memory(wanted, &b_length);

	assert_int_equal(got->Xsize, wanted->Xsize);
	assert_int_equal(got->Ysize, wanted->Ysize);
	assert_int_equal(got->Bands, wanted->Bands);
	assert_int_equal(got->BandFmt, wanted->BandFmt);
	assert_int_equal(got->Type, wanted->Type);
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(a_length, b_length);
	assert_memory_equal(a, b, a_length);
}

/* A scratch folder of this test, and a path in it; both owned by the caller. */
static inline char *scratch_folder(void)
{
	g_autofree char *template = g_build_filename(g_get_tmp_dir(), "dropmill-image-XXXXXX", NULL);
	char *folder = g_mkdtemp(g_steal_pointer(&template));

	assert_non_null(folder);
	return folder;
}

/* Removes a flat folder. */
static inline void remove_scratch(const char *folder)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		assert_int_equal(remove(path), 0);
	}
	if (dir)
		g_dir_close(dir);
	assert_int_equal(remove(folder), 0);
}
