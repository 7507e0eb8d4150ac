/* SPDX-License-Identifier: GPL-2.0-or-later
 * The table of formats and of their options: see format_table.h. */
#include "image/table/format_table.h"

const char *const keep_colours_values[] = {"seen", "raw", NULL};

#define INTEGER(NAME, PROPERTY, LOW, HIGH, FALLBACK, HELP)                                                             \
	INT_PARAM(NAME, NULL, LOW, HIGH, FALLBACK, HELP, .property = PROPERTY)
#define NUMBER(NAME, PROPERTY, LOW, HIGH, FALLBACK, HELP)                                                              \
	DOUBLE_PARAM(NAME, NULL, LOW, HIGH, FALLBACK, HELP, .property = PROPERTY)
#define PIXELS(NAME, PROPERTY, LOW, HIGH, FALLBACK, HELP)                                                              \
	INT_PARAM(NAME, "px", LOW, HIGH, FALLBACK, HELP, .property = PROPERTY)
#define SWITCH(NAME, PROPERTY, HELP, ...) BOOL_PARAM(NAME, "false", HELP, .property = PROPERTY, __VA_ARGS__)
#define CHOICE(NAME, PROPERTY, FALLBACK, HELP, ...)                                                                    \
	CHOICE_PARAM(NAME, NAMES(__VA_ARGS__), FALLBACK, HELP, .property = PROPERTY)
#define METADATA                                                                                                         \
	SWITCH("strip", NULL, "leave out all metadata: EXIF, ICC profile, XMP, IPTC, comments"),                         \
		A_PARAM(PARAM_CHOICES, "keep", NULL,                                                                     \
			"the metadata that survives, such as [icc]; default: all; orientation is part of exif, so turn " \
			"upright first (auto_orient)",                                                                   \
			.choices = NAMES("icc", "exif", "xmp", "iptc"), .property = OWN_OPTION),                         \
		CHOICE_PARAM("keep_colours", keep_colours_values, "seen",                                                \
			"where the ICC profile goes (strip, keep without icc, formats that hold none). seen: converted " \
			"to sRGB before; raw: the numbers stay, and look different",                                     \
			.aliases = NAMES("keep_colors"), .property = OWN_OPTION)
#define QUALITY(LOW, FALLBACK) INTEGER("quality", "Q", LOW, 100, FALLBACK, "higher is better and larger")
#define LOSSLESS(HELP) SWITCH("lossless", NULL, HELP)
#define EFFORT(LOW, HIGH, FALLBACK) INTEGER("effort", NULL, LOW, HIGH, FALLBACK, "time spent to save bytes")
#define SUBSAMPLING(FALLBACK)                                                                                          \
	CHOICE_PARAM("subsampling", NAMES("auto", "on", "off", "4:2:0", "4:4:4"), FALLBACK,                            \
		"halve the colour's resolution: on is 4:2:0, off is 4:4:4, auto is on below quality 90",               \
		.aliases = NAMES("chroma_subsampling"), .property = "subsample_mode")
#define BACKGROUND(HELP) COLOUR_PARAM("background", NULL, HELP, .property = OWN_OPTION)
#define PAGES                                                                                                          \
	CHOICE_PARAM("pages", NAMES("all", "first"), "all",                                                            \
		"of an animation or a document of several pages; each goes through the chain by itself",               \
		.aliases = NAMES("frames"), .property = OWN_OPTION)

static const struct param jpeg_options[] = {
	QUALITY(1, "75"),
	SWITCH("progressive", "interlace", "load in passes", .aliases = NAMES("interlace")),
	SUBSAMPLING("auto"),
	SWITCH("optimise", "optimize_coding", "smaller by better Huffman tables",
		.aliases = NAMES("optimize", "optimise_coding", "optimize_coding")),
	INTEGER("restart_interval", NULL, 0, 65535, "0",
		"restart markers every so many blocks, for readers that repair or go parallel; 0: none"),
	BACKGROUND("laid under transparent pixels, since JPEG has no alpha; default: black, as libvips does"),
	CHOICE_PARAM("thumbnail", NAMES("fresh"), NULL,
		"fresh: EXIF gets a small copy of the finished picture, at most 160 px each way, also with "
		"strip and keep; default: no thumbnail",
		.property = OWN_OPTION),
	METADATA,
	{.name = NULL},
};

