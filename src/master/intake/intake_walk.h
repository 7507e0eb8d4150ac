/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the source of an inbox that is a folder: what lies in it and below, found by reading and watching.
 * Thread:    intake's.
 * Ownership: none.
 */
#pragma once

#include "master/intake/intake_settle.h"

/* Watches and walks a folder with all below at once. arrival: how its files came. */
void walk_folder(struct intake *intake, struct watched_inbox *inbox, const char *relative, enum arrival arrival);
