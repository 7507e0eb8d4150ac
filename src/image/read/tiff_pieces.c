/* SPDX-License-Identifier: GPL-2.0-or-later
 * Packed TIFF on several cores: see tiff_pieces.h. What a plain file is follows libvips' loader (tiff2vips.c). */
#include "image/read/tiff_pieces.h"

#include <string.h>
#include <tiffio.h>

#include "base/clock.h"
#include "base/error.h"
#include "image/table/vips_error.h"

/* Fewer rows at once would leave cores idle between them. */
#define LEAST_ROWS 64
/* All threads' pieces together. What takes more in two is left to libvips, which reads strips row by row. */
#define MEMORY_MOST (32 << 20)

struct tiff_pieces {
	int width, height;             /* px */
	int piece_width, piece_height; /* px */
	int across;                    /* pieces in a row of them */
	int rows;                      /* at once */
	bool tiled;
	gsize pixel, piece_bytes;
	GArray *hands;     /* struct hand, one for each thread */
	GThreadPool *pool; /* of all but the caller's; NULL: there are no others */
	gint64 cpu_us;     /* of theirs */
	gint64 count;      /* of pieces read */
};

/* What one thread needs. */
struct hand {
	TIFF *file;
	guint8 *buffer; /* a piece */
	struct reading *reading;
};

/* What one call of tiff_pieces_read() asks of the threads. */
struct reading {
	const struct tiff_pieces *pieces;
	int top, count;
	guint8 *rows;
	gsize stride;
	int ring_rows;
	gint next, end; /* pieces that nobody has taken yet */
	gint failed;
	GMutex lock;
	GCond ended;
	int running;
	gint64 cpu_us;
};

static guint32 number(TIFF *file, ttag_t tag, guint32 fallback)
{
	guint32 value;

	return TIFFGetField(file, tag, &value) ? value : fallback;
}

static guint short_number(TIFF *file, ttag_t tag)
{
	guint16 value;

	return TIFFGetFieldDefaulted(file, tag, &value) ? value : 0;
}

static bool is_packed(guint compression)
{
	switch (compression) {
	case COMPRESSION_LZW:
	case COMPRESSION_DEFLATE:
	case COMPRESSION_ADOBE_DEFLATE:
	case COMPRESSION_PACKBITS:
	case COMPRESSION_ZSTD:
	case COMPRESSION_LZMA:
		return true;
	default:
		return false;
	}
}

