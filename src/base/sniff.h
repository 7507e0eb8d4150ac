/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a file is by its first bytes, never by its name.
 * Thread:    any.
 */
#pragma once

#include <stddef.h>

#define SNIFF_BYTES 1024 /* as many as are worth reading; SVG needs the most: its first tag comes late */

/* A name of the table in file_format.c: "jpeg", "png" ...; NULL when unknown. Static. */
const char *sniff_format(const void *head, size_t length);
