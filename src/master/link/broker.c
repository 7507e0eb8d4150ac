/* SPDX-License-Identifier: GPL-2.0-or-later
 * The broker as a running master sees it: see broker.h. */
#include "master/link/broker.h"

#include "base/error.h"
#include "base/log.h"
#include "bus/reader.h"
#include "bus/topics.h"
#include "master/link/link.h"

#define ASK_EACH_US (5 * G_USEC_PER_SEC)
/* While something is wrong. */
#define ASK_AGAIN_US G_USEC_PER_SEC
#define ANSWER_MS 3000

struct broker {
	struct link *link;
	struct bus *bus;
	GMutex lock;
	GCond changed;
	bool now, forgotten;
	int partitions; /* of tasks, as last seen; its own thread's */
};

static void look(struct broker *broker, const int partitions[TOPIC_COUNT])
{
	broker->partitions = partitions[TOPIC_TASKS];
	/* Workers that started since may write to partitions that came since. */
	bus_reader_grow(broker->link->results, partitions);
	bus_reader_grow(broker->link->heartbeats, partitions);
}

/* What was heard of it, on its way to the loop. */
struct news {
	struct link *link;
	bool of_connection; /* else of what it answered */
	char *trouble;      /* NULL: none */
	char *said;         /* for the log; NULL: nothing */
};

static void settle(struct link *link)
{
	const char *trouble = link->no_connection ? link->no_connection : link->no_answer;
	bool back = !trouble && !link->up;

	if (back)
		log_info("the broker is back");
	else if (trouble && (link->up || g_strcmp0(trouble, link->why_down) != 0))
		log_warning("the broker is down (%s); dropmill waits and goes on when it is back", trouble);
	link->up = !trouble;
	g_free(link->why_down);
	link->why_down = g_strdup(trouble);
	link->changed(back, link->user);
}

static gboolean take_news(gpointer data)
{
	struct news *news = data;
	char **kept = news->of_connection ? &news->link->no_connection : &news->link->no_answer;

	if (news->said)
		log_warning("%s", news->said);
	g_free(*kept);
	*kept = news->trouble;
	settle(news->link);
	if (news->of_connection)
		broker_ask(news->link->broker);
	g_free(news->said);
	g_free(news);
	return G_SOURCE_REMOVE;
}

static void tell(struct link *link, bool of_connection, char *trouble, char *said)
{
	struct news *news = g_new(struct news, 1);

	*news = (struct news){link, of_connection, trouble, said};
	g_idle_add_full(G_PRIORITY_DEFAULT, take_news, news, NULL);
}

void broker_connection(bool up, const char *why, void *user)
{
	tell(user, true, up ? NULL : g_strdup(why ? why : "no answer"), NULL);
}

/* The administration's calls have longer waits than the log may have without a reason. */
static bool make_topics(struct bus *bus, char **said, GError **error)
{
	int partitions[TOPIC_COUNT];
	struct topic_plan plan;
	g_autoptr(GError) cause = NULL;

	if (!bus_partitions(bus, TOPICS_ALL, partitions, ANSWER_MS, &cause) && cause->code == ERROR_RETRY) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	topic_plan_default(&plan);
	return topics_create(bus, &plan, said, error);
}

/* A try to find the topics or to make them. */
struct attempt {
	struct bus *bus;
	bool over, made;
	char *said;
	GError *cause;
};

static gboolean attempt_over(gpointer attempt)
{
	((struct attempt *)attempt)->over = true;
	return G_SOURCE_REMOVE;
}

static gpointer attempt_thread(gpointer data)
{
	struct attempt *attempt = data;

	attempt->made = make_topics(attempt->bus, &attempt->said, &attempt->cause);
	g_idle_add_full(G_PRIORITY_DEFAULT, attempt_over, attempt, NULL);
	return NULL;
}

/* On a thread of its own: a broker that hangs holds up every call for many seconds, and signals and the watchdog cannot wait so long. False: no
 * more tries; the attempt may still run, and its memory goes with the process. */
static bool try_topics(struct bus *bus, broker_pause pause, void *user, bool *made, char **said, GError **cause)
{
	struct attempt *attempt = g_new0(struct attempt, 1);

	attempt->bus = bus;
	g_thread_unref(g_thread_new("topics", attempt_thread, attempt));
	while (!attempt->over)
		if (!pause(&attempt->over, user))
			return false;
	*made = attempt->made;
	*said = attempt->said;
	*cause = attempt->cause;
	g_free(attempt);
	return true;
}

