/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the files of a bus use of it, below them: see handle.h. */
#include "bus/handle.h"

#include "bus/bus.h"

#include "base/error.h"
#include "bus/client.h"

const struct bus_options *bus_options(const struct bus *bus)
{
	return &bus->options;
}

rd_kafka_t *bus_handle(struct bus *bus)
{
	return bus->rk;
}

gint64 bus_largest_known(struct bus *bus, enum topic topic)
{
	g_mutex_lock(&bus->limit_lock);
	gint64 largest = bus->largest[topic];
	g_mutex_unlock(&bus->limit_lock);
	/* Half of the queue: one is on its way while the next one is made. */
	return MIN(largest > 0 ? MIN(largest, CLIENT_LARGEST_BYTES) : CLIENT_DEFAULT_BYTES,
		MAX(bus->queue_bytes / 2, 1024));
}

enum delivery_end delivery_of(const GError *error)
{
	return !error ? DELIVERED : error_kind(error) == ERROR_INPUT ? DELIVERY_REFUSED : DELIVERY_TROUBLE;
}
