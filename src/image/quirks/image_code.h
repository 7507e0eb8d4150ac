/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   does this image code compute as another does? Small pictures go through operations, loaders and savers that are known to differ
 *            between builds, versions and vector settings. The hash of all results travels in the heartbeat, and in a codec's plan.
 *            Not tried: AVIF, HEIC and JPEG XL (40 ms), and letters, which depend on the fonts of the machine.
 * Thread:    the main thread, once.
 * Ownership: returned owned.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

/* *hash: SHA-256 in hex. */
bool image_code_hash(char **hash, GError **error);
/* "8.14.1". */
char *image_code_vips(void);
/* {"version", "vips", "pixels"}: of dropmill, of libvips, the hash. known: of another process of this machine, which is believed where it has the
 * same versions, for the hash takes a while; NULL: none. NULL with error. */
JsonObject *image_code_describe(JsonObject *known, GError **error);
