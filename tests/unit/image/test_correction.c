/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files whose header tells colours that libvips does not look at: PPM and its relatives, JPEG in TIFF, grey HEIF and AVIF of limited range. */
#include "support.h"

#include "image/file/page_scan.h"
#include "image/read/allow.h"
#include "tiff_support.h"

/* Opened from bytes and from a file, read at random and from top to bottom. */
static void assert_levels(
	const void *data, gsize length, const char *name, const guint *levels, guint count, VipsBandFormat format)
{
	g_autofree char *folder = scratch_folder(), *path = g_build_filename(folder, "a", NULL);
	g_autoptr(GBytes) bytes = g_bytes_new(data, length);

	assert_true(g_file_set_contents(path, data, (gssize)length, NULL));
	for (int way = 0; way < 4; way++) {
		g_autoptr(VipsImage) image = NULL;
		g_autoptr(GError) error = NULL;
		gsize size;
		if (!format_open(path, way & 2 ? bytes : NULL, way & 1, NULL, &image, &error))
			fail_msg("%s: %s", name, error->message);
		assert_int_equal(image->BandFmt, format);
		g_autofree guint8 *got = vips_image_write_to_memory(image, &size);
		if (!got)
			fail_msg("%s: %s", name, vips_error_buffer());
		assert_int_equal(size, count * (format == VIPS_FORMAT_USHORT ? 2 : 1));
		for (guint i = 0; i < count; i++) {
			guint level = format == VIPS_FORMAT_USHORT ? ((guint16 *)got)[i] : got[i];
			if (level != levels[i])
				fail_msg("%s: number %u is %u, not %u", name, i, level, levels[i]);
		}
		assert_int_equal(image->Type,
			image->Bands > 2
				? format == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB
			: format == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_GREY16
						       : VIPS_INTERPRETATION_B_W);
	}
	remove_scratch(folder);
}

static void open_ppm(void)
{
	g_autoptr(JsonNode) node = json_from_string("{\"allow\": [\"ppm\"]}", NULL);

	assert_true(allow_open(json_node_get_object(node), NULL));
}

static void ppm(void **state)
{
	static const struct {
		const char *text;
		gsize length; /* 0: it is a string */
		VipsBandFormat format;
		guint levels[8], count;
	} files[] = {
		{"P2\n2 1\n255\n1 255\n", 0, VIPS_FORMAT_UCHAR, {1, 255}, 2},
		{"P2\n# a\n#b\n4 1\n15\n0 1#c 1\n#d\n 14 15", 0, VIPS_FORMAT_UCHAR, {0, 17, 238, 255}, 4},
		{"P2 3 1 1000 1 500 1015\n", 0, VIPS_FORMAT_USHORT, {66, 32768, 65535}, 3},
		{"P3\n#\n#\n2 1\n2\n0 1 2 2 1 0\n", 0, VIPS_FORMAT_UCHAR, {0, 128, 255, 255, 128, 0}, 6},
		{"P2 2 1 255 300 9", 0, VIPS_FORMAT_UCHAR, {255, 9}, 2},
		{"P3 1 1 65535 1 256 65535", 0, VIPS_FORMAT_USHORT, {1, 256, 65535}, 3},
		{"P1\n# a\n# b\n4 2\n1010\n01 01\n", 0, VIPS_FORMAT_UCHAR, {0, 255, 0, 255, 255, 0, 255, 0}, 8},
		{"P4\n# a\n#\n4 2\n\xa0\x50", 0, VIPS_FORMAT_UCHAR, {0, 255, 0, 255, 255, 0, 255, 0}, 8},
		{"P4\n4#a b\n1#c d\n\xa0", 0, VIPS_FORMAT_UCHAR, {0, 255, 0, 255}, 4},
		{"P5\n#\n# 7 7\n3 1\n100\n\0\1\xff", 23, VIPS_FORMAT_UCHAR, {0, 3, 255}, 3},
		{"P5 2 1 255#a b\nAB", 0, VIPS_FORMAT_UCHAR, {'A', 'B'}, 2},
		{"P5 2 1 255\n#\n#\n", 0, VIPS_FORMAT_UCHAR, {'#', '\n'}, 2}, /* pixels */
		{"P5 2 1 1023\n\1\2\3\377", 0, VIPS_FORMAT_USHORT, {16528, 65535}, 2},
		{"P6 1 1 1\n\0\1\1", 12, VIPS_FORMAT_UCHAR, {0, 255, 255}, 3},
		{"P6\n# a\n# b\n1 1 65535\n\0\1\2\3\4\5", 28, VIPS_FORMAT_USHORT, {1, 515, 1029}, 3},
	};

	open_ppm();
	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		assert_levels(files[i].text, files[i].length ? files[i].length : strlen(files[i].text), files[i].text,
			files[i].levels, files[i].count, files[i].format);
	allow_shut();
}

