/* SPDX-License-Identifier: GPL-2.0-or-later
 * Records that wait for room: see sender.h. */
#include "bus/sender.h"

#include "base/error.h"
#include "bus/handle.h"
#include "bus/kafka.h"
#include "bus/protocol/payload.h"

struct sender {
	struct sender_outlet outlet;
	gsize window_bytes;
	GMutex lock;
	gsize out_bytes; /* of parts that librdkafka has */
	GQueue waiting; /* struct shipment with parts to send, whose turn comes, and of which nobody sends one right now */
	GQueue later; /* struct shipment in parts, for when another has sent all of its own */
	guint turns;  /* shipments in parts that are waiting, or in hand */
	GQueue all;   /* struct shipment */
};

struct shipment {
	struct sender *sender;
	struct record *record;
	gsize limit;
	gint64 next, parts;
	guint out;    /* parts that are in librdkafka's hands, or on the way there */
	bool in_hand; /* somebody sends a part of it right now */
	bus_delivered_fn delivered;
	void *user;
	enum delivery_end delivery;
	GError *error; /* the first; no part follows it */
};

/* One part of it on its way. */
struct part {
	struct shipment *shipment;
	gsize bytes;
};

struct sender *sender_new(const struct sender_outlet *outlet, gsize window_bytes)
{
	struct sender *sender = g_new0(struct sender, 1);

	sender->outlet = *outlet;
	sender->window_bytes = window_bytes;
	g_mutex_init(&sender->lock);
	g_queue_init(&sender->waiting);
	g_queue_init(&sender->later);
	g_queue_init(&sender->all);
	return sender;
}

/* It is in no queue any more. Tells, without the lock. */
static void end(struct shipment *shipment)
{
	if (shipment->delivered)
		shipment->delivered(shipment->delivery, shipment->error, shipment->user);
	record_free(shipment->record);
	g_clear_error(&shipment->error);
	g_free(shipment);
}

void sender_free(struct sender *sender)
{
	struct shipment *shipment;

	if (!sender)
		return;
	while ((shipment = g_queue_pop_head(&sender->all))) {
		g_clear_error(&shipment->error);
		fail(&shipment->error, ERROR_RETRY, "this process ended first");
		shipment->delivery = DELIVERY_TROUBLE;
		end(shipment);
	}
	g_queue_clear(&sender->waiting);
	g_queue_clear(&sender->later);
	g_mutex_clear(&sender->lock);
	g_free(sender);
}

/* With the lock. True: nothing of it is on its way, or will be: end() it, without the lock. */
static bool is_over(struct shipment *shipment)
{
	if (shipment->in_hand || shipment->out > 0 || (shipment->next < shipment->parts && !shipment->error))
		return false;
	g_queue_remove(&shipment->sender->all, shipment);
	return true;
}

/* With the lock. It is to have its turn, now or when another has sent all of its parts. */
static void line_up(struct sender *sender, struct shipment *shipment)
{
	if (shipment->parts > 1 && sender->turns >= SENDER_TURNS) {
		g_queue_push_tail(&sender->later, shipment);
		return;
	}
	sender->turns += shipment->parts > 1;
	g_queue_push_tail(&sender->waiting, shipment);
}

/* With the lock. It has no part to send any more: the next one takes its place. */
static void leave(struct sender *sender, const struct shipment *shipment)
{
	sender->turns -= shipment->parts > 1;
	if (sender->turns < SENDER_TURNS && !g_queue_is_empty(&sender->later))
		line_up(sender, g_queue_pop_head(&sender->later));
}

/* With the lock. A part is not on its way any more. */
static void part_over(struct shipment *shipment, gsize bytes, enum delivery_end delivery, const GError *error)
{
	struct sender *sender = shipment->sender;

	sender->out_bytes -= bytes;
	shipment->out--;
	if (error && !shipment->error) {
		shipment->delivery = delivery;
		shipment->error = g_error_copy(error);
		if (g_queue_remove(&sender->waiting, shipment))
			leave(sender, shipment);
	}
}

static void part_delivered(enum delivery_end delivery, const GError *error, void *user)
{
	struct part *part = user;
	struct shipment *shipment = part->shipment;
	struct sender *sender = shipment->sender;

	g_mutex_lock(&sender->lock);
	part_over(shipment, part->bytes, delivery, error);
	bool over = is_over(shipment);
	g_mutex_unlock(&sender->lock);
	g_free(part);
	if (over)
		end(shipment);
}

