/* SPDX-License-Identifier: GPL-2.0-or-later
 * Sound files that libvips cannot read, or reads wrongly without a word, fail with what they are; damaged ones with what the library said. */
#include "support.h"

#include "image/read/page_frames.h"
#include "image/read/page_scan.h"
#include "image/read/unsupported.h"

static void put(GByteArray *to, guint64 value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		g_byte_array_append(to, &(guint8){(guint8)(value >> 8 * i)}, 1);
}

struct kind {
	const char *name;
	guint bits, format, compression, photometric, samples;
	const char *said; /* NULL: it opens */
};

/* A TIFF of 8 x 8 pixels in one strip; its directory lies behind it. */
static GBytes *tiff(const struct kind *kind, const guint8 *data, gsize length)
{
	const guint fields[][2] = {{256, 8}, {257, 8}, {258, kind->bits}, {259, kind->compression},
		{262, kind->photometric}, {273, 8}, {277, kind->samples}, {278, 8}, {279, (guint)length}, {284, 1},
		{339, kind->format}, {530, 0}};
	GByteArray *all = g_byte_array_new();
	guint depths = 8 + (guint)length, subsampling = 0x10001;

	g_byte_array_append(all, (const guint8 *)"II*\0", 4);
	put(all, depths + 8, 4);
	g_byte_array_append(all, data, (guint)length);
	for (int i = 0; i < 4; i++)
		put(all, kind->bits, 2);
	put(all, G_N_ELEMENTS(fields), 2);
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		bool many = fields[i][0] == 258 && kind->samples > 2, pair = fields[i][0] == 530;
		put(all, fields[i][0], 2);
		put(all, fields[i][0] == 273 || fields[i][0] == 279 ? 4 : 3, 2);
		put(all, many ? kind->samples : pair ? 2 : 1, 4);
		put(all, many ? depths : pair ? subsampling : fields[i][1], 4);
	}
	put(all, 0, 4);
	return g_byte_array_free_to_bytes(all);
}

static void assert_said(GBytes *bytes, const char *name, const char *said)
{
	g_autoptr(VipsImage) image = NULL;
	g_autoptr(GError) error = NULL;
	bool opened = format_open(NULL, bytes, false, NULL, &image, &error);

	if (opened != (said == NULL) || (said && !strstr(error->message, said)))
		fail_msg("%s: %s", name, opened ? "opens" : error->message);
	if (said)
		assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_INPUT));
}

static void test_kinds_of_tiff(void **state)
{
	static const struct kind kinds[] = {
		{"rgb", 8, 1, 1, 2, 3, NULL},
		{"grey", 16, 1, 1, 1, 1, NULL},
		{"ycbcr", 8, 1, 1, 6, 3, "unsupported: YCbCr TIFF without JPEG compression; convert it to RGB first"},
		{"ycbcr, LZW", 8, 1, 5, 6, 3, "unsupported: YCbCr TIFF without JPEG"},
		{"old jpeg", 8, 1, 6, 6, 3, "unsupported: an old-style JPEG in TIFF"},
		{"4 bits rgb", 4, 1, 1, 2, 3, "unsupported: a TIFF of an unusual depth"},
		{"10 bits", 10, 1, 1, 2, 3, "unsupported: a TIFF of an unusual depth"},
		{"12 bits", 12, 1, 1, 1, 1, "unsupported: a TIFF of an unusual depth"},
		{"24 bits", 24, 1, 1, 1, 1, "unsupported: a TIFF of an unusual depth"},
		{"half floats", 16, 3, 1, 1, 1, "unsupported: a TIFF of an unusual depth"},
		{"thunderscan 2", 8, 1, 60000, 2, 3, "unsupported: a TIFF of compression 60000"},
	};
	static const guint8 pixels[8 * 8 * 3 * 4] = {1, 2, 3};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const struct kind *kind = &kinds[i];
		g_autoptr(GBytes) bytes = tiff(kind, pixels, 8 * kind->bits * kind->samples);
		assert_said(bytes, kind->name, kind->said);
	}
}

/* A JPEG in TIFF says YCbCr by its sampling or its marker; that the TIFF says RGB makes libvips show Y, Cb and Cr. */
static void test_wrong_photometric(void **state)
{
	static const struct kind rgb = {"", 8, 1, 7, 2, 3, NULL}, ycbcr = {"", 8, 1, 7, 6, 3, NULL};

	(void)state;
	for (int full = 0; full < 2; full++) {
		g_autoptr(VipsImage) image = picture(8, 8, 3, 8);
		void *data;
		size_t length;
		assert_int_equal(vips_jpegsave_buffer(image, &data, &length, "strip", TRUE, "subsample_mode",
					 full ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON, NULL),
			0);
		/* libvips leaves JFIF's marker out. */
		static const guint8 jfif[] = "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0";
		g_autoptr(GByteArray) marked = g_byte_array_append(g_byte_array_new(), jfif, full ? 20 : 2);
		g_byte_array_append(marked, (const guint8 *)data + 2, (guint)length - 2);
		g_autoptr(GBytes) wrong = tiff(&rgb, marked->data, marked->len);
		assert_said(wrong, "rgb", "unsupported: JPEG in TIFF whose photometric tag says RGB");
		if (full) {
			g_autoptr(GBytes) right = tiff(&ycbcr, marked->data, marked->len);
			assert_said(right, "ycbcr", NULL);
		}
		g_free(data);
	}
}

