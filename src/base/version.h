/* SPDX-License-Identifier: GPL-2.0-or-later
 * Purpose: the version, in one place. */
#pragma once
#define DROPMILL_VERSION "0.1.0"
