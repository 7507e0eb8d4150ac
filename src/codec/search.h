/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what all tiles of an output need of the source, asked on as many cores as there are: of a large picture it is the one thing
 *            that everybody waits for.
 * Thread:    one of libvips; it starts others, which have ended when it returns. Ownership: borrows everything.
 */
#pragma once

#include <stdbool.h>

#include "codec/plan.h"
#include "image/chain/chain.h"
#include "image/chain/tilesource.h"

/* Appends the output's tiles to plan->tiles, in their order. recorded is its chain, built on the recorder with this context. False when the
 * chain cannot be evaluated. */
bool search_tiles(struct plan *plan, const struct plan_output *output, struct tilesource *recorder, VipsImage *recorded,
	const struct build_context *context);
