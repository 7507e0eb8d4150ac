/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   libvips' error buffer as one of our errors.
 * Thread:    any; the buffer is one for all threads. Ownership: GError's.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Takes what the buffer holds, and clears it; prefix may be NULL. Always returns false. The kind is ERROR_RETRY for trouble of the system,
 * ERROR_SYSTEM where libvips gave no reason, else ERROR_INPUT. */
bool vips_failed(GError **error, const char *prefix);
