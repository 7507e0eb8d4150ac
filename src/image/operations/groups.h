/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the pieces of the table of operations, one a file. A new operation goes into the table at the end of its
 *            group's file; only a new group is named here and in operations.c. Private to image/.
 * Thread:    constant. Ownership: static.
 */
#pragma once

#include "image/operations/operations.h"
#include "image/table/auto.h"

/* Each ends with a NULL name. */
extern const struct operation geometry_operations[];
extern const struct operation area_operations[];
extern const struct operation layout_operations[];
extern const struct operation warp_operations[];
extern const struct operation size_operations[];
extern const struct operation tone_operations[];
extern const struct operation curve_operations[];
extern const struct operation histogram_operations[];
extern const struct operation colour_operations[];
extern const struct operation white_balance_operations[];
extern const struct operation colour_space_operations[];
extern const struct operation filter_operations[];
extern const struct operation rank_operations[];
extern const struct operation morphology_operations[];
extern const struct operation edge_operations[];
extern const struct operation convolve_operations[];
extern const struct operation noise_operations[];
extern const struct operation compose_operations[];
extern const struct operation text_operations[];
extern const struct operation frame_operations[];
extern const struct operation band_operations[];
extern const struct operation metadata_operations[];
extern const struct operation vips_operations[];
extern const struct operation test_operations[]; /* empty but in builds for tests */