bool broker_wait_ready(struct link *link, const char *brokers, broker_pause pause, void *user, GError **error)
{
	for (bool waited = false;; waited = true) {
		bool made = false;
		g_autofree char *said = NULL;
		g_autoptr(GError) cause = NULL;
		if (!try_topics(link->bus, pause, user, &made, &said, &cause))
			return fail(error, ERROR_SYSTEM, "stopped while waiting for the broker %s", brokers);
		if (made) {
			if (said && *said)
				log_info("%s", g_strchomp(said));
			g_clear_pointer(&link->no_connection, g_free);
			link->up = true;
			return true;
		}
		if (cause->code != ERROR_RETRY) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		if (!waited)
			log_warning(
				"no Kafka broker answers at %s (%s); start it or correct --brokers: dropmill waits for it",
				brokers, cause->message);
		if (!pause(NULL, user))
			return fail(error, ERROR_SYSTEM, "stopped while waiting for the broker %s", brokers);
	}
}

/* What is wrong, owned; NULL: nothing. *said: what was done about it. */
static char *ask(struct broker *broker, char **said)
{
	int partitions[TOPIC_COUNT];
	struct topic_plan plan;
	g_autoptr(GError) error = NULL, cause = NULL;

	if (bus_partitions(broker->bus, TOPICS_ALL, partitions, ANSWER_MS, &error)) {
		look(broker, partitions);
		return NULL;
	}
	if (error->code == ERROR_RETRY)
		return g_strdup(error->message);
	topic_plan_default(&plan);
	if (broker->partitions)
		plan.partitions = broker->partitions;
	if (topics_create(broker->bus, &plan, NULL, &cause)) {
		*said = g_strdup_printf(
			"%s: made again; what was on its way in them is sent again by and by", error->message);
		return NULL;
	}
	/* The first line says what; the commands for an administrator were for the start. */
	g_auto(GStrv) lines = g_strsplit(cause->message, "\n", 2);
	return g_strdup_printf("%s, and cannot be made: %s", error->message, lines[0]);
}

static gpointer ask_thread(gpointer data)
{
	struct broker *broker = data;
	g_autofree char *told = NULL;

	g_mutex_lock(&broker->lock);
	while (!broker->forgotten) {
		gint64 began = g_get_monotonic_time();
		/* Whoever wants it asked now may do so a thousand times a second. */
		while (!broker->forgotten && g_cond_wait_until(&broker->changed, &broker->lock,
						     began + (told || broker->now ? ASK_AGAIN_US : ASK_EACH_US))) {
		}
		broker->now = false;
		if (broker->forgotten)
			break;
		g_mutex_unlock(&broker->lock);
		char *said = NULL;
		g_autofree char *trouble = ask(broker, &said);
		g_mutex_lock(&broker->lock);
		if (broker->forgotten || (g_strcmp0(trouble, told) == 0 && !said)) {
			g_free(said);
			continue;
		}
		g_free(told);
		told = g_strdup(trouble);
		tell(broker->link, false, g_steal_pointer(&trouble), said);
	}
	g_mutex_unlock(&broker->lock);
	return NULL;
}

struct broker *broker_watch(struct link *link)
{
	struct broker *broker = g_new0(struct broker, 1);
	int partitions[TOPIC_COUNT];

	broker->link = link;
	broker->bus = link->bus;
	/* At once, for they may be deleted the next moment, and are to come back as they were. */
	if (bus_partitions(broker->bus, TOPICS_ALL, partitions, ANSWER_MS, NULL))
		look(broker, partitions);
	g_mutex_init(&broker->lock);
	g_cond_init(&broker->changed);
	g_thread_unref(g_thread_new("broker", ask_thread, broker));
	return broker;
}

void broker_ask(struct broker *broker)
{
	if (!broker)
		return;
	g_mutex_lock(&broker->lock);
	broker->now = true;
	g_cond_signal(&broker->changed);
	g_mutex_unlock(&broker->lock);
}

void broker_forget(struct broker *broker)
{
	if (!broker)
		return;
	g_mutex_lock(&broker->lock);
	broker->forgotten = true;
	g_cond_signal(&broker->changed);
	g_mutex_unlock(&broker->lock);
}
