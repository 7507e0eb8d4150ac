/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a bus knows of itself, below the files that make it up.
 * Thread:    any. Ownership: what is returned is borrowed.
 */
#pragma once

#include "bus/kafka.h"
#include "bus/sender.h"

const struct bus_options *bus_options(const struct bus *bus);
/* librdkafka's handle, for the reader and the administration. */
struct rd_kafka_s *bus_handle(struct bus *bus);
/* What the topic takes, as far as known now. */
gint64 bus_largest_known(struct bus *bus, enum topic topic);
/* What the error of a record says that was not read from a file; NULL: none. */
enum delivery_end delivery_of(const GError *error);
