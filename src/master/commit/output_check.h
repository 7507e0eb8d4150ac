/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a look at an output before it gets its name: is it what its pipeline asked for? By its kind, its size and its first bytes; the
 *            master decodes nothing.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct output_wanted {
	const char *format; /* NULL: the source's, or the nearest that can be written */
	bool folder;
	gint64 bytes; /* of a file, as whoever made it says */
};

/* False: it is not, error says why. */
bool output_check(const char *path, const struct output_wanted *wanted, GError **error);

/* A folder that looks like a pyramid of ours. */
bool output_is_pyramid(const char *path);
