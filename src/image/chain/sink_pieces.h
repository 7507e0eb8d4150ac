/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   where libvips' own sink does not compute each piece by itself. A region that asks for a part of what its thread has in its
 *            buffer gets it from there. That changes nothing, unless the buffer is the result of an operation whose rounding depends on
 *            the region (OPERATION_ON_GRID) and later steps read around each pixel: a narrow last piece then lies within the margin
 *            of the one before. A tile that begins there cannot know; such a picture is run whole.
 * Thread:    the recorder's. Ownership: borrows everything.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "image/chain/chain.h"
#include "image/chain/grid.h"
#include "image/chain/tilesource.h"

/* *leans: some piece of the grid does, behind some step of the chain. False with an error when the chain cannot be built. */
bool sink_pieces_lean(JsonArray *steps, VipsImage *in, const struct build_context *context, const struct grid *grid,
	bool *leans, GError **error);
