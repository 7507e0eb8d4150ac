/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   faster ways to the same bytes. They replace functions in the classes of libvips, so that every operation profits, and
 *            leave to libvips what they do not know: a damaged file, a rare format, a kernel whose sums are not proven equal.
 * Thread:    fast_install() once, after image_init(), before the first picture; what it installs runs in any thread.
 * Ownership: for good.
 */
#pragma once

/* For processes that compute pictures as a whole. A codec, which reads row by row in bounded memory, does without. */
void fast_install(void);
