/* SPDX-License-Identifier: GPL-2.0-or-later
 * Makes a photograph-like test picture: smooth areas, gradients, hard edges, noise. The same arguments give the same
 * pixels everywhere, since each is a function of its place and the seed, in whole numbers.
 *
 *     picture OUT --width W --height H [--bands 1|2|3|4|5] [--depth 8|16] [--seed N] [--orientation K]
 *             [--quality N] [--cmyk] [--profile NAME]
 *
 * Band 2 of two and band 4 of four are alpha, with fully clear and fully opaque areas; with --cmyk the first four are inks, and
 * band 5 is alpha. --profile embeds one that libvips has (srgb, p3, cmyk);
 * --write-profile NAME writes that profile itself to OUT. */
#include <stdint.h>
#include <stdio.h>
#include <vips/vips.h>

struct settings {
	int width, height, bands, depth, seed, orientation, quality;
	gboolean cmyk;
	char *profile, *write_profile;
};

/* 32 well-mixed bits of three numbers. */
static uint32_t mix(uint32_t x, uint32_t y, uint32_t z)
{
	uint32_t h = x * 0x9e3779b1u ^ y * 0x85ebca77u ^ z * 0xc2b2ae3du;

	h ^= h >> 15;
	h *= 0x2c1b3c6du;
	h ^= h >> 12;
	h *= 0x297a2d39u;
	return h ^ h >> 15;
}

/* 0 to 65535, smooth: lattice values each `cell` pixels, between them straight lines. */
static int64_t smooth(int x, int y, int cell, uint32_t layer)
{
	int column = x / cell, row = y / cell;
	int64_t right = x % cell, down = y % cell;
	int64_t left_top = mix(column, row, layer) >> 16, right_top = mix(column + 1, row, layer) >> 16;
	int64_t left_low = mix(column, row + 1, layer) >> 16, right_low = mix(column + 1, row + 1, layer) >> 16;

	return ((left_top * (cell - right) + right_top * right) * (cell - down) +
		       (left_low * (cell - right) + right_low * right) * down) /
	       ((int64_t)cell * cell);
}

/* One band at one place, 0 to 65535. */
static int level(const struct settings *s, int x, int y, int band)
{
	uint32_t layer = (uint32_t)s->seed * 64 + (uint32_t)band * 8;
	int is_alpha = (s->bands == 2 && band == 1) || (s->bands == 4 && band == 3 && !s->cmyk) || band == 4;

	if (is_alpha) {
		int64_t wide = smooth(x, y, 83, layer) * 3 - 65535; /* often beyond both ends */
		return (int)CLAMP(wide, 0, 65535);
	}
	/* Shared by the bands, so that there is grey as well as colour. */
	int64_t shape = smooth(x, y, 151, layer - (uint32_t)band * 8 + 5);
	int64_t tint = smooth(x, y, 61, layer + 1);
	int64_t edges = mix((uint32_t)(x + y / 3) / 47, (uint32_t)(y - x / 4 + s->width) / 59, layer + 2) >> 16;
	int64_t ramp = (int64_t)x * 65535 / s->width;
	int64_t noise = (int64_t)(mix(x, y, layer + 3) >> 19) - 4096;
	int64_t value = (shape * 4 + tint * 2 + edges * 2 + ramp * 2) / 10 + noise;

	return (int)CLAMP(value, 0, 65535);
}

static int generate(VipsRegion *region, void *seq, void *a, void *b, gboolean *stop)
{
	const struct settings *s = b;
	const VipsRect *valid = &region->valid;

	(void)seq, (void)a, (void)stop;
	for (int y = valid->top; y < VIPS_RECT_BOTTOM(valid); y++) {
		VipsPel *bytes = VIPS_REGION_ADDR(region, valid->left, y);
		uint16_t *words = (uint16_t *)(void *)bytes;
		for (int x = valid->left; x < VIPS_RECT_RIGHT(valid); x++)
			for (int band = 0; band < s->bands; band++) {
				int value = level(s, x, y, band);
				if (s->depth == 16)
					*words++ = (uint16_t)value;
				else
					*bytes++ = (VipsPel)(value >> 8);
			}
	}
	return 0;
}