static const struct param png_options[] = {
	INTEGER("compression", NULL, 0, 9, "6", "effort of deflate"),
	CHOICE("filter", NULL, "none", "how rows are prepared for deflate; all tries each, slower and often smaller",
		"none", "sub", "up", "avg", "paeth", "all"),
	SWITCH("palette", NULL, "at most 256 colours; loses some, and 16-bit pictures become 8-bit"),
	INTEGER("quality", "Q", 0, 100, "100", "of the palette"),
	NUMBER("dither", NULL, 0, 1, "1", "of the palette: how much its steps are hidden"),
	INTEGER("effort", NULL, 1, 10, "7", "of the palette: time spent to choose it"),
	CHOICE("bitdepth", NULL, NULL, "default: the picture's, 8 or 16; 1, 2 and 4 make a palette of a colour picture",
		"1", "2", "4", "8", "16"),
	SWITCH("interlace", NULL, "load in passes; needs the whole picture in memory", .aliases = NAMES("progressive")),
	METADATA,
	{.name = NULL},
};

static const struct param webp_options[] = {
	QUALITY(0, "75"),
	LOSSLESS("keep every pixel"),
	SWITCH("near_lossless", NULL, "prepare pixels so that lossless packs better; quality says how much"),
	EFFORT(0, 6, "4"),
	INTEGER("alpha_quality", "alpha_q", 0, 100, "100", "of the alpha band"),
	CHOICE("preset", NULL, "default", "what the picture is like", "default", "picture", "photo", "drawing", "icon",
		"text"),
	SWITCH("smart_subsample", NULL, "better colour edges, slower"),
	SWITCH("min_size", NULL, "animations: as small as can be, slow"),
	SWITCH("mixed", NULL, "animations: lossy and lossless frames as is smaller"),
	PAGES,
	METADATA,
	{.name = NULL},
};

static const struct param tiff_options[] = {
	CHOICE("compression", NULL, "none", "how pixels are packed; jpeg and webp lose some and take 8 bits", "none",
		"deflate", "lzw", "packbits", "zstd", "jpeg", "webp", "ccittfax4"),
	INTEGER("quality", "Q", 1, 100, "75", "for jpeg and webp"),
	INTEGER("level", NULL, 1, 22, "10", "for zstd"),
	SWITCH("lossless", NULL, "for webp"),
	CHOICE("predictor", NULL, "horizontal", "for deflate, lzw and zstd", "none", "horizontal", "float"),
	SWITCH("tiled", "tile", "in tiles instead of strips", .aliases = NAMES("tile")),
	PIXELS("tile_width", NULL, 16, 32768, "128", "a multiple of 16"),
	PIXELS("tile_height", NULL, 16, 32768, "128", "a multiple of 16"),
	SWITCH("pyramid", NULL, "with smaller copies for viewers; tiled, too"),
	SWITCH("subifd", NULL, "a pyramid whose copies lie in sub-directories"),
	CHOICE("region_shrink", NULL, "mean", "how the smaller copies are made", "mean", "median", "mode", "max", "min",
		"nearest"),
	CHOICE("bitdepth", NULL, NULL, "default: the picture's; 1, 2 and 4 are for grey pictures without alpha", "1",
		"2", "4", "8"),
	SWITCH("miniswhite", NULL, "grey: 0 is white"),
	SWITCH("bigtiff", NULL, "may grow beyond 4 GB; set by itself for pictures that large"),
	PAGES,
	METADATA,
	{.name = NULL},
};