/* What libvips itself writes stays readable, whatever its quality. */
static void test_own_jpeg_in_tiff(void **state)
{
	(void)state;
	for (int quality = 50; quality < 100; quality += 15) {
		g_autoptr(VipsImage) image = picture(200, 100, 3, 8);
		void *data;
		size_t length;
		assert_int_equal(vips_tiffsave_buffer(image, &data, &length, "compression",
					 VIPS_FOREIGN_TIFF_COMPRESSION_JPEG, "Q", quality, "tile", quality > 70, NULL),
			0);
		g_autoptr(GBytes) bytes = g_bytes_new_take(data, length);
		assert_said(bytes, "own", NULL);
	}
}

/* The second page is looked at when it is wanted. */
static void test_later_pages(void **state)
{
	static const struct kind one = {"", 8, 1, 1, 2, 3, NULL}, two = {"", 8, 1, 1, 6, 3, NULL};
	static const guint8 pixels[192] = {1};
	g_autoptr(GBytes) first = tiff(&one, pixels, 192), second = tiff(&two, pixels, 192);
	gsize length;
	const guint8 *data = g_bytes_get_data(first, &length);
	GByteArray *all = g_byte_array_append(g_byte_array_new(), data, (guint)length);
	g_autoptr(GError) error = NULL;

	(void)state;
	/* Both have the pixels at the same place; only the second directory is needed, with the number of its depths moved. */
	const guint8 *other = g_bytes_get_data(second, &length);
	memcpy(all->data + length - 4, &(guint32){(guint32)length}, 4);
	g_byte_array_append(all, other + 8 + 192 + 8, (guint)(length - 8 - 192 - 8));
	g_autoptr(GBytes) both = g_byte_array_free_to_bytes(all);
	assert_said(both, "first", NULL);
	assert_null(page_frames_open(NULL, both, NULL, &error));
	assert_non_null(strstr(error->message, "unsupported: YCbCr TIFF"));
}

/* Numbers without a meaning: TIFF holds them on, a step may give them one, other formats refuse. */
static void test_numbers(void **state)
{
	static const struct kind kinds[] = {{"signed", 8, 2, 1, 1, 1, NULL}, {"float", 32, 3, 1, 1, 1, NULL},
		{"32 bits", 32, 1, 1, 1, 1, NULL}, {"16 signed", 16, 2, 1, 1, 1, NULL}, {"plain", 8, 1, 1, 1, 1, NULL}};
	static const guint8 pixels[256] = {1};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		bool plain = g_str_equal(kinds[i].name, "plain");
		g_autoptr(GBytes) bytes = tiff(&kinds[i], pixels, 8 * kinds[i].bits);
		const struct build_context context = {.source_bytes = bytes};
		static const char *const chains[] = {"[]",
			"[{\"op\":\"flip\",\"params\":{\"direction\":\"vertical\"}}]",
			"[{\"op\":\"invert\",\"params\":{}}]", "[{\"op\":\"grayscale\",\"params\":{}}]",
			"[{\"op\":\"thumbnail\",\"params\":{\"width\":4,\"height\":4}}]"};
		for (guint c = 0; c < G_N_ELEMENTS(chains); c++) {
			g_autoptr(JsonArray) steps = chain(chains[c]);
			g_autoptr(VipsImage) image = NULL;
			g_autoptr(VipsImage) out = NULL;
			g_autoptr(GError) error = NULL;
			g_autoptr(GBytes) png = NULL;
			g_autoptr(GBytes) back = NULL;
			assert_true(format_open(NULL, bytes, false, NULL, &image, NULL));
			g_autoptr(VipsImage) once = NULL;
			assert_true(chain_open(steps, image, &context, &once, NULL));
			assert_non_null(out = vips_image_copy_memory(once));
			assert_true(format_save_memory(out, "tiff", NULL, &back, NULL));
			if (format_save_memory(out, "png", NULL, &png, &error) != plain)
				fail_msg("%s, %s: %s", kinds[i].name, chains[c], error ? error->message : "written");
			if (!plain)
				assert_non_null(strstr(error->message, "unsupported: a TIFF of signed"));
		}
		g_autoptr(JsonArray) steps =
			chain("[{\"op\":\"vips\",\"params\":{\"operation\":\"linear\",\"a\":[255],\"b\":[0]}}]");
		g_autoptr(VipsImage) image = NULL;
		g_autoptr(VipsImage) out = NULL;
		g_autoptr(GBytes) png = NULL;
		assert_true(format_open(NULL, bytes, false, NULL, &image, NULL));
		g_autoptr(GError) error = NULL;
		if (!chain_open(steps, image, &context, &out, &error))
			fail_msg("%s: %s", kinds[i].name, error->message);
		assert_true(format_save_memory(out, "png", NULL, &png, NULL));
	}
}

