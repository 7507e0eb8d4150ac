/* SPDX-License-Identifier: GPL-2.0-or-later
 * The link to the broker: its start, and how what readers bring gets to the loop: see start_link.h. */
#include "master/start_link.h"

#include <string.h>

#include "base/counters.h"
#include "base/error.h"
#include "base/log.h"
#include "bus/protocol/heartbeat.h"
#include "bus/reader.h"
#include "bus/seal.h"
#include "bus/topics.h"
#include "master/fleet/lease.h"
#include "master/link/broker.h"
#include "master/schedule/assemble.h"
#include "master/schedule/schedule.h"
#include "master/start.h"
#include "master/state/state.h"

static gboolean take_result(gpointer data)
{
	gpointer *pair = data;

	assemble(pair[0], pair[1]);
	g_free(pair);
	return G_SOURCE_REMOVE;
}

static void on_loop(GSourceFunc function, struct master *master, void *thing)
{
	gpointer *pair = g_new(gpointer, 2);

	pair[0] = master;
	pair[1] = thing;
	g_idle_add_full(G_PRIORITY_DEFAULT, function, pair, NULL);
}

/* Any thread. Whoever sends garbage sends much of it: logged once, then each time that the number has doubled. */
static void refuse(const char *what, const char *why)
{
	guint64 count = counter_add(COUNTER_REFUSED);

	if ((count & (count - 1)) == 0)
		log_warning("%s refused: %s (%" G_GUINT64_FORMAT " record%s so far)", what, why, count,
			count == 1 ? "" : "s");
}

static void record_refused(const GError *why, void *user)
{
	(void)user;
	refuse("record", why->message);
}

/* Results reader's thread. What its worker has to say of the task is lost: the lease is ended, with the reason. */
static struct result *instead_of(const struct record *record, enum result_status status, const char *why)
{
	g_autofree char *message = g_strdup_printf("its result cannot be used: %s", why);

	return result_instead(record, status, message);
}

static void result_lost(const struct record *headers, const GError *why, void *user)
{
	struct result *result = instead_of(headers, result_status_of_lost(why), why->message);

	refuse("result", why->message);
	if (!result)
		return;
	result->not_taken = true;
	result->limit = error_is_limit(why);
	on_loop(take_result, user, result);
}

static void results_tick(void *user)
{
	joiner_tick(((struct master *)user)->link.joiner);
}

static gboolean take_part(gpointer data)
{
	gpointer *pair = data;
	struct worker *worker = workers_find(((struct master *)pair[0])->fleet.workers, pair[1]);

	if (worker)
		worker_sends(worker);
	g_free(pair[1]);
	g_free(pair);
	return G_SOURCE_REMOVE;
}

/* Results reader's thread. */
static bool result_arrived(struct bus_reader *reader, struct record *record, void *user)
{
	struct master *master = user;
	g_autoptr(GError) error = NULL;
	g_autofree char *sender = g_strdup(record_get(record, "part") ? record_get(record, "worker") : NULL);
	auto_struct(record) whole = joiner_add(master->link.joiner, record);

	(void)reader;
	if (sender)
		on_loop(take_part, master, g_steal_pointer(&sender));
	struct result *result = whole ? result_from_record(whole, &error) : NULL;
	if (error)
		refuse("result", error->message);
	if (whole && error)
		result = instead_of(whole, RESULT_RETRY, error->message);
	if (result)
		on_loop(take_result, master, result);
	return true;
}

static gboolean take_heartbeat(gpointer data)
{
	gpointer *pair = data;
	struct master *master = pair[0];

	workers_heard(master->fleet.workers, pair[1]);
	g_free(pair);
	return G_SOURCE_REMOVE;
}

static bool heartbeat_arrived(struct bus_reader *reader, struct record *record, void *user)
{
	g_autoptr(GError) error = NULL;
	struct heartbeat *beat = heartbeat_from_record(record, &error);

	(void)reader;
	if (beat)
		on_loop(take_heartbeat, user, beat);
	else
		refuse("heartbeat", error->message);
	return false;
}

static bool open_readers(struct master *master, GError **error)
{
	const enum topic results[] = {TOPIC_RESULTS}, heartbeats[] = {TOPIC_HEARTBEATS};
	/* The embedded broker is new: all that is in it is said to this master. */
	struct bus_reader_options options = {.topics = results,
		.topic_count = 1,
		.from_end = master->link.embedded == NULL,
		.record = result_arrived,
		.tick = results_tick,
		.refused = record_refused,
		.user = master};
	const struct joiner_options joiner = {.folder = master->settings.options->state,
		.spool_bytes = master->settings.options->spool,
		.lost = result_lost,
		.user = master};

	master->link.joiner = joiner_new(&joiner);
	master->link.results = bus_reader_new(master->link.bus, &options, error);
	if (!master->link.results)
		return false;
	options.topics = heartbeats;
	options.record = heartbeat_arrived;
	options.tick = NULL;
	master->link.heartbeats = bus_reader_new(master->link.bus, &options, error);
	return master->link.heartbeats != NULL;
}

bool start_embedded(struct master *master, int partitions, GError **error)
{
	const struct options *options = master->settings.options;

	if (!options->brokers)
		master->link.embedded =
			embedded_new(options->topic_prefix, partitions, strcmp(options->payload, "inline") == 0, error);
#ifdef DROPMILL_TEST_HOOKS /* so that a test's record gets as far as to what looks at it */
	if (g_getenv("DROPMILL_TEST_NO_MAC"))
		return options->brokers || master->link.embedded;
#endif
	if (master->link.embedded)
		master->link.key = seal_key_new();
	return options->brokers || master->link.embedded;
}

bool start_bus(struct master *master, GError **error)
{
	const struct options *options = master->settings.options;
	struct bus_options bus = {
		.brokers = options->brokers ? options->brokers : (char *)embedded_brokers(master->link.embedded),
		.prefix = options->topic_prefix,
		.role = (char *)"dropmill-master",
		.properties = options->properties,
		.embedded = master->link.embedded != NULL,
		.key = master->link.key,
	};
	master->link.up = true;
	master->link.changed = schedule_broker_changed;
	master->link.user = master;
	master->link.bus = bus_new(&bus, broker_connection, &master->link, error);
	if (!master->link.bus || (!master->link.embedded && !broker_wait_ready(&master->link, options->brokers,
								    start_pause, master, error)))
		return false;
	bus_max_value(master->link.bus, TOPIC_TASKS, 5000); /* the bus knows it from now on */
	if (!open_readers(master, error))
		return false;
	if (!master->link.embedded)
		master->link.broker = broker_watch(&master->link);
	return true;
}
