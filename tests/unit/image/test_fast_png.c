/* SPDX-License-Identifier: GPL-2.0-or-later
 * PNG read faster is PNG as libvips reads it: every filter, every kind; what is damaged or of another kind is left to libvips. */
#include "image/fast/png_data.h"

#include "image/fast/fast.h"
#include "support.h"

#include <unistd.h>

/* As names of libvips: "none", "sub", "up", "avg", "paeth", "all". */
static const char *const filters[] = {"none", "sub", "up", "avg", "paeth", "all"};

static GBytes *png_of(VipsImage *image, const char *options)
{
	g_autofree char *ending = g_strdup_printf(".png[%s]", options);
	void *data = NULL;
	size_t length = 0;

	assert_int_equal(vips_image_write_to_buffer(image, ending, &data, &length, NULL), 0);
	return g_bytes_new_take(data, length);
}

static guint8 *read_bytes(const guint8 *data, gsize length, VipsImage *like)
{
	const struct png_shape shape = {like->Xsize, like->Ysize, like->Bands};

	return png_data_read(data, length, &shape);
}

static guint8 *read_png(GBytes *png, VipsImage *like)
{
	gsize length;
	const guint8 *data = g_bytes_get_data(png, &length);

	return read_bytes(data, length, like);
}

static void assert_pixels(guint8 *got, VipsImage *wanted)
{
	size_t size = 0;
	g_autofree guint8 *pixels = vips_image_write_to_memory(wanted, &size);

	assert_non_null(got);
	assert_memory_equal(got, pixels, size);
	g_free(got);
}

static void every_filter_and_kind(void **state)
{
	static const struct {
		int width, height;
	} sizes[] = {{1, 1}, {5, 3}, {16, 2}, {17, 40}, {333, 250}};

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
		for (int bands = 1; bands <= 4; bands++)
			for (gsize f = 0; f < G_N_ELEMENTS(filters); f++) {
				g_autofree char *options =
					g_strdup_printf("filter=%s,compression=%d", filters[f], (int)f);
				g_autoptr(VipsImage) image = picture(sizes[i].width, sizes[i].height, bands, 8);
				g_autoptr(GBytes) png = png_of(image, options);
				assert_pixels(read_png(png, image), image);
			}
}

/* Neighbours that are equally near to what Paeth predicts, sums that wrap round, bytes of 0 and 255. */
static void extreme_bytes(void **state)
{
	guint8 pixels[4 * 97 * 61];
	GRand *dice = g_rand_new_with_seed(7);

	for (gsize i = 0; i < sizeof pixels; i++)
		pixels[i] = (guint8)(g_rand_int_range(dice, 0, 4) * 85 + g_rand_int_range(dice, 0, 2));
	for (int bands = 1; bands <= 4; bands++)
		for (gsize f = 0; f < G_N_ELEMENTS(filters); f++) {
			g_autofree char *options = g_strdup_printf("filter=%s", filters[f]);
			g_autoptr(VipsImage) image = vips_image_new_from_memory_copy(
				pixels, (gsize)(97 * 61 * bands), 97, 61, bands, VIPS_FORMAT_UCHAR);
			image->Type = bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
			g_autoptr(GBytes) png = png_of(image, options);
			assert_pixels(read_png(png, image), image);
		}
	g_rand_free(dice);
}

static void other_kinds_are_left_alone(void **state)
{
	static const char *const kinds[] = {"interlace=true", "palette=true", "bitdepth=1"};
	g_autoptr(VipsImage) image = picture(64, 48, 1, 8);
	g_autoptr(VipsImage) deep = picture(64, 48, 3, 16);
	g_autoptr(VipsImage) wider = picture(65, 48, 1, 8);
	g_autoptr(GBytes) deep_png = png_of(deep, "filter=none");
	g_autoptr(GBytes) plain = png_of(image, "filter=none");

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(GBytes) png = png_of(image, kinds[i]);
		assert_null(read_png(png, image));
	}
	assert_null(read_png(deep_png, deep));
	assert_null(read_png(plain, wider));
}

static guint32 checksum(const guint8 *data, gsize length)
{
	guint32 sum = ~0u;

	for (gsize i = 0; i < length; i++) {
		sum ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			sum = sum & 1 ? sum >> 1 ^ 0xedb88320u : sum >> 1;
	}
	return ~sum;
}

/* The PNG with a chunk of six bytes behind its header. */
static GBytes *with_chunk(GBytes *png, const char *type)
{
	const gsize header = 8 + 25;
	guint8 chunk[18] = {0, 0, 0, 6};
	GByteArray *all = g_byte_array_new();
	gsize length;
	const guint8 *data = g_bytes_get_data(png, &length);

	memcpy(chunk + 4, type, 4);
	guint32 sum = GUINT32_TO_BE(checksum(chunk + 4, 10));
	memcpy(chunk + 14, &sum, 4);
	g_byte_array_append(all, data, header);
	g_byte_array_append(all, chunk, sizeof chunk);
	g_byte_array_append(all, data + header, (guint)(length - header));
	return g_byte_array_free_to_bytes(all);
}

static void chunks_that_change_pixels_are_left_alone(void **state)
{
	g_autoptr(VipsImage) image = picture(64, 48, 3, 8);
	g_autoptr(GBytes) png = png_of(image, "filter=all");
	g_autoptr(GBytes) comment = with_chunk(png, "prIv");
	g_autoptr(GBytes) transparent = with_chunk(png, "tRNS");
	g_autoptr(GBytes) unknown = with_chunk(png, "CgBI");

	assert_pixels(read_png(comment, image), image);
	assert_null(read_png(transparent, image));
	assert_null(read_png(unknown, image));
}

