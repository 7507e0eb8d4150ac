/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   save options of a definition, checked against the table of formats.
 * Thread:    any, one image to one thread. Ownership: what is returned is owned.
 */
#pragma once

#include "definition/reader/definition.h"

/* Save options of a format, checked from a definition (struct step_rules.check_save). */
JsonObject *format_check_save(
	const char *format, const struct node *output, const char *const *reserved, struct diagnostics *errors);
bool format_available(const char *format); /* the libvips at hand can write it */
