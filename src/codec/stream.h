/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what an end of the row flow, decoder or encoder, did besides decoding or encoding.
 * Thread:    its end's. Ownership: a plain value.
 */
#pragma once

#include <glib.h>

struct stream_spent {
	gint64 wait_us, copy_us, copied_bytes;
	gint64 helpers_cpu_us; /* of threads beside its own; decoder only */
	gint64 parts;          /* that were worked on beside each other */
};