static void damaged_ppm(void **state)
{
	static const struct {
		const char *text, *said;
	} files[] = {
		{"P2\n2 2\n255\n1 2 3\n", "damaged image: row 2, number 2: the file ends"},
		{"P2\n2 1\n255\n1 x\n", "damaged image: row 1, number 2: not a number"},
		{"P1\n2 1\n1", "damaged image: "},
		{"P3\n20000000 20000000\n255\n1",
			"damaged image: the file has fewer numbers than 20000000 x 20000000 pixels need"},
		{"P2\n2 1\n0\n1 1\n", "damaged image: a PPM with a largest value of 0"},
		{"P5\n2 1\n65536\nabcd", "damaged image: a PPM with a largest value of 65536"},
		{"P5\n2 1", "damaged "},
	};

	open_ppm();
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(GBytes) bytes = g_bytes_new_static(files[i].text, strlen(files[i].text));
		g_autoptr(VipsImage) image = NULL;
		g_autoptr(GError) error = NULL;
		if (format_open(NULL, bytes, false, NULL, &image, &error))
			fail_msg("%s: opens", files[i].text);
		if (!strstr(error->message, files[i].said))
			fail_msg("%s: %s", files[i].text, error->message);
	}
	allow_shut();
}

/* The thumbnail step opens the file its own way. */
static void assert_thumbnail(GBytes *bytes, VipsImage *right)
{
	const struct build_context context = {.source_bytes = bytes};
	g_autoptr(JsonArray) steps = chain("[{\"op\":\"thumbnail\",\"params\":{\"width\":4,\"height\":4}}]");
	g_autoptr(VipsImage) source = NULL, got = NULL, wanted = NULL;
	g_autoptr(GError) error = NULL;

	assert_true(format_open(NULL, bytes, true, NULL, &source, NULL));
	if (!chain_open(steps, source, &context, &got, &error))
		fail_msg("%s", error->message);
	assert_int_equal(vips_thumbnail_image(right, &wanted, 4, "height", 4, NULL), 0);
	assert_same_picture(got, wanted);
}

static void thumbnail_of_ppm(void **state)
{
	GByteArray *file = g_byte_array_append(g_byte_array_new(), (const guint8 *)"P5 8 8 15\n", 10);
	guint8 levels[64];

	for (guint i = 0; i < 64; i++)
		levels[i] = (guint8)(i % 16 * 17), g_byte_array_append(file, &(guint8){(guint8)(i % 16)}, 1);
	g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(file);
	g_autoptr(VipsImage) right = vips_image_new_from_memory_copy(levels, 64, 8, 8, 1, VIPS_FORMAT_UCHAR);
	right->Type = VIPS_INTERPRETATION_B_W;
	open_ppm();
	assert_thumbnail(bytes, right);
	allow_shut();
}

