/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   Kafka delivers at least once, and a second time may be late. In builds with DROPMILL_TEST_HOOKS, DROPMILL_TEST_TWICE=N makes
 *            that a habit: each Nth task or result of this process is kept and sent once more when N others have followed. In all other
 *            builds nothing is kept.
 * Thread:    any. Ownership: the caller owns what it gets.
 */
#pragma once

#include "bus/kafka.h"

#ifdef DROPMILL_TEST_HOOKS

/* This record goes out now. What is to go out once more after it, or NULL. */
struct record *duplicate_delivery_after(const struct record *record);

#else

#define duplicate_delivery_after(record) NULL

#endif
