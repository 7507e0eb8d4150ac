/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   names that other programs give to files that are not pictures, or not complete yet.
 * Thread:    any.
 * Ownership: none.
 */
#pragma once

#include <stdbool.h>

bool junk_name(const char *name);
