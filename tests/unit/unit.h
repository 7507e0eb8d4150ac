/* SPDX-License-Identifier: GPL-2.0-or-later
 * cmocka and what it needs. It comes first in a test: cmocka makes fail a macro, so base/error.h has to be read before. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#include <cmocka.h>
