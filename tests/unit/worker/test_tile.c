/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tiles computed one after the other by one worker: each asks for its own need alone, and equals the whole picture. */
#include "../image/profile_support.h"

#include "base/json.h"
#include "image/asset/asset.h"
#include "image/chain/tilesource.h"
#include "image/table/auto.h"
#include "worker/tile.h"

/* Of the chain below: a blur of sigma 5 reads 13 pixels around. */
enum { WIDTH = 160, HEIGHT = 120, LEFT = 13, TOP = 9, CROPPED_WIDTH = 130, CROPPED_HEIGHT = 100, MARGIN = 13 };
#define STEPS                                                                                                          \
	"[{\"op\":\"crop\",\"params\":{\"left\":13,\"top\":9,\"width\":130,\"height\":100}},"                          \
	"{\"op\":\"invert\",\"params\":{}},{\"op\":\"blur\",\"params\":{\"sigma\":5}}]"

static VipsImage *whole_picture(void)
{
	g_autoptr(JsonArray) steps = chain(STEPS);
	g_autoptr(VipsImage) source = picture(WIDTH, HEIGHT, 1, 8);
	g_autoptr(VipsImage) lazy = NULL;

	assert_true(chain_build(steps, 0, source, NULL, &lazy, NULL));
	VipsImage *whole = vips_image_copy_memory(lazy);
	assert_non_null(whole);
	return whole;
}

static char *spec_of(VipsImage *source, const char *steps, int width, int height, int piece_width, int piece_height)
{
	g_autoptr(JsonObject) header = tilesource_describe(source);
	g_autofree char *text = json_object_text(header);

	return g_strdup_printf("{\"source\":%s,\"steps\":%s,\"outputs\":[{\"steps\":[],\"width\":%d,\"height\":%d,"
			       "\"pixel_bytes\":%d,\"piece_width\":%d,\"piece_height\":%d}]}",
		text, steps, width, height, source->Bands, piece_width, piece_height);
}

/* The source pixels that an output rectangle needs, no more. */
static VipsRect need_of(const VipsRect *out)
{
	VipsRect need = *out, cropped = {LEFT, TOP, CROPPED_WIDTH, CROPPED_HEIGHT};

	need.left += LEFT;
	need.top += TOP;
	vips_rect_marginadjust(&need, MARGIN);
	vips_rect_intersectrect(&need, &cropped, &need);
	return need;
}

static GBytes *packed(VipsImage *image, const VipsRect *rect)
{
	g_autoptr(VipsRegion) region = vips_region_new(image);
	GByteArray *bytes = g_byte_array_new();

	assert_int_equal(vips_region_prepare(region, rect), 0);
	for (int y = rect->top; y < VIPS_RECT_BOTTOM(rect); y++)
		g_byte_array_append(bytes, VIPS_REGION_ADDR(region, rect->left, y), (guint)rect->width);
	return g_byte_array_free_to_bytes(bytes);
}

static struct rect from_rect(const VipsRect *rect)
{
	return (struct rect){rect->left, rect->top, rect->width, rect->height};
}

/* The pixels of need, for the pixels of out. */
static struct task task_for(char *spec, const VipsRect *out, const VipsRect *need, GBytes *pixels, int attempt)
{
	return (struct task){.kind = TASK_TILE,
		.plane = PLANE_INLINE,
		.job = "job",
		.serial = 1,
		.attempt = attempt,
		.out = from_rect(out),
		.need = from_rect(need),
		.spec = spec,
		.payload = pixels};
}