static const struct param heif_options[] = {
	QUALITY(1, "50"),
	LOSSLESS("as near as the encoder comes: colours are converted, so a level may differ by one or two"),
	EFFORT(0, 9, "4"),
	CHOICE("bitdepth", NULL, NULL, "default: 8, and 12 for a 16-bit picture", "8", "10", "12"),
	SUBSAMPLING("auto"),
	METADATA,
	{.name = NULL},
};

static const struct param gif_options[] = {
	INTEGER("effort", NULL, 1, 10, "7", "time spent on the palette"),
	INTEGER("bitdepth", NULL, 1, 8, "8", "bits a pixel"),
	NUMBER("dither", NULL, 0, 1, "1", "how much the palette's steps are hidden"),
	NUMBER("interframe_maxerror", NULL, 0, 32, "0", "animations: pixels that change less are left as they were"),
	NUMBER("interpalette_maxerror", NULL, 0, 256, "3", "animations: frames that differ less share a palette"),
	SWITCH("reuse", NULL, "take the palette of a GIF that comes in"),
	SWITCH("interlace", NULL, "load in passes", .aliases = NAMES("progressive")),
	PAGES,
	METADATA,
	{.name = NULL},
};

static const struct param jp2k_options[] = {
	QUALITY(1, "48"),
	LOSSLESS("keep every pixel"),
	PIXELS("tile_width", NULL, 1, 32768, "512", "of its tiles"),
	PIXELS("tile_height", NULL, 1, 32768, "512", "of its tiles"),
	SUBSAMPLING("off"),
	METADATA,
	{.name = NULL},
};

static const struct param jxl_options[] = {
	QUALITY(0, "75"),
	NUMBER("distance", NULL, 0, 15, NULL, "instead of quality: 1 looks the same, 3 is poor"),
	LOSSLESS("keep every pixel"),
	EFFORT(3, 9, "7"),
	INTEGER("tier", NULL, 0, 4, "0", "higher decodes faster"),
	METADATA,
	{.name = NULL},
};

static const struct param dz_options[] = {
	CHOICE("layout", NULL, "dz", "which viewers read it: Deep Zoom, Zoomify, Google Maps, IIIF 2 and 3", "dz",
		"zoomify", "google", "iiif", "iiif3"),
	CHOICE("container", NULL, "fs", "a folder, or one file; a name in .zip is a zip", "fs", "zip"),
	CHOICE_PARAM("suffix", NAMES(".jpg", ".jpeg", ".png", ".webp"), NULL,
		"of the tiles; default: .jpeg with layout dz, .jpg with the others", .property = OWN_OPTION),
	INTEGER("quality", OWN_OPTION, 1, 100, "75", "of JPEG and WebP tiles"),
	PIXELS("tile_size", NULL, 1, 8192, NULL, "default: 254 with dz, 256 with zoomify and google, 512 with iiif"),
	PIXELS("overlap", NULL, 0, 8192, NULL, "of neighbours; default: 1 with dz, 0 with the others"),
	CHOICE("depth", NULL, NULL, "how small the last copy is; default: one pixel with dz, one tile with the others",
		"onepixel", "onetile", "one"),
	SWITCH("centre", NULL, "google: the picture in the middle", .aliases = NAMES("center")),
	INTEGER("skip_blanks", NULL, -1, 65535, NULL,
		"leave out tiles that differ less from the background; default: 5 with google, -1 (none) with others"),
	CHOICE("region_shrink", NULL, "mean", "how the smaller copies are made", "mean", "median", "mode", "max", "min",
		"nearest"),
	STRING_PARAM("id", NULL, "iiif: the address that the folder lies below; default: https://example.com/iiif"),
	STRING_PARAM("title", NULL,
		"of the files in it (TITLE.dzi, TITLE_files); default: the output's name without ending",
		.property = OWN_OPTION),
	BACKGROUND("around the picture, and under transparent pixels of JPEG tiles; default: white"),
	METADATA,
	{.name = NULL},
};

