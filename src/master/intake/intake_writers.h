/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   files that a program on this machine is writing, as far as events report it.
 * Thread:    intake's.
 * Ownership: intake->writers.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct intake;

void writers_event(struct intake *intake, guint32 mask, guint32 cookie, const char *path);
/* Is a program on this machine known to write this file? False: none is known. */
bool writers_have(const struct intake *intake, const char *path);
void writers_forget(struct intake *intake, const char *path /* and below; NULL: all */);