static void assert_tile(struct tiles *tiles, VipsImage *whole, const VipsRect *out)
{
	g_autoptr(VipsImage) source = picture(WIDTH, HEIGHT, 1, 8);
	g_autofree char *text = spec_of(source, STEPS, CROPPED_WIDTH, CROPPED_HEIGHT, CROPPED_WIDTH, CROPPED_HEIGHT);
	VipsRect need = need_of(out);
	g_autoptr(GBytes) pixels = packed(source, &need);
	g_autoptr(GBytes) expected = packed(whole, out);
	g_autoptr(GBytes) got = NULL;
	g_autoptr(GError) error = NULL;
	struct task task = task_for(text, out, &need, pixels, 1);

	enum result_status status = tiles_compute(tiles, &task, &got, &error);
	if (status != RESULT_OK)
		fail_msg("tile at %d,%d: %s", out->left, out->top, error->message);
	assert_true(g_bytes_equal(got, expected));
	assert_int_equal(tiles_spent(tiles)->copied_bytes, g_bytes_get_size(expected));
}

/* A wide tile, then a narrow one whose margins lie inside the first one's: libvips keeps the buffers of the first. */
static const VipsRect tiles_in_turn[] = {{0, 0, 64, 50}, {64, 0, 62, 50}, {126, 0, 4, 50}, {64, 50, 62, 50},
	{126, 50, 4, 50}, {0, 50, 64, 46}, {0, 96, 64, 4}};

static gpointer compute_in_turn(gpointer data)
{
	struct tiles *tiles = tiles_new();
	g_autoptr(VipsImage) whole = whole_picture();

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(tiles_in_turn); i++)
		assert_tile(tiles, whole, &tiles_in_turn[i]);
	tiles_free(tiles);
	return NULL;
}

static void each_tile_asks_for_its_own_need(void **state)
{
	compute_in_turn(NULL);
}

/* The worker's own kind of thread: buffers are kept and shared there. */
static void each_tile_asks_for_its_own_need_in_a_thread_of_libvips(void **state)
{
	g_thread_join(image_thread_new("compute", compute_in_turn, NULL));
}

/* Each sharpen forks its input three ways; the worker computes in a thread of libvips, where forks share what they compute. */
static gpointer sharpen_three_times(gpointer data)
{
	static const char three[] =
		"[{\"op\":\"sharpen\",\"params\":{\"sigma\":3}},{\"op\":\"sharpen\",\"params\":{\"sigma\":3}},"
		"{\"op\":\"sharpen\",\"params\":{\"sigma\":3}}]";
	struct tiles *tiles = tiles_new();
	g_autoptr(VipsImage) source = picture(WIDTH, HEIGHT, 3, 8);
	g_autofree char *spec = spec_of(source, three, WIDTH, HEIGHT, 64, 64);
	VipsRect all = {0, 0, WIDTH, HEIGHT};
	g_autoptr(GBytes) pixels = g_bytes_new(VIPS_IMAGE_ADDR(source, 0, 0), VIPS_IMAGE_SIZEOF_IMAGE(source));
	g_autoptr(GBytes) got = NULL;
	struct task task = task_for(spec, &all, &all, pixels, 1);

	(void)data;
	assert_int_equal(tiles_compute(tiles, &task, &got, NULL), RESULT_OK);
	tiles_free(tiles);
	return NULL;
}

static void chains_that_fork_are_computed_in_little_memory(void **state)
{
	gsize before = vips_tracked_get_mem_highwater();

	g_thread_join(image_thread_new("compute", sharpen_three_times, NULL));
	assert_in_range(vips_tracked_get_mem_highwater() - before, 0, 64 << 20);
}

/* A cache in the chain keeps black for what it could not get: whoever asks again must not be given that. */
static void a_tile_that_failed_leaves_nothing_behind(void **state)
{
	static const char cached[] = "[{\"op\":\"vips\",\"params\":{\"operation\":\"tilecache\"}}]";
	struct tiles *tiles = tiles_new();
	g_autoptr(VipsImage) source = picture(WIDTH, HEIGHT, 1, 8);
	g_autofree char *spec = spec_of(source, cached, WIDTH, HEIGHT, 64, 64);
	VipsRect all = {0, 0, WIDTH, HEIGHT}, little = {0, 0, 20, 20};

	for (int again = 0; again < 2; again++) {
		const VipsRect *need = again ? &all : &little;
		g_autoptr(GBytes) pixels = packed(source, need);
		g_autoptr(GBytes) got = NULL;
		g_autoptr(GError) error = NULL;
		struct task task = task_for(spec, &all, need, pixels, again);
		enum result_status status = tiles_compute(tiles, &task, &got, &error);
		assert_int_equal(status, again ? RESULT_OK : RESULT_MISSING);
		if (again)
			assert_true(g_bytes_equal(got, pixels));
	}
	tiles_free(tiles);
}

