/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   steps that nobody wrote: an output's format or options cannot hold the picture as the chain made it, so it is converted before it
 *            is saved. format_implied() decides which; workers and codecs name them by their words; people see them as steps.
 * Thread:    constant.
 */
#pragma once

#include <glib.h>

/* In the order in which they are done. */
enum implied {
	IMPLIED_PAGES,
	IMPLIED_PROFILE,
	IMPLIED_INK,
	IMPLIED_SPACE,
	IMPLIED_DEPTH,
	IMPLIED_BLACK,
	IMPLIED_WHITE,
	IMPLIED_COUNT
};

struct implied_step {
	const char *word;                          /* in reports and plans: "implied" of an output */
	const char *operation, *parameter, *value; /* the step that would do the same */
	const char *why;
};
extern const struct implied_step implied_steps[IMPLIED_COUNT];

/* The text for people: "icc: {profile: srgb}". Returns owned. */
char *implied_text(enum implied which);