static void check(const char *format, const void *data, gsize length, const char *said)
{
	g_autoptr(GError) error = NULL;

	assert_int_equal(unsupported_check(data, length, format, 0, &error), said == NULL);
	if (said && !strstr(error->message, said))
		fail_msg("%s", error->message);
}

static void test_ppm(void **state)
{
	static const char *const scale = "unsupported: PPM with a largest value of",
				 *const lines = "unsupported: PPM with comments";
	static const struct {
		const char *text, *said;
	} files[] = {
		{"P2\n# one\n2 1\n255\n1 2", NULL}, {"P2\n2 1\n15\n1 2", scale}, {"P5\n2 1\n1023\nabcd", scale},
		{"P5 2 1 65535\nabcd", NULL}, {"P5 2 1 255\n#\n#\n", NULL}, /* pixels */
		{"P4\n8 1\n\x01", NULL}, {"P3\n# one\n# two\n1 1\n255\n1 2 3", lines},
		{"P3\n1 1\n255\n1 2\n# one\n# two\n3", lines}, {"P6\n1 1\n# one\n#two\n255\nabc", lines},
		{"P1\n2 1\n1 0\n", NULL}, {"P5\n", NULL}, /* damaged: the loader's to say */
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		check("ppm", files[i].text, strlen(files[i].text), files[i].said);
}

static GByteArray *box(const char *kind, const void *body, gsize length)
{
	GByteArray *all = g_byte_array_new();

	g_byte_array_append(all, (const guint8[]){0, 0, 0, (guint8)(length + 8)}, 4);
	g_byte_array_append(all, (const guint8 *)kind, 4);
	return g_byte_array_append(all, body, (guint)length);
}

static void test_limited_grey(void **state)
{
	(void)state;
	for (int grey = 0; grey < 2; grey++)
		for (int limited = 0; limited < 2; limited++) {
			g_autoptr(GByteArray) all = box("av1C", (const guint8[]){0x81, 0, grey ? 0x1c : 0x0c, 0}, 4);
			g_autoptr(GByteArray) colr =
				box("colr", limited ? "nclx\0\1\0\15\0\6\0" : "nclx\0\1\0\15\0\6\x80", 11);
			g_byte_array_append(all, colr->data, colr->len);
			g_autoptr(GByteArray) ipco = box("ipco", all->data, all->len);
			g_autoptr(GByteArray) iprp = box("iprp", ipco->data, ipco->len);
			g_byte_array_prepend(iprp, (const guint8[4]){0}, 4);
			g_autoptr(GByteArray) meta = box("meta", iprp->data, iprp->len);
			check("avif", meta->data, meta->len,
				grey && limited ? "unsupported: a grey picture of limited range" : NULL);
			for (guint cut = 0; cut < meta->len; cut++)
				heif_is_limited_grey(meta->data, cut);
		}
	g_autoptr(VipsImage) image = picture(32, 32, 1, 8);
	g_autoptr(GBytes) own = NULL;
	assert_true(format_save_memory(image, "avif", NULL, &own, NULL));
	assert_said(own, "own grey avif", NULL);
}

static void test_what_the_library_said(void **state)
{
	static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\5\x08\2\0\0\0\xe5\xff\xff\xff";
	static const char lossless[] =
		"\xff\xd8\xff\xc3\0\x0b\x08\0\x08\0\x08\1\1\x11\0\xff\xda\0\x08\1\1\0\1\0\0\0\0\xff\xd9";
	static const char deep[] =
		"\xff\xd8\xff\xc1\0\x0b\x0c\0\x08\0\x08\1\1\x11\0\xff\xda\0\x08\1\1\0\1\0\0\0\0\xff\xd9";
	static const char ico[] = "\0\0\1\0\1\0\x10\x10";
	static const char brand[] = "\0\0\0\x14"
				    "ftypmiaf\0\0\0\0avif";
	const struct {
		const char *name, *data;
		gsize length;
		const char *said;
	} files[] = {
		{"png", png, sizeof(png) - 1, "damaged image: the PNG's data is damaged (png: IHDR: CRC error)"},
		{"lossless", lossless, sizeof(lossless) - 1, "unsupported: a lossless or hierarchical JPEG"},
		{"12 bits", deep, sizeof(deep) - 1, "unsupported: a JPEG of 12 bits"},
		{"ico", ico, sizeof(ico) - 1, "unsupported: an ICO file, which dropmill does not read"},
		{"brand", brand, sizeof(brand) - 1, "unsupported: an AVIF file of the brand \"miaf\""},
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(GBytes) bytes = g_bytes_new_static(files[i].data, files[i].length);
		assert_said(bytes, files[i].name, files[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_of_tiff),
		cmocka_unit_test(test_wrong_photometric),
		cmocka_unit_test(test_own_jpeg_in_tiff),
		cmocka_unit_test(test_later_pages),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_ppm),
		cmocka_unit_test(test_limited_grey),
		cmocka_unit_test(test_what_the_library_said),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
