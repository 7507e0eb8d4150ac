/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   checks of values that are one of several, or a list of them.
 * Thread:    any. Ownership: as said below.
 */
#pragma once

#include "image/check/check.h"

/* One value that is a list of choices; part of check_value(). */
bool check_choices(const struct check_subject *subject, const struct param *param, const struct node *value,
	JsonObject *object, struct diagnostics *errors);

/* A node as a message shows it: 900, 'much', the text '3', a list. Returns owned. */
char *check_shown(const struct node *value);
