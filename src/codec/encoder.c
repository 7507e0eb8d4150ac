/* SPDX-License-Identifier: GPL-2.0-or-later
 * The row flow's end: see encoder.h. */
#include "codec/encoder.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "image/read/header.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"
#include "image/write/format_save.h"
#include "image/write/parallel/parallel_save.h"

struct encoder {
	struct plan_output *output;
	struct rows *rows;
	int index;
	VipsImage *image;             /* whose pixels are the ring's */
	struct parallel_save *strips; /* NULL: the saver encodes */
	bool again;                   /* the saver asked for a row that was given back */
	bool stopped;
	GMutex counting; /* for what follows */
	struct stream_spent spent;
	guint8 *read;   /* by row: the saver has it; */
	int read_until; /* and all those above this one */
};

static bool wait_rows(void *user, int until)
{
	struct encoder *encoder = user;
	gint64 began = clock_now_us();
	bool complete = rows_wait_complete(encoder->rows, encoder->index, until);

	g_mutex_lock(&encoder->counting);
	encoder->spent.wait_us += clock_now_us() - began;
	encoder->stopped = encoder->stopped || !complete;
	g_mutex_unlock(&encoder->counting);
	return complete;
}

static void give_back(void *user, int until)
{
	struct encoder *encoder = user;

	rows_encoded(encoder->rows, encoder->index, until);
}

static void stop(void *user)
{
	struct encoder *encoder = user;

	rows_stop(encoder->rows);
}

static void copy_rows(struct encoder *encoder, VipsRegion *out)
{
	const VipsRect *want = &out->valid;
	gsize pixel = VIPS_IMAGE_SIZEOF_PEL(out->im), width = (gsize)want->width * pixel;
	gint64 began = clock_now_us();

	for (int y = want->top; y < VIPS_RECT_BOTTOM(want); y++)
		memcpy(VIPS_REGION_ADDR(out, want->left, y),
			rows_result(encoder->rows, encoder->index, y) + (gsize)want->left * pixel, width);
	g_mutex_lock(&encoder->counting);
	encoder->spent.copy_us += clock_now_us() - began;
	encoder->spent.copied_bytes += (gint64)width * want->height;
	g_mutex_unlock(&encoder->counting);
}

/* A saver with several threads asks for lines side by side: what all of them have is given back. */
static void note_read(struct encoder *encoder, const VipsRect *lines)
{
	g_mutex_lock(&encoder->counting);
	memset(encoder->read + lines->top, 1, (gsize)lines->height);
	int before = encoder->read_until;
	while (encoder->read_until < encoder->image->Ysize && encoder->read[encoder->read_until])
		encoder->read_until++;
	int until = encoder->read_until;
	g_mutex_unlock(&encoder->counting);
	if (until > before)
		give_back(encoder, until);
}

/* Rows that are there. For strips, which ask when they are, from any thread; for a saver it blocks until then. That one
 * asks from top to bottom, for each row once. A second request for a row that was given back would get another row's
 * pixels, so it is an error. */
static int generate(VipsRegion *out, void *sequence, void *client, void *unused, gboolean *stopping)
{
	struct encoder *encoder = client;
	VipsRect *want = &out->valid;

	(void)sequence;
	(void)unused;
	(void)stopping;
	if (want->top < rows_encoded_until(encoder->rows, encoder->index)) {
		encoder->again = true;
		vips_error("dropmill", "the encoder asked for row %d again", want->top);
		return -1;
	}
	if (!encoder->strips && !wait_rows(encoder, VIPS_RECT_BOTTOM(want))) {
		vips_error("dropmill", "stopped");
		return -1;
	}
	copy_rows(encoder, out);
	if (!encoder->strips && VIPS_RECT_RIGHT(want) == out->im->Xsize)
		note_read(encoder, want);
	return 0;
}

struct encoder *encoder_new(const struct plan *plan, struct rows *rows, int index, GError **error)
{
	auto_struct(encoder) encoder = g_new0(struct encoder, 1);
	GError *cause = NULL;

	g_mutex_init(&encoder->counting);
	encoder->output = g_ptr_array_index(plan->outputs, index);
	encoder->rows = rows;
	encoder->index = index;
	/* Full-width strips, whatever the chain would have liked: the rows lie so. */
	encoder->image = header_like(encoder->output->image);
	if (!encoder->image || vips_image_generate(encoder->image, NULL, generate, NULL, encoder, NULL) != 0)
		return vips_failed(error, "encoder"), NULL;
	/* A pyramid's tiles are encoded in parallel by its saver. Other savers have threads of their own (JPEG XL, JPEG
	 * 2000), but libvips counts here the threads that ask for lines. */
	if (!g_str_equal(encoder->output->format, "dz"))
		vips_image_set_int(encoder->image, VIPS_META_CONCURRENCY, 1);
	encoder->read = g_new0(guint8, encoder->image->Ysize);
	const struct parallel_save_flow flow = {
		.wait = wait_rows,
		.taken = give_back,
		.stop = stop,
		.user = encoder,
		.band_rows = encoder->output->grid.tile_height,
		.room_rows = encoder->output->ring.rows,
	};
	encoder->strips = parallel_save_new(encoder->image, encoder->output->format, encoder->output->save,
		(int)g_get_num_processors(), &flow, &cause);
	if (cause)
		return g_propagate_error(error, cause), NULL;
	encoder->spent.parts = encoder->strips ? parallel_save_count(encoder->strips) : 0;
	return g_steal_pointer(&encoder);
}

void encoder_free(struct encoder *encoder)
{
	if (!encoder)
		return;
	parallel_save_free(encoder->strips);
	g_clear_object(&encoder->image);
	g_mutex_clear(&encoder->counting);
	g_free(encoder->read);
	g_free(encoder);
}

bool encoder_run(struct encoder *encoder, const char *path, GError **error)
{
	if (encoder->strips)
		return parallel_save_run(encoder->strips, path, error);
	if (format_save(encoder->image, path, encoder->output->format, encoder->output->save, error))
		return true;
	if (encoder->again || encoder->stopped)
		g_clear_error(error);
	if (encoder->again)
		fail(error, ERROR_SYSTEM, "%s cannot be written row by row", encoder->output->format);
	return false;
}

const struct stream_spent *encoder_spent(const struct encoder *encoder)
{
	return &encoder->spent;
}
