/* SPDX-License-Identifier: GPL-2.0-or-later
 * Purpose: the version, in one place. */
#ifndef DROPMILL_BASE_VERSION_H
#define DROPMILL_BASE_VERSION_H
#define DROPMILL_VERSION "0.1.0"
#endif
