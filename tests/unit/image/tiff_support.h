/* SPDX-License-Identifier: GPL-2.0-or-later
 * TIFFs of any kind, byte by byte. */
#pragma once

#include <glib.h>
#include <stdbool.h>

static inline void put(GByteArray *to, guint64 value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		g_byte_array_append(to, &(guint8){(guint8)(value >> 8 * i)}, 1);
}

struct kind {
	const char *name;
	guint bits, format, compression, photometric, samples;
	const char *said; /* NULL: it opens */
};

/* A TIFF of 8 x 8 pixels in one strip, which is an old-style JPEG's file where it is one; its directory lies behind it. */
static inline GBytes *tiff(const struct kind *kind, const guint8 *data, gsize length)
{
	bool old = kind->compression == 6, ycbcr = kind->photometric == 6;
	const guint fields[][2] = {{256, 8}, {257, 8}, {258, kind->bits}, {259, kind->compression},
		{262, kind->photometric}, {273, 8}, {277, kind->samples}, {278, 8}, {279, (guint)length}, {284, 1},
		{339, kind->format}, {513, 8}, {514, (guint)length}, {530, 0}};
	GByteArray *all = g_byte_array_new();
	guint depths = 8 + (guint)length, subsampling = 0x10001;

	g_byte_array_append(all, (const guint8 *)"II*\0", 4);
	put(all, depths + 8, 4);
	g_byte_array_append(all, data, (guint)length);
	for (int i = 0; i < 4; i++)
		put(all, kind->bits, 2);
	put(all, G_N_ELEMENTS(fields) - (old ? 0 : 2) - (ycbcr ? 0 : 1), 2);
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		if ((!old && (fields[i][0] == 513 || fields[i][0] == 514)) || (!ycbcr && fields[i][0] == 530))
			continue;
		bool many = fields[i][0] == 258 && kind->samples > 2, pair = fields[i][0] == 530;
		put(all, fields[i][0], 2);
		put(all,
			fields[i][0] == 273 || fields[i][0] == 279 || fields[i][0] == 513 || fields[i][0] == 514 ? 4
														 : 3,
			2);
		put(all, many ? kind->samples : pair ? 2 : 1, 4);
		put(all, many ? depths : pair ? subsampling : fields[i][1], 4);
	}
	put(all, 0, 4);
	return g_byte_array_free_to_bytes(all);
}
