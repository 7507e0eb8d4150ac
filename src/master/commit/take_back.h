/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a picture that fails at its commit leaves no part of its outputs: those that have their names already, where nothing was before,
 *            are taken away again. One that replaced an older output of its original stays, and the reason tells so.
 * Thread:    the commit thread. Ownership: none.
 */
#pragma once

#include "master/commit/output_names.h"

/* error is why the picture fails; what stays is said behind it. */
void take_back(struct names *names, const struct drop *drop, struct found *found, GError *error);
