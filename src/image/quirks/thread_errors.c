/* SPDX-License-Identifier: GPL-2.0-or-later
 * How libvips' threads ended: see thread_errors.h. */
#include "image/quirks/thread_errors.h"

#include <dlfcn.h>
#include <vips/vips.h>

/* A run of libvips' threads; it goes as their data, and has libvips' own. */
struct run {
	VipsThreadStartFn start;
	VipsThreadpoolAllocateFn allocate;
	VipsThreadpoolWorkFn work;
	VipsThreadpoolProgressFn progress;
	void *a;
	gint failed; /* atomic */
};

static int (*theirs)(VipsImage *im, VipsThreadStartFn start, VipsThreadpoolAllocateFn allocate,
	VipsThreadpoolWorkFn work, VipsThreadpoolProgressFn progress, void *a);

static int noted(struct run *run, int status)
{
	if (status)
		g_atomic_int_set(&run->failed, 1);
	return status;
}

static VipsThreadState *start_thread(VipsImage *im, void *a)
{
	struct run *run = a;
	VipsThreadState *state = run->start(im, run->a);

	noted(run, state ? 0 : -1);
	return state;
}

static int allocate_block(VipsThreadState *state, void *a, gboolean *stop)
{
	struct run *run = a;

	return noted(run, run->allocate(state, run->a, stop));
}

static int work_on_block(VipsThreadState *state, void *a)
{
	struct run *run = a;

	return noted(run, run->work(state, run->a));
}

static int tell_progress(void *a)
{
	struct run *run = a;

	return noted(run, run->progress(run->a));
}

void thread_errors_see(void)
{
	static gsize once;

	if (!g_once_init_enter(&once))
		return;
	*(void **)&theirs = dlsym(RTLD_NEXT, "vips_threadpool_run");
	g_once_init_leave(&once, 1);
}

/* Stands before libvips' own, which returns when all of its threads have ended. */
int vips_threadpool_run(VipsImage *im, VipsThreadStartFn start, VipsThreadpoolAllocateFn allocate,
	VipsThreadpoolWorkFn work, VipsThreadpoolProgressFn progress, void *a)
{
	struct run run = {start, allocate, work, progress, a, 0};

	thread_errors_see();
	int status = theirs(im, start_thread, allocate_block, work_on_block, progress ? tell_progress : NULL, &run);
	return g_atomic_int_get(&run.failed) ? -1 : status;
}
