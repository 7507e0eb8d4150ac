/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a file is by its first bytes, never by its name. Signatures: the formats' own specifications.
 * Thread:    any.
 */
#ifndef DROPMILL_BASE_SNIFF_H
#define DROPMILL_BASE_SNIFF_H

#include <stddef.h>

#define SNIFF_BYTES 1024 /* as many as are worth reading; SVG needs the most: its first tag comes late */

/* "jpeg", "png", "gif", "webp", "tiff", "heif", "avif", "jp2k", "jxl", "svg", "pdf", "bmp", "fits", "exr", "vips", ...;
 * NULL when unknown. */
const char *sniff_format(const void *head, size_t length);

/* What people call it, with its article: "an ICO". The name itself when unknown. */
const char *sniff_called(const char *format);

/* The usual ending of a format without dot ("jpg" for "jpeg"), or NULL. */
const char *sniff_ending(const char *format);

#endif
