/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   files that definitions name: watermarks, masks, profiles, fonts. They are read and checked when the definition is, and
 *            known from then on by the SHA-256 of their bytes: a definition whose asset changes is another definition. A step's
 *            parameter holds what definition/reader/assets.h says; the bytes are found by their hash wherever the step is built.
 * Thread:    any; the store of bytes is one for the process.
 * Ownership: bytes and images are returned owned.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

enum asset_kind { ASSET_IMAGE, ASSET_PROFILE, ASSET_FONT };

/* Reads a file that a definition in folder names (relative to it, or absolute), and whether it is what it should be. Returns the
 * parameter's object, owned; NULL with the reason: not there, no image, no ICC profile, more than 256 MiB. */
JsonObject *asset_read(const char *folder, const char *name, enum asset_kind kind, GError **error);

/* The paths that asset_read() was asked for since the last call, also those where nothing is yet. Returns owned strings. */
GPtrArray *asset_named(void);

/* Puts a copy of the bytes into the folder, under their hash, and notes it in the asset as "kept". False when it cannot be written. */
bool asset_keep(JsonObject *asset, const char *folder, GError **error);

/* The bytes of such a parameter: from the store, else from the copy that is kept or its path when what lies there still has the hash. In the
 * store from then on, until it holds much that was not asked for lately.
 * ERROR_RETRY "asset SHA256 (PATH) is not here" when neither has them. */
GBytes *asset_bytes(JsonObject *asset, GError **error);

/* The hash of the first asset of a task's spec whose bytes are not to be had here, borrowed; NULL: all are. */
const char *asset_lacking(JsonObject *spec);

/* For tests of workers that share no files with the master: from now on nothing is read from paths. */
void asset_forbid_files(void);

/* Puts bytes that came from elsewhere into the store; false when they do not have the hash. */
bool asset_add(const char *sha256, GBytes *bytes);

/* The image in it, decoded when asked for, random access; never larger than the limits of assets (100 megapixels). */
VipsImage *asset_image(JsonObject *asset, GError **error);
