/* SPDX-License-Identifier: GPL-2.0-or-later
 * Gravity: see gravity.h. */
#include "image/kernels/gravity.h"

#include <stdbool.h>
#include <string.h>

const char *const gravity_names[] = {"centre", "center", "north", "northeast", "east", "southeast", "south",
	"southwest", "west", "northwest", "top", "top-right", "right", "bottom-right", "bottom", "bottom-left", "left",
	"top-left", NULL};

static bool has(const char *gravity, const char *compass, const char *side)
{
	return strstr(gravity, compass) || strstr(gravity, side);
}

void gravity_place(
	const char *gravity, int outer_width, int outer_height, int width, int height, int margin, int *left, int *top)
{
	int free_x = outer_width - width, free_y = outer_height - height;

	*left = has(gravity, "west", "left") ? margin : has(gravity, "east", "right") ? free_x - margin : free_x / 2;
	*top = has(gravity, "north", "top") ? margin : has(gravity, "south", "bottom") ? free_y - margin : free_y / 2;
}
