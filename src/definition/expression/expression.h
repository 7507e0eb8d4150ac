/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   conditions on a picture, as `when:` has them: width > 4000 and format in ["png", "gif"].
 *            Numbers, texts and truths with == != < <= > >= in, and or not (also && || !), + - * / and parentheses. Names and
 *            types are checked when the text is read, so that evaluating cannot fail.
 * Thread:    immutable once made. Ownership: expression_free().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

/* What a condition may ask of a picture. Texts are borrowed. */
struct picture_facts {
	double width, height; /* px */
	double bands;
	double depth;       /* bits a band */
	double pages;       /* frames or pages of the file */
	bool has_alpha;     /* megapixels and orientation follow from width and height */
	const char *format; /* of the file that was dropped: "jpeg", "png" ...; NULL: "" */
};

struct expression;

void expression_free(struct expression *expression); /* NULL is fine */
DEFINE_AUTO(expression, expression_free)

bool expression_holds(const struct expression *expression, const struct picture_facts *facts);

/* The names that a condition may use, for manuals; ends with NULL. */
extern const char *const expression_names[];
