/* SPDX-License-Identifier: GPL-2.0-or-later
 * YCbCr TIFF to RGB: see tiff_rgb.h. TIFF 6.0, section 21; libtiff's TIFFRGBAImage(3TIFF). */
#include "image/read/tiff_rgb.h"

#include <string.h>
#include <tiffio.h>

#include "image/read/header.h"
#include "image/table/auto.h"

/* Strips of few rows are decoded several at once. */
#define LEAST_ROWS 64

struct picture {
	GBytes *bytes;
	gsize at; /* where libtiff reads on */
	TIFF *file;
	TIFFRGBAImage rgba;
	bool began; /* rgba is to be ended */
	bool sequential;
	GMutex lock; /* for all of it */
	int width, height, band_rows;
	guint32 **bands; /* rows of pixels, band_rows each; NULL: not decoded */
	int count;
};

static tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t wanted)
{
	struct picture *p = handle;
	gsize length;
	const guint8 *data = g_bytes_get_data(p->bytes, &length);
	gsize count = p->at < length ? MIN((gsize)wanted, length - p->at) : 0;

	if (count == 0) /* at may be far behind the end */
		return 0;
	memcpy(to, data + p->at, count);
	p->at += count;
	return (tmsize_t)count;
}

static tmsize_t write_bytes(thandle_t handle, void *from, tmsize_t count)
{
	(void)handle, (void)from, (void)count;
	return -1;
}

static toff_t seek(thandle_t handle, toff_t to, int whence)
{
	struct picture *p = handle;

	p->at = whence == SEEK_SET ? to : to + (whence == SEEK_CUR ? p->at : g_bytes_get_size(p->bytes));
	return p->at;
}

static toff_t size_of(thandle_t handle)
{
	return g_bytes_get_size(((struct picture *)handle)->bytes);
}

/* Without it libtiff 4.5 takes uncompressed tiles for damaged ones: it compares their size with that of its buffer. */
static int map(thandle_t handle, void **base, toff_t *size)
{
	*base = (void *)g_bytes_get_data(((struct picture *)handle)->bytes, NULL); /* only read */
	*size = size_of(handle);
	return 1;
}

static void unmap(thandle_t handle, void *base, toff_t size)
{
	(void)handle, (void)base, (void)size;
}

static int close_nothing(thandle_t handle)
{
	(void)handle;
	return 0;
}

static void picture_free(gpointer data)
{
	struct picture *p = data;

	for (int i = 0; i < p->count; i++)
		g_free(p->bands[i]);
	g_free(p->bands);
	if (p->began)
		TIFFRGBAImageEnd(&p->rgba);
	if (p->file)
		TIFFClose(p->file);
	g_mutex_clear(&p->lock);
	g_bytes_unref(p->bytes);
	g_free(p);
}

static bool decode(struct picture *p, int band)
{
	int top = band * p->band_rows, rows = MIN(p->band_rows, p->height - top);
	guint32 *pixels = g_try_malloc0_n((gsize)p->width * (gsize)rows, sizeof(guint32));

	if (!pixels) {
		vips_error("tiff_rgb", "out of memory");
		return false;
	}
	p->rgba.row_offset = top;
	if (!TIFFRGBAImageGet(&p->rgba, pixels, (guint32)p->width, (guint32)rows)) {
		vips_error("tiff_rgb", "rows from %d on cannot be read", top);
		g_free(pixels);
		return false;
	}
	/* The one before stays, for threads that are behind. */
	for (int i = 0; p->sequential && i < band - 1; i++)
		g_clear_pointer(&p->bands[i], g_free);
	p->bands[band] = pixels;
	return true;
}

static int generate(VipsRegion *out, void *sequence, void *data, void *unused, gboolean *stop)
{
	struct picture *p = data;
	const VipsRect *r = &out->valid;
	int result = 0;

	(void)sequence, (void)unused, (void)stop;
	g_mutex_lock(&p->lock);
	for (int y = r->top; y < VIPS_RECT_BOTTOM(r) && result == 0; y++) {
		int band = y / p->band_rows;
		if (!p->bands[band] && !decode(p, band)) {
			result = -1;
			break;
		}
		const guint32 *from = p->bands[band] + (gsize)(y % p->band_rows) * (gsize)p->width + r->left;
		guint8 *to = VIPS_REGION_ADDR(out, r->left, y);
		for (int x = 0; x < r->width; x++, to += out->im->Bands) {
			to[0] = (guint8)TIFFGetR(from[x]);
			if (out->im->Bands == 3)
				to[1] = (guint8)TIFFGetG(from[x]), to[2] = (guint8)TIFFGetB(from[x]);
		}
	}
	g_mutex_unlock(&p->lock);
	return result;
}

/* Rows of a strip or tile; all where the file does not say. */
static int piece_rows(TIFF *file, int height)
{
	guint32 rows = 0;

	if (!TIFFGetField(file, TIFFIsTiled(file) ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP, &rows) || rows == 0)
		return height;
	return (int)MIN(rows, (guint32)height);
}

/* Opens it with libtiff, and says what it makes of it. */
static bool begin(struct picture *p, guint page, VipsImage *image)
{
	char reason[1024] = "";

	p->file = TIFFClientOpen("TIFF", "r", p, read_bytes, write_bytes, seek, close_nothing, size_of, map, unmap);
	if (!p->file || (page > 0 && !TIFFSetDirectory(p->file, (tdir_t)page)))
		return false;
	p->began = TIFFRGBAImageBegin(&p->rgba, p->file, 1 /* stop at an error */, reason);
	if (!p->began || p->rgba.width != (guint32)p->width || p->rgba.height != (guint32)p->height) {
		vips_error_clear();
		vips_error("tiff_rgb",
			"unsupported: a YCbCr TIFF that libtiff does not convert (%s); convert it to RGB first",
			*reason ? reason : "its size is not clear");
		return false;
	}
	bool grey = p->rgba.photometric == PHOTOMETRIC_MINISBLACK || p->rgba.photometric == PHOTOMETRIC_MINISWHITE;
	vips_image_init_fields(image, p->width, p->height, grey ? 1 : 3, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
		grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, image->Xres, image->Yres);
	/* As the pixels lie: turning them is for who reads the tag. */
	p->rgba.req_orientation = p->rgba.orientation;
	int rows = piece_rows(p->file, p->height);
	p->band_rows = MIN(p->height, rows * MAX(1, LEAST_ROWS / rows));
	p->count = (p->height + p->band_rows - 1) / p->band_rows;
	p->bands = g_new0(guint32 *, p->count);
	return true;
}

VipsImage *tiff_rgb_new(GBytes *file, guint page, VipsImage *header, bool sequential)
{
	g_autoptr(VipsImage) image = header_like(header);
	struct picture *p;

	if (!image)
		return NULL;
	p = g_new0(struct picture, 1);
	*p = (struct picture){
		.bytes = g_bytes_ref(file), .width = header->Xsize, .height = header->Ysize, .sequential = sequential};
	g_mutex_init(&p->lock);
	g_object_set_data_full(G_OBJECT(image), "dropmill-picture", p, picture_free);
	if (!begin(p, page, image) || vips_image_generate(image, NULL, generate, NULL, p, NULL))
		return NULL;
	return g_steal_pointer(&image);
}
