/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   pictures written as files or bytes of a format.
 * Thread:    any, one image to one thread. Ownership: what is returned is owned.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

/* Writes image as format ("jpeg"...) with save options to path (created or overwritten), or to memory. A pyramid (dz) makes a
 * folder there, or the bytes of one for folder_unpack(). On disk: what failed is to be thrown away. */
bool format_save(VipsImage *image, const char *path, const char *format, JsonObject *save, GError **error);
bool format_save_memory(VipsImage *image, const char *format, JsonObject *save, GBytes **out, GError **error);

/* The save options of one of a task's outputs ({"save", "title"...}); a pyramid's title, which the place gives, is among them. Returns owned. */
JsonObject *format_save_options(const char *format, JsonObject *wanted);
