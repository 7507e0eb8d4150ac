/* SPDX-License-Identifier: GPL-2.0-or-later
 * An operation for benches of what is not computing: it takes time and no processor. In builds with DROPMILL_TEST_HOOKS only. */
#include "image/operations/groups.h"
#include "image/table/vips_error.h"

#ifdef DROPMILL_TEST_HOOKS

#include <errno.h>
#include <sys/prctl.h>
#include <time.h>

struct pace {
	double ns_per_pixel;
};

/* Asleep for as long as the rectangle is large; the timer's slack of 50 us a call would be counted to the mill. */
static int sleep_generate(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
	VipsRegion *in = sequence;
	const struct pace *pace = b;
	const VipsRect *rect = &out->valid;
	gint64 ns = (gint64)(pace->ns_per_pixel * rect->width * rect->height);
	struct timespec left = {ns / 1000000000, ns % 1000000000};

	(void)a;
	(void)stop;
	prctl(PR_SET_TIMERSLACK, 1);
	while (nanosleep(&left, &left) != 0 && errno == EINTR) {
	}
	return vips_region_prepare(in, rect) || vips_region_region(out, in, rect, rect->left, rect->top);
}

static bool build_test_sleep(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) image = vips_image_new();
	struct pace *pace = VIPS_NEW(image, struct pace);

	pace->ns_per_pixel = param_double(args, "ms") * 1e6 / param_int(args, "pixels");
	if (vips_image_pipelinev(image, VIPS_DEMAND_STYLE_SMALLTILE, in, NULL) != 0 ||
		vips_image_generate(image, vips_start_one, sleep_generate, vips_stop_one, in, pace) != 0)
		return vips_failed(error, NULL);
	*out = g_steal_pointer(&image);
	g_object_ref(in);
	g_signal_connect_swapped(*out, "close", G_CALLBACK(g_object_unref), in);
	return true;
}

const struct operation test_operations[] = {
	{
		.name = "test_sleep",
		.group = "test",
		.summary = "Sleeps, and leaves the picture as it is.",
		.params = PARAMS(DOUBLE_PARAM("ms", NULL, 0, 10000, "20", "for so many pixels"),
			INT_PARAM("pixels", NULL, 1, 1e9, "262144", "a tile of 512 by 512")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_test_sleep,
	},
	{.name = NULL},
};

#else

const struct operation test_operations[] = {{.name = NULL}};

#endif
