/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the table of formats for people and programs.
 * Thread:    any. Ownership: what is returned is owned.
 */
#pragma once

/* The table of formats: "text", "markdown" or "json". Returns owned. */
char *formats_describe(const char *form);