const struct format format_table[] = {
	{.name = "jpeg",
		.saver = "jpegsave",
		.summary = "8 bits, grey, RGB or CMYK; no transparency",
		.options = jpeg_options,
		.ink = true,
		.opaque = true,
		.longest_px = 65500,
		.roomy_peer = "png, tiff or jxl"},
	{.name = "png",
		.saver = "pngsave",
		.summary = "lossless; 8 or 16 bits, transparency",
		.options = png_options,
		.lacks = {{.kind = "iptc"}},
		.deep = true},
	{.name = "webp",
		.saver = "webpsave",
		.summary = "8 bits RGB, transparency, animations",
		.options = webp_options,
		.lacks = {{.kind = "iptc"}},
		.longest_px = 16383,
		.pages = true,
		.no_grey = true,
		.roomy_peer = "jpeg, png or tiff"},
	{.name = "tiff",
		.saver = "tiffsave",
		.summary = "any depth and colour space, several pages, pyramids",
		.options = tiff_options,
		.spaces = true,
		.light = true,
		.ink = true,
		.pages = true,
		.deep = true,
		.any = true},
	/* libheif writes larger ones without a word, and then refuses to read them. */
	{.name = "avif",
		.saver = "heifsave",
		.compression = "av1",
		.summary =
			"8, 10 or 12 bits RGB, transparency; small files, slow; readers ignore an orientation tag, so turn "
			"upright first (auto_orient)",
		.options = heif_options,
		.lacks = {{.kind = "iptc"}},
		.longest_px = 16384,
		.deep = true,
		.no_grey = true,
		.roomy_peer = "jpeg, png or tiff"},
	{.name = "heif",
		.saver = "heifsave",
		.compression = "hevc",
		.summary = "as avif, in HEVC (.heic)",
		.options = heif_options,
		.lacks = {{.kind = "iptc"}},
		.longest_px = 16384,
		.deep = true,
		.no_grey = true,
		.roomy_peer = "jpeg, png or tiff"},
	{.name = "gif",
		.saver = "gifsave",
		.summary = "at most 256 colours a frame; animations",
		.options = gif_options,
		.lacks = {{.kind = "exif"}, {.kind = "xmp"}, {.kind = "iptc"}},
		.longest_px = 65535,
		.most_px = G_MAXINT / 4,
		.pages = true,
		.no_profile = true,
		.roomy_peer = "png or tiff"},
	{.name = "jp2k",
		.saver = "jp2ksave",
		.summary = "JPEG 2000: 8 or 16 bits, lossy or lossless; libvips writes no metadata into it",
		.options = jp2k_options,
		.lacks = {{.kind = "exif"}, {.kind = "xmp"}, {.kind = "iptc"}},
		.deep = true,
		.any = true,
		.no_profile = true},
	{.name = "jxl",
		.saver = "jxlsave",
		.summary = "JPEG XL: 8 or 16 bits, lossy or lossless; of metadata, the ICC profile alone",
		.options = jxl_options,
		.light = true,
		.lacks = {{.kind = "exif", .quirk = QUIRK_JXL_WITHOUT_METADATA},
			{.kind = "xmp", .quirk = QUIRK_JXL_WITHOUT_METADATA}, {.kind = "iptc"}},
		.deep = true},
	{.name = "dz",
		.saver = "dzsave",
		.summary = "a pyramid of tiles for zooming viewers: a folder of the output's name, or a zip",
		.options = dz_options,
		.any = true,
		.folder = true},
};
const guint format_count = G_N_ELEMENTS(format_table);

const struct param format_common_options[] = {METADATA, {.name = NULL}};
const struct param format_kept_options[] = {PAGES, METADATA, {.name = NULL}};

const struct format *format_find(const char *name)
{
	for (guint i = 0; i < format_count; i++)
		if (g_str_equal(format_table[i].name, name))
			return &format_table[i];
	return NULL;
}
