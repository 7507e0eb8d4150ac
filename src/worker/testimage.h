/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   does this libvips compute as the others do? A small picture goes through operations that are known to differ between builds and
 *            vector settings (facts: blur, resize, sharpen); the hash of the result travels in the heartbeat.
 * Thread:    the worker's main thread, once.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* *hash: SHA-256 in hex, owned. */
bool testimage_hash(char **hash, GError **error);
