/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   steps of a definition, checked against the table of operations.
 * Thread:    any. Ownership: what is returned is borrowed.
 */
#pragma once

#include "definition/reader/definition.h"

/* The name or alias that was probably meant by one that is unknown; NULL when none is near. Borrowed. */
const char *operation_near(const char *name);

/* For definition_read(). */
extern const struct step_rules image_step_rules;
