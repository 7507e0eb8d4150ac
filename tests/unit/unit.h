/* SPDX-License-Identifier: GPL-2.0-or-later
 * cmocka and what it needs. It comes first in a test: cmocka makes fail a macro, so base/error.h has to be read before. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"

#include <cmocka.h>

/* A program of another architecture (make arm64): some calls are missing in the emulator. */
static inline bool emulated(void)
{
	const char *emulator = getenv("EMULATOR");

	return emulator && *emulator;
}