/* Whatever byte is another one, the checksums tell; and no file that ends early is taken. */
static void damage_is_left_to_libvips(void **state)
{
	g_autoptr(VipsImage) image = picture(40, 30, 3, 8);
	g_autoptr(GBytes) png = png_of(image, "filter=all");
	gsize length;
	const guint8 *data = g_bytes_get_data(png, &length);

	for (gsize at = 0; at < length; at++) {
		g_autofree guint8 *other = g_memdup2(data, length);
		other[at] ^= 0x10;
		assert_null(read_bytes(other, length, image));
	}
	for (gsize end = 0; end < length; end++) {
		g_autofree guint8 *shorter = g_memdup2(data, end ? end : 1);
		assert_null(read_bytes(shorter, end, image));
	}
}

/* A window of 256 bytes is too small for these pixels: libvips says that they are damaged. */
static void a_small_window_is_left_to_libvips(void **state)
{
	g_autoptr(VipsImage) image = picture(64, 48, 3, 8);
	g_autoptr(GBytes) png = png_of(image, "filter=none");
	gsize length;
	const guint8 *data = g_bytes_get_data(png, &length);
	g_autofree guint8 *other = g_memdup2(data, length);

	/* What comes before the pixels differs by version. */
	guint8 *type = memmem(other, length, "IDAT", 4);
	assert_non_null(type);
	gsize at = (gsize)(type - other) + 4;
	assert_true(other[at - 8] == 0 && other[at - 7] == 0);
	gsize bytes = (gsize)other[at - 6] << 8 | other[at - 5];
	other[at] = 0x08;
	other[at + 1] = 0x1d;
	guint32 sum = GUINT32_TO_BE(checksum(other + at - 4, bytes + 4));
	memcpy(other + at + bytes, &sum, 4);
	assert_null(read_bytes(other, length, image));
}

/* The file becomes shorter while it is read: an error, and no signal. */
static void a_file_that_shrinks_is_an_error(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("dropmill-XXXXXX", NULL),
			*path = g_build_filename(folder, "a.png", NULL);
	g_autoptr(VipsImage) image = picture(333, 250, 3, 8);
	g_autoptr(GBytes) png = png_of(image, "filter=none,compression=0");
	gsize length;
	const char *data = g_bytes_get_data(png, &length);

	for (int shrinks = 0; shrinks < 2; shrinks++) {
		size_t size;
		assert_true(g_file_set_contents(path, data, (gssize)length, NULL));
		VipsSource *source = vips_source_new_from_file(path);
		g_autoptr(VipsImage) got =
			vips_image_new_from_source(source, "", "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
		g_object_unref(source);
		assert_non_null(got);
		if (shrinks) {
			assert_int_equal(truncate(path, 20000), 0);
			assert_null(vips_image_write_to_memory(got, &size));
		} else
			assert_same_picture(got, image);
	}
	vips_error_clear();
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static VipsImage *load(GBytes *png, VipsAccess access)
{
	gsize length;
	const void *data = g_bytes_get_data(png, &length);
	VipsSource *source = vips_source_new_from_memory(data, length);
	VipsImage *image =
		vips_image_new_from_source(source, "", "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);

	g_object_unref(source);
	return image;
}

/* The header is libvips', and its loader fails with its own words where the fast way gives up. */
static void libvips_loads_by_it(void **state)
{
	static const VipsAccess ways[] = {VIPS_ACCESS_RANDOM, VIPS_ACCESS_SEQUENTIAL};

	for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autoptr(VipsImage) image = picture(333, 250, 4, 8);
		image->Xres = 11.0;
		vips_image_set_string(image, "png-comment-0-Title", "kept");
		g_autoptr(GBytes) png = png_of(image, "filter=all");
		g_autoptr(VipsImage) got = load(png, ways[i]);
		assert_non_null(got);
		assert_int_equal(got->dhint, VIPS_DEMAND_STYLE_THINSTRIP);
		assert_int_equal(
			vips_image_get_typeof(got, VIPS_META_SEQUENTIAL) != 0, ways[i] == VIPS_ACCESS_SEQUENTIAL);
		assert_same_picture(got, image);
		const char *title = NULL;
		assert_true(got->Xres > 10.9 && got->Xres < 11.1);
		assert_int_equal(vips_image_get_string(got, "png-comment-0-Title", &title), 0);
		assert_string_equal(title, "kept");
		g_autoptr(GBytes) half = g_bytes_new_from_bytes(png, 0, g_bytes_get_size(png) / 2);
		g_autoptr(VipsImage) broken = load(half, ways[i]);
		size_t size;
		assert_non_null(broken);
		assert_null(vips_image_write_to_memory(broken, &size));
		assert_non_null(strstr(vips_error_buffer(), "png"));
		vips_error_clear();
	}
}

static int start(void **state)
{
	if (start_vips(state))
		return -1;
	fast_install();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_filter_and_kind),
		cmocka_unit_test(extreme_bytes),
		cmocka_unit_test(other_kinds_are_left_alone),
		cmocka_unit_test(chunks_that_change_pixels_are_left_alone),
		cmocka_unit_test(damage_is_left_to_libvips),
		cmocka_unit_test(a_small_window_is_left_to_libvips),
		cmocka_unit_test(a_file_that_shrinks_is_an_error),
		cmocka_unit_test(libvips_loads_by_it),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
