/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   images beside the picture that operations of libvips take: a file by its name (an asset: see asset.h), or a small
 *            matrix written as rows of numbers, with scale and offset where a kernel has them:
 *                mask: [[1, 2, 1]]      mask: {matrix: [[1, 2, 1]], scale: 4, offset: 0}      overlay: logo.png
 *            Private to image/.
 * Thread:    any. Ownership: nodes and images are returned owned.
 */
#pragma once

#include "image/check/check.h"

/* Is it an argument of that kind: one image, or a list of them? */
bool vips_image_value_is_one(GParamSpec *spec);
bool vips_image_value_is_list(GParamSpec *spec);

/* A definition's value as an owned JSON node: an asset's object, {"matrix": rows, "scale", "offset"}, or for a list an array of
 * those; NULL after a diagnostic at the value. */
JsonNode *vips_image_value_check(const struct check_subject *subject, const char *argument, bool list,
	const struct node *value, struct diagnostics *errors);

/* Sets the property of one image, or of a list: first (may be NULL) and then those of the node (may be NULL). */
bool vips_image_value_set(VipsObject *object, GParamSpec *spec, VipsImage *first, JsonNode *node, GError **error);
