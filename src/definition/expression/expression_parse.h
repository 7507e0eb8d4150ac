/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the parser of conditions.
 * Thread:    any. Ownership: what is returned is owned.
 */
#pragma once

#include "definition/expression/expression.h"

/* A condition from its text. NULL with the reason, and the byte where it went wrong (from 0). */
struct expression *expression_parse(const char *text, gsize *offset_bytes, GError **error);
