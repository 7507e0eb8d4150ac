/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a worker sends back: see answers.h. */
#include "worker/answers.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "bus/handle.h"
#include "bus/reader.h"
#include "bus/send.h"

/* Of results that wait to be sent. */
#define WAITING_BYTES (64 << 20)

struct answers {
	struct bus *bus;
	struct pulse *pulse;
	int partition;
	GMutex lock;
	GCond changed;
	struct bus_reader *reader; /* NULL: not yet, or when it leaves: reports of delivery still come then */
	bool left;
	guint count; /* on their way */
	gint64 bytes;
};

/* A result on its way. */
struct delivery {
	struct answers *answers;
	struct result lease; /* without what it had to say */
	gint64 bytes;
	gint32 partition; /* of the task; -1: there is no record to finish */
	gint64 offset;
	bool last; /* in place of one that was not delivered: nothing follows it */
};

struct answers *answers_new(struct bus *bus, struct pulse *pulse, int partition)
{
	struct answers *answers = g_new0(struct answers, 1);

	answers->bus = bus;
	answers->pulse = pulse;
	answers->partition = partition;
	g_mutex_init(&answers->lock);
	g_cond_init(&answers->changed);
	return answers;
}

void answers_reader(struct answers *answers, struct bus_reader *reader)
{
	g_mutex_lock(&answers->lock);
	answers->reader = reader;
	g_mutex_unlock(&answers->lock);
}

static void delivered(enum delivery_end delivery, const GError *error, void *user);

static void send_result(
	struct answers *answers, const struct result *result, gint32 partition, gint64 offset, bool last)
{
	struct delivery *delivery = g_new0(struct delivery, 1);
	g_autoptr(GError) error = NULL;

	*delivery = (struct delivery){.answers = answers,
		.lease = {.job = g_strdup(result->job),
			.serial = result->serial,
			.tile = result->tile,
			.attempt = result->attempt,
			.worker = g_strdup(result->worker)},
		.bytes = result->payload ? body_bytes(result->payload) : 0,
		.partition = partition,
		.offset = offset,
		.last = last};
	g_mutex_lock(&answers->lock);
	answers->count++;
	answers->bytes += delivery->bytes;
	if (!answers->left)
		pulse_sending(answers->pulse, 1);
	g_mutex_unlock(&answers->lock);
	if (!bus_ship(answers->bus, result_to_record(result, answers->partition), delivered, delivery, &error))
		delivered(delivery_of(error), error, delivery);
}

/* A large result was not delivered: the master shall know why, and not wait for it. One that is too large for the topic is as lost as one whose parts
 * were: each try is counted. */
static void say_undelivered(
	struct answers *answers, struct delivery *delivery, enum delivery_end how, const char *error)
{
	g_autofree char *size = g_format_size((guint64)delivery->bytes);
	g_autofree char *why = g_strdup_printf("its result%s%s was not delivered: %s", delivery->bytes ? " of " : "",
		delivery->bytes ? size : "", error);

	delivery->lease.status = how == DELIVERY_REFUSED ? RESULT_STALE : RESULT_RETRY;
	delivery->lease.message = why;
	send_result(answers, &delivery->lease, -1, -1, true);
}

/* Delivered or not: the master's lease decides what happens next, never a second delivery of the task. */
static void delivered(enum delivery_end how, const GError *error, void *user)
{
	struct delivery *delivery = user;
	struct answers *answers = delivery->answers;

	if (error)
		log_warning("a result was not delivered: %s", error->message);
	g_mutex_lock(&answers->lock);
	if (answers->reader && delivery->partition >= 0)
		bus_reader_done(answers->reader, delivery->partition, delivery->offset);
	if (!answers->left)
		pulse_sending(answers->pulse, -1);
	answers->count--;
	answers->bytes -= delivery->bytes;
	bool tell = error && !delivery->last && (delivery->bytes > 0 || how == DELIVERY_REFUSED) && !answers->left;
	g_cond_signal(&answers->changed);
	g_mutex_unlock(&answers->lock);
	if (tell)
		say_undelivered(answers, delivery, how, error->message);
	g_free(delivery->lease.job);
	g_free(delivery->lease.worker);
	g_free(delivery);
}

void answers_send(struct answers *answers, const struct result *result, gint32 partition, gint64 offset)
{
	send_result(answers, result, partition, offset, false);
}

void answers_refuse(struct answers *answers, const struct record *record, const char *worker, enum result_status status,
	const GError *why)
{
	g_autofree char *message = g_strdup_printf("worker %s cannot take the task: %s", worker, why->message);
	auto_struct(result) result = result_instead(record, status, message);

	if (!result || strcmp(result->worker, worker) != 0)
		return;
	result->limit = error_is_limit(why);
	send_result(answers, result, -1, -1, false);
}

void answers_wait(struct answers *answers)
{
	g_mutex_lock(&answers->lock);
	while (answers->bytes > WAITING_BYTES)
		g_cond_wait(&answers->changed, &answers->lock);
	g_mutex_unlock(&answers->lock);
}

struct bus_reader *answers_leave(struct answers *answers, gint64 until_us)
{
	g_mutex_lock(&answers->lock);
	while (answers->count > 0 && g_cond_wait_until(&answers->changed, &answers->lock, until_us)) {
	}
	struct bus_reader *reader = g_steal_pointer(&answers->reader);
	answers->left = true;
	g_mutex_unlock(&answers->lock);
	return reader;
}

void answers_free(struct answers *answers)
{
	if (!answers)
		return;
	g_mutex_clear(&answers->lock);
	g_cond_clear(&answers->changed);
	g_free(answers);
}
