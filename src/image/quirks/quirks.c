/* SPDX-License-Identifier: GPL-2.0-or-later
 * Versions of libvips: see quirks.h. */
#include "image/quirks/quirks.h"

#include <vips/vips.h>

#include "image/quirks/probes.h"

#define OLDEST 81400

/* By subject: pixels, reading, writing, limits, the build. */
static const struct quirk_row rows[QUIRKS] = {
	[QUIRK_ALPHA_OF_SCRGB] = {"alpha-of-scrgb", "alpha beside scRGB is 0 to 1, and 0 to 255 before",
		"conversions scale alpha to that range", 81500, 0, probe_alpha_of_scrgb},
	[QUIRK_SOBEL_OF_8_BITS] = {"sobel-of-8-bits", "sobel makes 8 bits of 16",
		"edges computes other depths than 8 bits by itself", 81500, 0, probe_sobel_of_8_bits},
	[QUIRK_SHARPEN_TO_10] = {"sharpen-to-10", "sharpen takes a sigma up to 10, and uses its default for more",
		"check refuses a larger sigma", 81500, 0, probe_sharpen_to_10},
	[QUIRK_RANK_OF_8_BITS] = {"rank-of-8-bits",
		"rank on 8 bits is off by one in windows of more than 10 pixels, and depends on where a tile begins",
		"rank and median count by themselves, in every version; vips: rank runs on the tiles of libvips",
		OLDEST, 81702, probe_rank_of_8_bits},
	[QUIRK_CONV_BY_ROUNDED_SCALE] = {"conv-by-rounded-scale",
		"conv in integers divides by the rounded scale: one of 0.5 and less ends the process",
		"check refuses such a scale", OLDEST, 0, NULL},
	[QUIRK_GREY_BY_709] = {"grey-by-709",
		"grey is 0.2126, 0.7152 and 0.0722 of red, green and blue, and 0.2, 0.7 and 0.1 before",
		"grayscale asks libvips for the shares", 81600, 0, probe_grey_by_709},
	[QUIRK_GREY16_THROUGH_FLOATS] = {"grey16-through-floats",
		"colourspace takes alpha of 16 bits through floating point, and changes it by one",
		"grayscale leaves alpha out, in every version", 81500, 0, NULL},
	[QUIRK_ROUNDED_PREMULTIPLIED] = {"rounded-premultiplied",
		"thumbnail rounds colours that are weighed by alpha: faint pixels differ by some levels",
		"nothing: the output is that of the libvips in use", 81500, 0, NULL},
	[QUIRK_PIXELS_OF_VECTORS] = {"pixels-of-vectors",
		"resize, reduce, blur and others compute with Highway, and with Orc before: other pixels, by a level or some",
		"workers are compared by test pictures, see Upgrade", 81500, 0, NULL},
	[QUIRK_EXR_BY_NAME] = {"exr-by-name",
		"OpenEXR has no loader for sources, so libvips does not find it by the first bytes",
		"OpenEXR is read by its name", OLDEST, 0, probe_exr_by_name},
	[QUIRK_THUMBNAIL_FAIL_ON] = {"thumbnail-fail-on", "thumbnail_source ignores fail_on",
		"it is passed in the option string", OLDEST, 0, NULL},
	[QUIRK_TIFF_HALF_FLOATS] = {"tiff-half-floats",
		"floats of 16 bits in TIFF are read; before, they fail with the reason", "nothing", 81500, 0, NULL},
	[QUIRK_TIFF_DAMAGE_UNSEEN] = {"tiff-damage-unseen",
		"with fail_on=truncated, damaged TIFF is read, and shows whatever lay in memory",
		"TIFF is read with fail_on=warning, and what libtiff warns of is kept from libvips", 81700, 0, NULL},
	[QUIRK_PNM_LARGEST_VALUE] = {"pnm-largest-value",
		"the loader notes the largest value of PPM as ppm-max-value, and the saver writes it",
		"it is corrected with the pixels", 81500, 0, NULL},
	[QUIRK_HEIF_GREY_RANGE] = {"heif-grey-range",
		"libheif (1.15 to 1.23) stretches grey of limited range, or does not, by its version and the depth",
		"it reads the file as of full range, and dropmill stretches", OLDEST, 0, NULL},
	[QUIRK_PAGES_TO_10000] = {"pages-to-10000", "vips_image_get_n_pages() says 1 from 10,000 pages on",
		"the field is read itself", OLDEST, 0, NULL},
	[QUIRK_LAST_BLOCK_UNSEEN] = {"last-block-unseen",
		"savers do not look at how the last block of a picture was written",
		"dropmill sees every write, in every version", OLDEST, 81601, probe_last_block_unseen},
	[QUIRK_THREAD_ERRORS_UNSEEN] = {"thread-errors-unseen",
		"with several threads, a picture whose last block could not be read may be said to be good",
		"dropmill sees how every thread ended, in every version", OLDEST, 81504, NULL},
	[QUIRK_TILES_BY_GSF] = {"tiles-by-gsf", "dzsave writes tiles by libgsf, and does not look at their close",
		"the class of libgsf is changed where dropmill was built with such a libvips", OLDEST, 81500, NULL},
	[QUIRK_TILES_BY_FCLOSE] = {"tiles-by-fclose",
		"dzsave writes tiles by fopen() and fclose(), and does not look at the answer",
		"fclose() is replaced, in every version", 81500, 0, NULL},
	[QUIRK_FLAT_ZIP] = {"flat-zip", "the zip of a Deep Zoom pyramid has no folder around its files",
		"the folder is part of their name", 81500, 0, NULL},
	[QUIRK_PROPERTIES_BESIDE] = {"properties-beside",
		"dzsave writes vips-properties.xml beside the tiles in all layouts but dz, and among them before",
		"it is removed in both places", 81500, 0, NULL},
	[QUIRK_TIFF_TILES_FROM_RIGHT] = {"tiff-tiles-from-right",
		"JPEG tiles of a row of TIFF are written by several threads, in any order",
		"joined parts keep the order that libvips wrote", 81500, 0, NULL},
	[QUIRK_TIFF_JPEG_EDGES] = {"tiff-jpeg-edges",
		"JPEG tiles in TIFF that reach beyond the picture are filled with whatever lay in memory",
		"nothing: the last pixels of a row may differ by little from one run to the next", 81500, 0, NULL},
	[QUIRK_PNG_BY_TAG] = {"png-by-tag",
		"pngsave takes 16 bits from the tag of a picture of 8, and writes what lies behind it in memory",
		"pictures get the tag of their depth, or the depth of their tag", OLDEST, 0, NULL},
	[QUIRK_DEEP_TO_8_BITS] = {"deep-to-8-bits", "savers of 8 bits shift 16 bits down; some clip before",
		"16 bits are shifted before saving, in every version", 81701, 0, NULL},
	[QUIRK_TIFF_WEBP_OF_ALL] = {"tiff-webp-of-all",
		"WebP in TIFF of other pictures than RGB of 8 bits has no pixels", "they are converted before", OLDEST,
		0, NULL},
	[QUIRK_HEIF_OF_MULTIBAND] = {"heif-of-multiband", "heifsave refuses pictures without a colour space",
		"they are tagged as grey or sRGB before", 81601, 81700, NULL},
	[QUIRK_JXL_OF_OTHER_SPACES] = {"jxl-of-other-spaces",
		"jxlsave writes Lab, XYZ and CMYK as if they were sRGB, or fails", "they are converted to sRGB before",
		81500, 0, NULL},
	[QUIRK_JXL_WITHOUT_METADATA] = {"jxl-without-metadata", "jxlsave writes no EXIF and no XMP",
		"the report says that they are lost", OLDEST, 81600, NULL},
	[QUIRK_GIF_OF_EQUAL_FRAMES] = {"gif-of-equal-frames",
		"gifsave joins equal frames that follow one another, from some cgif on (0.3 does not, 0.5 does); the joined one is shown as long as they were",
		"from libvips 8.17 on an option keeps them; before, nothing", 81600, 0, probe_equal_frames_joined},
	[QUIRK_ZSTD_LEVEL] = {"zstd-level", "the level of zstd in TIFF is another than 10, by default", "it is set",
		81600, 0, probe_zstd_level},
	[QUIRK_SIDE_OF_100_MILLION] = {"side-of-100-million",
		"a side has up to 100,000,000 pixels, and 10,000,000 before",
		"nothing: 10,000,000 are the limit in every version", 81600, 0, probe_side_of_100_million},
	[QUIRK_OWN_AUTOPTR] = {"own-autoptr", "g_autoptr() of libvips is defined by its headers",
		"they are defined at build time for older headers alone", 81600, 0, NULL},
	[QUIRK_OLD_NAMES] = {"old-names", "vips.h has the names of libvips 7, which are those of other libraries, too",
		"they are left out at build time (VIPS_DISABLE_COMPAT)", 81500, 0, NULL},
	[QUIRK_SLOW_REDUCEH] = {"slow-reduceh", "reduceh uses no vector instructions",
		"workers shrink 8-bit pictures across by SSE2, to the same bytes", OLDEST, 81500, NULL},
	[QUIRK_SLOW_FLOATS_REDUCED] = {"slow-floats-reduced",
		"reduceh and reducev of floats, as of every picture with alpha, use no vector instructions",
		"workers shrink them by AVX, to the same bytes", OLDEST, 0, NULL},
	[QUIRK_LANCZOS_BY_ONE_QUOTIENT] = {"lanczos-by-one-quotient",
		"weights of Lanczos are one quotient, and a product of two later: other roundings",
		"workers that shrink by themselves compute them so, too", OLDEST, 81500, NULL},
};

