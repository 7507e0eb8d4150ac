/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the endings of output names, and the formats that they stand for.
 * Thread:    any. Ownership: what is returned is borrowed.
 */
#pragma once

#include <stdbool.h>

/* The format that a template's literal ending names ("{stem}.jpg" is "jpeg"), or NULL when it ends in
 * {ext} or has no literal ending. Returns borrowed. Unknown endings return NULL with *unknown set to the
 * ending (borrowed from name). */
const char *template_format(const char *name, const char **unknown);

/* The format that an ending without dot names ("JPG" is "jpeg"), or NULL. Returns borrowed. */
const char *template_ending_format(const char *ending);

/* The ending that was probably meant by one that names no format, or NULL. Returns borrowed. */
const char *template_ending_meant(const char *ending);

/* True when the name ends in {ext}: whatever is written is named as the source was. */
bool template_ends_in_ext(const char *name);