/* JPEG in TIFF against the same JPEG by itself: the photometric tag (2: RGB, 6: YCbCr) says what is wrong, or what is right. */
static void jpeg_in_tiff(void **state)
{
	static const guint8 jfif[] = "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0", adobe[] = "\xff\xd8\xff\xee\0\x0e"
											       "Adobe\0\x64\0\0\0\0\0";
	static const struct {
		const char *name;
		const guint8 *marker;
		guint marker_length, compression, photometric;
		bool subsampled;
	} files[] = {
		{"JFIF, RGB", jfif, 20, 7, 2, false},
		{"JFIF, YCbCr", jfif, 20, 7, 6, false},
		{"subsampled, RGB", jfif, 2, 7, 2, true},
		{"Adobe's RGB, YCbCr", adobe, 18, 7, 6, false},
		{"Adobe's RGB, RGB", adobe, 18, 7, 2, false},
		{"old style", jfif, 20, 6, 6, false},
		{"old style, RGB", jfif, 20, 6, 2, false},
	};

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		const struct kind kind = {files[i].name, 8, 1, files[i].compression, files[i].photometric, 3, NULL};
		g_autoptr(VipsImage) image = picture(8, 8, 3, 8);
		g_autofree void *data = NULL;
		size_t length;
		assert_int_equal(
			vips_jpegsave_buffer(image, &data, &length, "strip", TRUE, "subsample_mode",
				files[i].subsampled ? VIPS_FOREIGN_SUBSAMPLE_ON : VIPS_FOREIGN_SUBSAMPLE_OFF, NULL),
			0);
		/* libvips leaves JFIF's marker out. */
		g_autoptr(GByteArray) jpeg =
			g_byte_array_append(g_byte_array_new(), files[i].marker, files[i].marker_length);
		g_byte_array_append(jpeg, (const guint8 *)data + 2, (guint)length - 2);
		g_autoptr(GBytes) bytes = tiff(&kind, jpeg->data, jpeg->len);
		g_autoptr(VipsImage) right = NULL, got = NULL, apart = NULL, away = NULL;
		g_autoptr(GError) error = NULL;
		double most = 0;
		assert_int_equal(vips_jpegload_buffer(jpeg->data, jpeg->len, &right, NULL), 0);
		if (!format_open(NULL, bytes, false, NULL, &got, &error))
			fail_msg("%s: %s", files[i].name, error->message);
		if (vips_subtract(got, right, &apart, NULL) || vips_abs(apart, &away, NULL) ||
			vips_max(away, &most, NULL))
			fail_msg("%s: %s", files[i].name, vips_error_buffer());
		if (most > 2)
			fail_msg("%s: %g levels apart", files[i].name, most);
	}
}

static GByteArray *box(const char *kind, const void *body, gsize length)
{
	GByteArray *all = g_byte_array_new();

	g_byte_array_append(all, (const guint8[]){0, 0, 0, (guint8)(length + 8)}, 4);
	g_byte_array_append(all, (const guint8 *)kind, 4);
	return g_byte_array_append(all, body, (guint)length);
}

static void grey_by_its_boxes(void **state)
{
	for (int grey = 0; grey < 2; grey++) {
		g_autoptr(GByteArray) all = box("av1C", (const guint8[]){0x81, 0, grey ? 0x1c : 0x0c, 0}, 4);
		g_autoptr(GByteArray) colr = box("colr", "nclx\0\1\0\15\0\6\x80", 11);
		g_byte_array_append(all, colr->data, colr->len);
		g_autoptr(GByteArray) ipco = box("ipco", all->data, all->len);
		g_autoptr(GByteArray) iprp = box("iprp", ipco->data, ipco->len);
		g_byte_array_prepend(iprp, (const guint8[4]){0}, 4);
		g_autoptr(GByteArray) meta = box("meta", iprp->data, iprp->len);
		g_autoptr(GArray) places = heif_grey_colours(meta->data, meta->len);
		assert_int_equal(places->len, grey);
		if (grey)
			assert_memory_equal(meta->data + g_array_index(places, guint64, 0), "\0\6\x80", 3);
		for (guint cut = 0; cut < meta->len; cut++)
			g_array_unref(heif_grey_colours(meta->data, cut));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ppm),
		cmocka_unit_test(damaged_ppm),
		cmocka_unit_test(thumbnail_of_ppm),
		cmocka_unit_test(jpeg_in_tiff),
		cmocka_unit_test(grey_by_its_boxes),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