/* Is a pixel of the file one of the image, as it is? */
static bool is_plain(TIFF *file, const VipsImage *image)
{
	guint bits = short_number(file, TIFFTAG_BITSPERSAMPLE), samples = short_number(file, TIFFTAG_SAMPLESPERPIXEL);
	guint colour = short_number(file, TIFFTAG_PHOTOMETRIC);
	guint16 extra_count = 0, *extra = NULL;

	TIFFGetFieldDefaulted(file, TIFFTAG_EXTRASAMPLES, &extra_count, &extra);
	for (guint i = 0; i < extra_count; i++)
		/* libvips divides by the alpha that others multiplied with. */
		if (extra[i] == EXTRASAMPLE_ASSOCALPHA)
			return false;
	return (colour == PHOTOMETRIC_RGB || colour == PHOTOMETRIC_MINISBLACK) &&
	       short_number(file, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_CONTIG &&
	       short_number(file, TIFFTAG_SAMPLEFORMAT) == SAMPLEFORMAT_UINT && (int)samples == image->Bands &&
	       image->Coding == VIPS_CODING_NONE &&
	       ((bits == 8 && image->BandFmt == VIPS_FORMAT_UCHAR) ||
		       (bits == 16 && image->BandFmt == VIPS_FORMAT_USHORT));
}

static int over(int count, int of)
{
	return (count + of - 1) / of;
}

/* Fills in how the file is cut. */
static bool is_cut(TIFF *file, struct tiff_pieces *pieces, int threads, int most_rows)
{
	pieces->tiled = TIFFIsTiled(file);
	guint32 width = pieces->tiled ? number(file, TIFFTAG_TILEWIDTH, 0) : (guint32)pieces->width;
	guint32 height = pieces->tiled ? number(file, TIFFTAG_TILELENGTH, 0)
				       : MIN(number(file, TIFFTAG_ROWSPERSTRIP, G_MAXINT), (guint32)pieces->height);
	guint64 bytes = pieces->tiled ? TIFFTileSize64(file) : TIFFStripSize64(file);

	/* One piece is the whole picture, or has as many pixels. */
	if (width == 0 || height == 0 || height >= (guint32)pieces->height || height > (guint32)most_rows ||
		width > G_MAXINT / 2 || bytes > MEMORY_MOST / 2 || bytes != (guint64)width * height * pieces->pixel)
		return false;
	pieces->piece_width = (int)width;
	pieces->piece_height = (int)height;
	pieces->piece_bytes = bytes;
	pieces->across = over(pieces->width, pieces->piece_width);
	/* Two pieces for each thread, and not too few rows. */
	int down = VIPS_MAX(over(LEAST_ROWS, pieces->piece_height), over(2 * threads, pieces->across));
	pieces->rows = VIPS_MIN(down, most_rows / pieces->piece_height) * pieces->piece_height;
	return true;
}

static void hand_clear(gpointer data)
{
	struct hand *hand = data;

	TIFFClose(hand->file);
	g_free(hand->buffer);
}

static void copy_piece(const struct reading *reading, int index, const guint8 *piece)
{
	const struct tiff_pieces *pieces = reading->pieces;
	int left = index % pieces->across * pieces->piece_width, top = index / pieces->across * pieces->piece_height;
	int bottom = MIN(MIN(top + pieces->piece_height, reading->top + reading->count), pieces->height);
	gsize width = (gsize)MIN(pieces->piece_width, pieces->width - left) * pieces->pixel;

	for (int y = top; y < bottom; y++)
		memcpy(reading->rows + (gsize)(y % reading->ring_rows) * reading->stride + (gsize)left * pieces->pixel,
			piece + (gsize)(y - top) * (gsize)pieces->piece_width * pieces->pixel, width);
}

/* The bytes that the piece has to have: a strip at the picture's end has fewer rows. */
static gssize expected_bytes(const struct tiff_pieces *pieces, int index)
{
	int rows = MIN(pieces->piece_height, pieces->height - index / pieces->across * pieces->piece_height);

	return (gssize)(pieces->tiled ? pieces->piece_bytes : (gsize)rows * (gsize)pieces->piece_width * pieces->pixel);
}

static bool read_piece(const struct reading *reading, const struct hand *hand, int index)
{
	const struct tiff_pieces *pieces = reading->pieces;
	gssize expected = expected_bytes(pieces, index);

	/* libtiff can report success for a damaged piece that it did not fill. What libvips shows there is black. */
	memset(hand->buffer, 0, pieces->piece_bytes);
	gssize length = pieces->tiled ? TIFFReadEncodedTile(hand->file, (guint32)index, hand->buffer, expected)
				      : TIFFReadEncodedStrip(hand->file, (guint32)index, hand->buffer, expected);

	if (length != expected) {
		vips_error("tiff2vips", "%s %d cannot be read", pieces->tiled ? "tile" : "strip", index);
		return false;
	}
	if (reading->rows)
		copy_piece(reading, index, hand->buffer);
	return true;
}

static void read_pieces(struct reading *reading, const struct hand *hand)
{
	for (;;) {
		int index = g_atomic_int_add(&reading->next, 1);
		if (index >= reading->end || g_atomic_int_get(&reading->failed))
			return;
		if (!read_piece(reading, hand, index))
			g_atomic_int_set(&reading->failed, 1);
	}
}

static void help(gpointer data, gpointer unused)
{
	struct hand *hand = data;
	struct reading *reading = hand->reading;
	gint64 began = clock_thread_us();

	(void)unused;
	read_pieces(reading, hand);
	g_mutex_lock(&reading->lock);
	reading->cpu_us += clock_thread_us() - began;
	reading->running--;
	g_cond_signal(&reading->ended);
	g_mutex_unlock(&reading->lock);
}

static bool add_hand(struct tiff_pieces *pieces, TIFF *file /* takes */)
{
	struct hand hand = {.file = file, .buffer = g_try_malloc(pieces->piece_bytes)};

	g_array_append_val(pieces->hands, hand);
	return hand.buffer != NULL;
}

struct tiff_pieces *tiff_pieces_open(const char *path, const VipsImage *image, int threads, int most_rows)
{
	/* m: no mapping, in which a file that becomes shorter would be a crash. */
	TIFF *file = threads > 1 ? TIFFOpen(path, "rm") : NULL;

	if (!file)
		return vips_error_clear(), NULL;
	auto_struct(tiff_pieces) pieces = g_new0(struct tiff_pieces, 1);
	pieces->width = image->Xsize;
	pieces->height = image->Ysize;
	pieces->pixel = VIPS_IMAGE_SIZEOF_PEL(image);
	pieces->hands = g_array_new(FALSE, FALSE, sizeof(struct hand));
	g_array_set_clear_func(pieces->hands, hand_clear);
	bool suits = number(file, TIFFTAG_IMAGEWIDTH, 0) == (guint32)image->Xsize &&
		     number(file, TIFFTAG_IMAGELENGTH, 0) == (guint32)image->Ysize &&
		     is_packed(short_number(file, TIFFTAG_COMPRESSION)) && is_plain(file, image) &&
		     is_cut(file, pieces, threads, most_rows) && add_hand(pieces, file);
	if (!suits && pieces->hands->len == 0)
		TIFFClose(file);
	if (!suits)
		return NULL;
	int most = MIN(threads, pieces->across * (pieces->rows / pieces->piece_height));
	most = (int)MIN((gsize)most, MEMORY_MOST / pieces->piece_bytes);
	while ((int)pieces->hands->len < most && (file = TIFFOpen(path, "rm")))
		if (!add_hand(pieces, file))
			return NULL;
	if (pieces->hands->len < 2)
		return NULL;
	pieces->pool = g_thread_pool_new(help, NULL, (gint)pieces->hands->len - 1, FALSE, NULL);
	return g_steal_pointer(&pieces);
}

void tiff_pieces_free(struct tiff_pieces *pieces)
{
	if (!pieces)
		return;
	if (pieces->pool)
		g_thread_pool_free(pieces->pool, FALSE, TRUE);
	g_array_unref(pieces->hands);
	g_free(pieces);
}

int tiff_pieces_rows(const struct tiff_pieces *pieces)
{
	return pieces->rows;
}

void tiff_pieces_spent(const struct tiff_pieces *pieces, gint64 *count, gint64 *cpu_us)
{
	*count = pieces->count;
	*cpu_us = pieces->cpu_us;
}

bool tiff_pieces_read(
	struct tiff_pieces *pieces, int top, int count, guint8 *rows, gsize stride, int ring_rows, GError **error)
{
	int first = top / pieces->piece_height * pieces->across;
	struct reading reading = {
		.pieces = pieces,
		.top = top,
		.count = count,
		.rows = rows,
		.stride = stride,
		.ring_rows = ring_rows,
		.next = first,
		.end = over(top + count, pieces->piece_height) * pieces->across,
		.running = (int)pieces->hands->len - 1,
	};

	g_mutex_init(&reading.lock);
	g_cond_init(&reading.ended);
	for (guint i = 1; i < pieces->hands->len; i++) {
		struct hand *hand = &g_array_index(pieces->hands, struct hand, i);
		hand->reading = &reading;
		g_thread_pool_push(pieces->pool, hand, NULL);
	}
	read_pieces(&reading, &g_array_index(pieces->hands, struct hand, 0));
	g_mutex_lock(&reading.lock);
	while (reading.running > 0)
		g_cond_wait(&reading.ended, &reading.lock);
	g_mutex_unlock(&reading.lock);
	g_mutex_clear(&reading.lock);
	g_cond_clear(&reading.ended);
	pieces->cpu_us += reading.cpu_us;
	pieces->count += reading.end - first;
	return !reading.failed || vips_failed(error, "decode");
}

bool tiff_unpacks(guint compression)
{
	return compression <= G_MAXUINT16 && TIFFIsCODECConfigured((guint16)compression);
}
