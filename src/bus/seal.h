/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   records of the embedded broker, to which every user of the machine may write: each carries a MAC (HMAC-SHA256 over topic, headers
 *            and value) under a key that the master draws at its start and its children get from it. What does not is not read.
 * Thread:    any.
 */
#pragma once

#include "bus/kafka.h"

/* Bytes of a key. */
#define SEAL_KEY_BYTES 32
/* The header's name and value, in bytes. */
#define SEAL_BYTES (3 + 64)

/* A new key. Owned. */
GBytes *seal_key_new(void);
void seal_add(struct record *record, GBytes *key);
bool seal_holds(const struct record *record, GBytes *key);
