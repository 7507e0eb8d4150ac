/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   gravity: where a smaller box goes in a larger one, by the words of ImageMagick, imgproxy and sharp. Private to image/.
 * Thread:    any. Ownership: plain values.
 */
#pragma once

/* For PARAM_CHOICE; ends with NULL. */
extern const char *const gravity_names[];

/* Where the inner box begins, margin away from the edges that it is drawn to. Where the inner box is larger, it begins outside. */
void gravity_place(
	const char *gravity, int outer_width, int outer_height, int width, int height, int margin, int *left, int *top);
