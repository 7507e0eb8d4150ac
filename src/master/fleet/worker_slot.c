/* SPDX-License-Identifier: GPL-2.0-or-later
 * Where workers are started again: see worker_slot.h. */
#include "master/fleet/worker_slot.h"

#include "base/log.h"

struct worker_slot *worker_slot_new(void)
{
	struct worker_slot *slot = g_new0(struct worker_slot, 1);

	slot->references = 1;
	return slot;
}

struct worker_slot *worker_slot_ref(struct worker_slot *slot)
{
	slot->references++;
	return slot;
}

void worker_slot_unref(struct worker_slot *slot)
{
	if (--slot->references > 0)
		return;
	g_free(slot->name);
	g_free(slot->reason);
	g_free(slot);
}

void worker_slot_happens(struct worker_slot *slot, enum breaker_event event, const char *reason, gint64 now_us)
{
	if (!breaker_happens(&slot->breaker, event, now_us))
		return;
	if (slot->breaker.state == BREAKER_CLOSED) {
		log_info("worker %s is well again", slot->name);
		return;
	}
	g_free(slot->reason);
	slot->reason = g_utf8_make_valid(reason, -1);
	log_warning("worker %s is taken out for %d s: it fails what others manage (%s)", slot->name,
		(int)((slot->breaker.until_us - now_us) / G_USEC_PER_SEC), slot->reason);
}