/* Where libvips cannot be asked just now, as with too little memory, its version tells: a wrong answer would stay. */
static bool find_out(const struct quirk_row *row)
{
	int version = 10000 * vips_version(0) + 100 * vips_version(1) + vips_version(2);
	bool found;

	g_assert(row->name);
	if (row->found && row->found(&found))
		return found;
	if (row->found)
		vips_error_clear();
	return version >= row->since && (!row->until || version < row->until);
}

bool quirk(enum quirk which)
{
	static gint known[QUIRKS]; /* 0: not asked yet, 1: yes, -1: no */
	int answer = g_atomic_int_get(&known[which]);

	if (!answer) {
		answer = find_out(&rows[which]) ? 1 : -1;
		g_atomic_int_set(&known[which], answer);
	}
	return answer == 1;
}

char *quirk_version_text(int version)
{
	if (!version)
		return g_strdup("");
	return version % 100 ? g_strdup_printf("%d.%d.%d", version / 10000, version / 100 % 100, version % 100)
			     : g_strdup_printf("%d.%d", version / 10000, version / 100 % 100);
}

char *quirks_markdown(void)
{
	GString *text = g_string_new("| Name | Fact | From | Until | Found out by | What dropmill does |\n"
				     "| --- | --- | --- | --- | --- | --- |\n");

	for (enum quirk i = QUIRK_NONE + 1; i < QUIRKS; i++) {
		g_autofree char *since = quirk_version_text(rows[i].since == OLDEST ? 0 : rows[i].since);
		g_autofree char *until = quirk_version_text(rows[i].until);
		g_string_append_printf(text, "| `%s` | %s | %s | %s | %s | %s |\n", rows[i].name, rows[i].what, since,
			until, rows[i].found ? "trying" : "version", rows[i].done);
	}
	return g_string_free(text, FALSE);
}

const struct quirk_row *quirk_row(enum quirk which)
{
	return &rows[which];
}
