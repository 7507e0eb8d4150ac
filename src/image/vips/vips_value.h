/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   values between definitions, JSON and libvips' properties. Private to image/.
 * Thread:    any. Ownership: borrowed unless said.
 */
#pragma once

#include "image/check/check.h"
#include "image/vips/vips_signature.h"

/* A definition's value for an argument as an owned JSON node; NULL after a diagnostic at the value. */
JsonNode *vips_value_check(const struct check_subject *subject, const struct vips_argument *argument,
	const struct node *value, struct diagnostics *errors);

/* Sets a property from such a node; wrong types are an error, numbers out of bounds too. */
bool vips_value_set(VipsObject *object, const char *property, JsonNode *value, GError **error);

/* What an argument takes, for people: "number, 0 to 1000", "one of a, b". Returns owned. */
char *vips_value_expected(GParamSpec *spec);
/* Its default, or NULL where there is none to tell. Returns owned. */
char *vips_value_default(GParamSpec *spec);