/* The source's header with the hash of its profile, and a step that applies it. */
static char *spec_with_profile(VipsImage *source, GBytes *profile)
{
	g_autoptr(JsonObject) header = tilesource_describe(source);
	g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, profile);
	JsonObject *asset = json_object_new();

	json_object_set_string_member(asset, "sha256", sha256);
	json_object_set_string_member(asset, "path", "/is/not/here");
	json_object_set_object_member(header, "profile", asset);
	g_autofree char *text = json_object_text(header);
	return g_strdup_printf(
		"{\"source\":%s,\"steps\":[{\"op\":\"strip\",\"params\":{}}],\"outputs\":[{\"steps\":[],"
		"\"width\":%d,\"height\":%d,\"pixel_bytes\":%d,\"piece_width\":64,\"piece_height\":64}]}",
		text, source->Xsize, source->Ysize, (int)VIPS_IMAGE_SIZEOF_PEL(source));
}

/* A worker without it says which; one that has it makes what libvips makes of the whole picture, which has its profile in it. */
static void a_profile_comes_by_its_hash(void **state)
{
	struct tiles *tiles = tiles_new();
	g_autoptr(VipsImage) source = picture(WIDTH, HEIGHT, 4, 16);
	g_autoptr(VipsImage) whole = embed_made(picture(WIDTH, HEIGHT, 4, 16), &adobe_rgb);
	g_autoptr(VipsImage) wanted = NULL;
	g_autoptr(GByteArray) made = make_profile(&adobe_rgb);
	g_autoptr(GBytes) profile = g_bytes_new(made->data, made->len);
	g_autofree char *spec = spec_with_profile(source, profile);
	g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, profile);
	g_autoptr(JsonArray) strip = chain("[{\"op\":\"strip\",\"params\":{}}]");
	VipsRect all = {0, 0, WIDTH, HEIGHT};
	g_autoptr(GBytes) pixels = g_bytes_new(VIPS_IMAGE_ADDR(source, 0, 0), VIPS_IMAGE_SIZEOF_IMAGE(source));
	g_autoptr(GBytes) got = NULL;
	g_autoptr(GError) error = NULL;
	struct task task = task_for(spec, &all, &all, pixels, 1);
	gsize length;

	assert_int_equal(tiles_compute(tiles, &task, &got, &error), RESULT_LACKS);
	assert_string_equal(error->message, sha256);
	assert_true(asset_add(sha256, profile));
	assert_int_equal(tiles_compute(tiles, &task, &got, NULL), RESULT_OK);
	assert_true(chain_build(strip, 0, whole, NULL, &wanted, NULL));
	g_autofree void *bytes = vips_image_write_to_memory(wanted, &length);
	assert_int_equal(g_bytes_get_size(got), length);
	assert_memory_equal(g_bytes_get_data(got, NULL), bytes, length);
	assert_memory_not_equal(g_bytes_get_data(pixels, NULL), bytes, length);
	tiles_free(tiles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tile_asks_for_its_own_need),
		cmocka_unit_test(each_tile_asks_for_its_own_need_in_a_thread_of_libvips),
		cmocka_unit_test(chains_that_fork_are_computed_in_little_memory),
		cmocka_unit_test(a_tile_that_failed_leaves_nothing_behind),
		cmocka_unit_test(a_profile_comes_by_its_hash),
	};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}