static int write_profile(const char *name, const char *path)
{
	VipsBlob *profile = NULL;
	size_t length = 0;

	if (vips_profile_load(name, &profile, NULL))
		return -1;
	const char *data = vips_blob_get(profile, &length);
	gboolean written = g_file_set_contents(path, data, (gssize)length, NULL);
	vips_area_unref(VIPS_AREA(profile));
	return written ? 0 : -1;
}

static VipsImage *make(struct settings *s)
{
	VipsImage *image = vips_image_new();
	int grey = s->bands < 3, deep = s->depth == 16;
	VipsBlob *profile = NULL;

	vips_image_init_fields(image, s->width, s->height, s->bands, deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR,
		VIPS_CODING_NONE,
		s->cmyk ? VIPS_INTERPRETATION_CMYK
		: grey  ? (deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W)
			: (deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB),
		1, 1);
	if (vips_image_pipelinev(image, VIPS_DEMAND_STYLE_THINSTRIP, NULL) ||
		vips_image_generate(image, NULL, generate, NULL, NULL, s)) {
		g_object_unref(image);
		return NULL;
	}
	if (s->orientation)
		vips_image_set_int(image, VIPS_META_ORIENTATION, s->orientation);
	if (s->profile) {
		size_t length = 0;
		if (vips_profile_load(s->profile, &profile, NULL)) {
			g_object_unref(image);
			return NULL;
		}
		const void *data = vips_blob_get(profile, &length);
		vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, data, length);
		vips_area_unref(VIPS_AREA(profile));
	}
	return image;
}

int main(int argc, char **argv)
{
	struct settings s = {.width = 640, .height = 480, .bands = 3, .depth = 8, .seed = 1};
	const GOptionEntry entries[] = {
		{"width", 0, 0, G_OPTION_ARG_INT, &s.width, "", "W"},
		{"height", 0, 0, G_OPTION_ARG_INT, &s.height, "", "H"},
		{"bands", 0, 0, G_OPTION_ARG_INT, &s.bands, "1 to 5", "N"},
		{"depth", 0, 0, G_OPTION_ARG_INT, &s.depth, "8 or 16", "BITS"},
		{"seed", 0, 0, G_OPTION_ARG_INT, &s.seed, "", "N"},
		{"orientation", 0, 0, G_OPTION_ARG_INT, &s.orientation, "EXIF's, 1 to 8", "K"},
		{"quality", 0, 0, G_OPTION_ARG_INT, &s.quality, "of a lossy format", "N"},
		{"cmyk", 0, 0, G_OPTION_ARG_NONE, &s.cmyk, "inks instead of light", NULL},
		{"write-profile", 0, 0, G_OPTION_ARG_STRING, &s.write_profile, "no picture, but this profile", "NAME"},
		{"profile", 0, 0, G_OPTION_ARG_STRING, &s.profile, "one of libvips' own to embed", "NAME"},
		{.long_name = NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new("OUT");
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc != 2 || s.width < 1 || s.height < 1 ||
		s.bands < 1 || s.bands > 5 || (s.cmyk ? s.bands < 4 : s.bands == 5) ||
		(s.depth != 8 && s.depth != 16) || s.orientation < 0 || s.orientation > 8) {
		fprintf(stderr, "picture: %s\n",
			error ? error->message : "OUT --width W --height H [--bands 1..5] [--depth 8|16] [--seed N]");
		return 2;
	}
	VipsImage *image = VIPS_INIT(argv[0]) || s.write_profile ? NULL : make(&s);
	if (s.write_profile && write_profile(s.write_profile, argv[1]) == 0)
		return 0;
	if (!image || (s.quality ? vips_image_write_to_file(image, argv[1], "Q", s.quality, NULL)
				 : vips_image_write_to_file(image, argv[1], NULL))) {
		fprintf(stderr, "picture: %s", vips_error_buffer());
		return 1;
	}
	g_object_unref(image);
	vips_shutdown();
	return 0;
}
