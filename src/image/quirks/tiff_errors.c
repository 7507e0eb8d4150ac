/* SPDX-License-Identifier: GPL-2.0-or-later
 * What libvips learns of TIFF's damage: see tiff_errors.h. */
#include "image/quirks/tiff_errors.h"

#include <dlfcn.h>
#include <tiffio.h>

#include "image/quirks/quirks.h"

typedef void (*set_fn)(TIFFOpenOptions *options, TIFFErrorHandlerExtR handler, void *data);
static set_fn set_error, set_warning;
static void *vips_base;

void tiff_errors_see(void)
{
	static gsize once;
	Dl_info vips;

	if (!g_once_init_enter(&once))
		return;
	*(void **)&set_error = dlsym(RTLD_NEXT, "TIFFOpenOptionsSetErrorHandlerExtR");
	*(void **)&set_warning = dlsym(RTLD_NEXT, "TIFFOpenOptionsSetWarningHandlerExtR");
	if (dladdr(dlsym(RTLD_NEXT, "vips_version"), &vips))
		vips_base = vips.dli_fbase;
	g_once_init_leave(&once, 1);
}

/* libvips' handlers note the error or warning in their data, which may be NULL: they then only say it. Others' are left alone. */
static void *data_for(TIFFErrorHandlerExtR handler, void *data)
{
	Dl_info place;

	return dladdr(*(void **)&handler, &place) && place.dli_fbase == vips_base ? NULL : data;
}

void TIFFOpenOptionsSetErrorHandlerExtR(TIFFOpenOptions *options, TIFFErrorHandlerExtR handler, void *data)
{
	tiff_errors_see();
	set_error(options, handler, data_for(handler, data));
}

void TIFFOpenOptionsSetWarningHandlerExtR(TIFFOpenOptions *options, TIFFErrorHandlerExtR handler, void *data)
{
	tiff_errors_see();
	set_warning(options, handler, data_for(handler, data));
}

VipsFailOn tiff_errors_fail_on(const char *loader)
{
	return loader && g_str_has_prefix(loader, "tiffload") && quirk(QUIRK_TIFF_DAMAGE_UNSEEN)
		       ? VIPS_FAIL_ON_WARNING
		       : VIPS_FAIL_ON_TRUNCATED;
}