/* The next part of one that waits; NULL: none does, or what is out is enough. With the lock. */
static struct part *next_part(struct sender *sender)
{
	struct shipment *shipment = g_queue_peek_head(&sender->waiting);

	if (!shipment)
		return NULL;
	gint64 left = payload_bytes(shipment->record) - shipment->next * (gint64)shipment->limit;
	gsize bytes = (gsize)MIN(left, (gint64)shipment->limit);
	if (sender->out_bytes > 0 && sender->out_bytes + bytes > sender->window_bytes)
		return NULL;
	g_queue_pop_head(&sender->waiting);
	sender->out_bytes += bytes;
	shipment->next++;
	shipment->out++;
	shipment->in_hand = true;
	struct part *part = g_new(struct part, 1);
	*part = (struct part){shipment, bytes};
	return part;
}

static enum produced produce(struct sender *sender, struct part *part, enum delivery_end *delivery, GError **error)
{
	struct shipment *shipment = part->shipment;
	struct record *record = payload_part(shipment->record, shipment->next - 1, shipment->limit, error);

	*delivery = DELIVERY_UNREADABLE;
	if (!record)
		return PRODUCED_NOT;
	g_autoptr(GError) cause = NULL;
	enum produced answer = sender->outlet.produce(sender->outlet.bus, record, part_delivered, part, &cause);
	if (answer == QUEUE_SMALL)
		fail(error, ERROR_INPUT, "one part of it does not fit in the local queue (queue.buffering.max.kbytes)");
	else if (answer == PRODUCED_NOT)
		g_propagate_error(error, g_steal_pointer(&cause));
	*delivery = delivery_of(*error);
	return answer;
}

/* What became of the part, which is librdkafka's, or gone, when it was produced. False: no room. */
static bool settle(struct sender *sender, struct part *part, struct shipment *shipment, enum produced answer,
	enum delivery_end delivery, const GError *why)
{
	g_mutex_lock(&sender->lock);
	shipment->in_hand = false;
	if (answer == QUEUE_FULL)
		shipment->next--;
	if (answer != PRODUCED) {
		part_over(shipment, part->bytes, delivery, why);
		g_free(part);
	}
	if (shipment->error || shipment->next == shipment->parts)
		leave(sender, shipment);
	else if (answer == QUEUE_FULL)
		g_queue_push_head(&sender->waiting, shipment);
	else
		g_queue_push_tail(&sender->waiting, shipment);
	bool over = is_over(shipment);
	g_mutex_unlock(&sender->lock);
	if (over)
		end(shipment);
	return answer != QUEUE_FULL;
}

static bool is_wanted(const struct record *record)
{
	return !record->wanted || g_atomic_int_get(record->wanted);
}

/* True: there was one that waits, and that nobody needs any more. */
static bool drop_unwanted(struct sender *sender)
{
	struct shipment *shipment = NULL;
	bool over = false;

	g_mutex_lock(&sender->lock);
	for (GList *link = sender->waiting.head; link && !shipment; link = link->next)
		if (!is_wanted(((struct shipment *)link->data)->record))
			shipment = link->data;
	if (shipment) {
		g_queue_remove(&sender->waiting, shipment);
		shipment->delivery = DELIVERY_TROUBLE;
		fail(&shipment->error, ERROR_RETRY, "nobody needs it any more");
		leave(sender, shipment);
		over = is_over(shipment);
	}
	g_mutex_unlock(&sender->lock);
	if (over)
		end(shipment);
	return shipment != NULL;
}

void sender_pump(struct sender *sender)
{
	for (bool room = true; room;) {
		while (drop_unwanted(sender)) {
		}
		g_autoptr(GError) why = NULL;
		enum delivery_end delivery;
		g_mutex_lock(&sender->lock);
		struct part *part = next_part(sender);
		g_mutex_unlock(&sender->lock);
		if (!part)
			return;
		struct shipment *shipment = part->shipment;
		enum produced answer = produce(sender, part, &delivery, &why);
		room = settle(sender, part, shipment, answer, delivery, why);
	}
}

void sender_add(struct sender *sender, struct record *record, gsize limit, bus_delivered_fn delivered, void *user)
{
	struct shipment *shipment = g_new0(struct shipment, 1);

	*shipment = (struct shipment){.sender = sender,
		.record = record,
		.limit = limit,
		.parts = payload_parts(record, limit),
		.delivered = delivered,
		.user = user};
	g_mutex_lock(&sender->lock);
	line_up(sender, shipment);
	g_queue_push_tail(&sender->all, shipment);
	g_mutex_unlock(&sender->lock);
	sender->outlet.wake(sender->outlet.bus);
}
