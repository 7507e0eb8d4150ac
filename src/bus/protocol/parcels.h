/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   assets that travel with a task, in front of its value.
 * Thread:    any. Ownership: as said below.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "bus/protocol/record.h"

/* An asset (a file that the definition names: watermark, font, profile) on its way to a worker that cannot read it. */
struct parcel {
	char *sha256; /* of the bytes, hex */
	GBytes *bytes;
};
GPtrArray *parcels_new(void); /* of struct parcel, owned */
void parcels_add(GPtrArray *parcels, const char *sha256, GBytes *bytes);
gsize parcels_bytes(const GPtrArray *parcels /* NULL: none */);

/* Header and value of the assets of a task: see parcels.c. get: the rest of the value is the payload; both are the
 * caller's, also after an error. */
void parcels_put(struct record *record, const GPtrArray *parcels);
bool parcels_get(const struct record *record, GPtrArray **parcels, GBytes **payload, GError **error);
