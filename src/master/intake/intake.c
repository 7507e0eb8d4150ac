/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The intake's thread and its set of inboxes. One turn: orders, events, inboxes that are due, claims of an earlier run,
 * files that have settled; then poll() until the next of these. See intake.h. */
#include "master/intake/intake.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread_watchdog.h"
#include "master/inbox/claim_recover.h"
#include "master/inbox/claim_register.h"
#include "master/inbox/failures.h"
#include "master/intake/intake_backlog.h"
#include "master/intake/intake_events.h"
#include "master/intake/intake_prune.h"
#include "master/intake/intake_room.h"
#include "master/intake/intake_scan.h"
#include "master/intake/intake_settle.h"
#include "master/intake/intake_state.h"
#include "master/intake/intake_take.h"
#include "master/intake/intake_watch.h"
#include "master/intake/watched_inbox.h"

static gint running; /* the library's state is static: one intake to a process */

static void watched_inbox_free(gpointer data)
{
	struct watched_inbox *inbox = data;

	if (inbox->folder.lock >= 0)
		close(inbox->folder.lock);
	if (inbox->folder.name >= 0)
		close(inbox->folder.name);
	scan_stop(inbox);
	prune_forget(inbox);
	g_sequence_free(inbox->timers);
	inbox_free(inbox->settings);
	g_free(inbox->why);
	g_free(inbox);
}

/* The one in a list of struct inbox that equals it (same_path_only: has its path), or -1. */
static int find_inbox(const GPtrArray *inboxes, const struct inbox *wanted, guint before, bool same_path_only)
{
	for (guint i = 0; i < before; i++) {
		const struct inbox *inbox = inboxes->pdata[i];
		if (inbox && (same_path_only ? strcmp(inbox->path, wanted->path) == 0 : inbox_equal(inbox, wanted)))
			return (int)i;
	}
	return -1;
}

static void add_inbox(struct intake *intake, struct inbox *settings)
{
	struct watched_inbox *inbox = g_new0(struct watched_inbox, 1);

	inbox->settings = settings;
	inbox->folder.lock = inbox->folder.name = -1;
	inbox->timers = g_sequence_new(NULL);
	g_ptr_array_add(intake->inboxes, inbox);
}

/* Two on one folder would share its files by chance. The definitions' check refuses that; here the first one has it. */
static void drop_doubles(GPtrArray *inboxes)
{
	for (guint i = 0; i < inboxes->len;) {
		struct inbox *inbox = inboxes->pdata[i];
		int first = find_inbox(inboxes, inbox, i, true);
		if (first < 0) {
			i++;
			continue;
		}
		log_error("%s: the inbox of %s is that of %s already; %s has none", inbox->path, inbox->pipeline,
			((struct inbox *)inboxes->pdata[first])->pipeline, inbox->pipeline);
		g_ptr_array_remove_index(inboxes, i);
	}
}

/* Inboxes that stay keep their timers. They are walked again, since one that came or went may lie within them. */
static void apply_set(struct intake *intake, GPtrArray *inboxes)
{
	drop_doubles(inboxes);
	for (guint i = intake->inboxes->len; i-- > 0;) {
		struct watched_inbox *inbox = intake->inboxes->pdata[i];
		int same = find_inbox(inboxes, inbox->settings, inboxes->len, false);
		if (same >= 0) {
			g_ptr_array_remove_index(inboxes, (guint)same);
			scan_stop(inbox);
			inbox->scan_us = 0;
			continue;
		}
		scan_close(intake, inbox);
		watched_inbox_why(intake, inbox, NULL);
		g_ptr_array_remove_index(intake->inboxes, i);
	}
	guint stayed = intake->inboxes->len;
	for (guint i = 0; i < inboxes->len; i++)
		add_inbox(intake, g_steal_pointer(&inboxes->pdata[i]));
	for (guint i = stayed; i < intake->inboxes->len; i++) {
		struct watched_inbox *inner = intake->inboxes->pdata[i];
		for (guint j = 0; j < stayed; j++) {
			watch_release(intake, intake->inboxes->pdata[j], inner->settings->path);
			settle_forget(intake, intake->inboxes->pdata[j], inner->settings->path);
		}
	}
	for (guint i = stayed; i < intake->inboxes->len; i++)
		scan_check(intake, intake->inboxes->pdata[i],
			!((struct watched_inbox *)intake->inboxes->pdata[i])->settings->was);
}

/* What other threads asked for. False: to end. */
static bool take_orders(struct intake *intake)
{
	guint64 count;

	/* Nothing to read is not an error: EAGAIN. */
	if (read(intake->wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_error("intake: %s", g_strerror(errno));
	g_mutex_lock(&intake->orders.lock);
	g_autoptr(GPtrArray) inboxes = g_steal_pointer(&intake->orders.inboxes);
	g_autoptr(GPtrArray) again = intake->orders.again;
	intake->orders.again = g_ptr_array_new_with_free_func(g_free);
	bool quit = intake->orders.quit;
	intake->queue = intake->orders.queue;
	g_mutex_unlock(&intake->orders.lock);
	if (inboxes && !quit)
		apply_set(intake, inboxes);
	for (guint i = 0; i < again->len && !quit; i++)
		settle_look_again(intake, again->pdata[i]);
	return !quit;
}

static bool is_paused(struct intake *intake)
{
	g_mutex_lock(&intake->orders.lock);
	bool paused = intake->orders.paused;
	g_mutex_unlock(&intake->orders.lock);
	return paused;
}

static void hand_out_recovered(struct intake *intake, struct watched_inbox *inbox)
{
	g_autoptr(GPtrArray) claims = claim_recover(inbox->settings, room_to_recover(intake, inbox), &inbox->recover);

	if (claims->len)
		log_info("%s: %u claimed before and not finished%s", inbox->settings->path, claims->len,
			inbox->recover ? "; others follow when these are" : "");
	for (guint i = 0; i < claims->len; i++)
		intake->events.claimed(g_steal_pointer(&claims->pdata[i]), intake->events.user);
}

static void take_returned(struct intake *intake, struct watched_inbox *inbox)
{
	g_autoptr(GArray) returned = failures_look(inbox->settings->path);

	for (guint i = 0; i < returned->len; i++) {
		const struct failure_returned *file = &g_array_index(returned, struct failure_returned, i);
		settle_returned(intake, inbox, file->relative, file->quiet_us);
	}
}

static void look_at_inboxes(struct intake *intake, bool paused)
{
	for (guint i = 0; i < intake->inboxes->len; i++) {
		struct watched_inbox *inbox = intake->inboxes->pdata[i];
		bool check = inbox->folder.check_us <= clock_now_us();
		if (check)
			scan_check(intake, inbox, false);
		if (!inbox->folder.open)
			continue;
		if (check) {
			take_returned(intake, inbox);
			prune_run(inbox);
		}
		scan_inbox(intake, inbox);
		if (inbox->recover && !paused && room_to_recover(intake, inbox) > 0)
			hand_out_recovered(intake, inbox);
		backlog_tell(intake, inbox);
		scan_rest(inbox);
	}
}

static void wait_for_more(struct intake *intake, bool paused, struct watched_thread *thread)
{
	gint64 next = G_MAXINT64;

	for (guint i = 0; i < intake->inboxes->len; i++) {
		struct watched_inbox *inbox = intake->inboxes->pdata[i];
		next = MIN(next, inbox->folder.check_us);
		if (!paused)
			next = MIN(next, settle_next_us(intake, inbox));
		if (inbox->folder.open)
			next = MIN(next, MIN(inbox->scan_us, backlog_next_us(intake, inbox)));
	}
	if (intake->watches.descriptor < 0)
		next = MIN(next, intake->watches.retry_us);
	gint64 now = clock_now_us();
	gint64 wait = CLAMP(next - now, 0, 60 * G_USEC_PER_SEC);
	struct timespec limit = {wait / G_USEC_PER_SEC, wait % G_USEC_PER_SEC * 1000};
	struct pollfd sources[] = {
		{.fd = intake->wake, .events = POLLIN}, {.fd = intake->watches.descriptor, .events = POLLIN}};
	watched_thread_rest(thread);
	/* A negative descriptor is passed over. An error here is a signal's; the next turn finds out. */
	if (ppoll(sources, G_N_ELEMENTS(sources), &limit, NULL) < 0)
		return;
}

static void started(struct intake *intake)
{
	g_mutex_lock(&intake->orders.lock);
	intake->orders.started = true;
	g_cond_broadcast(&intake->orders.started_changed);
	g_mutex_unlock(&intake->orders.lock);
}

/* Every inbox impossible at the start is a mistake in the settings. The mill waits for one that is away for now. */
static void check_start(struct intake *intake)
{
	const char *why = NULL;

	for (guint i = 0; i < intake->inboxes->len; i++) {
		const struct watched_inbox *inbox = intake->inboxes->pdata[i];
		if (inbox->folder.open || !inbox->folder.hopeless)
			return;
		why = inbox->why;
	}
	if (why) {
		g_mutex_lock(&intake->orders.lock);
		fail(&intake->orders.start_error, ERROR_SYSTEM, "%s", why);
		g_mutex_unlock(&intake->orders.lock);
	}
}

static gpointer run(gpointer data)
{
	struct intake *intake = data;

	take_orders(intake); /* the first set */
	check_start(intake);
	started(intake);
	struct watched_thread *thread = watched_thread_new("intake");
	while (take_orders(intake)) {
		watched_thread_mark(thread);
		bool more = events_run(intake);
		bool paused = is_paused(intake);
		look_at_inboxes(intake, paused);
		if (!paused)
			take_run(intake);
		if (!more)
			wait_for_more(intake, paused, thread);
	}
	watched_thread_free(thread);
	return NULL;
}

static void wake(struct intake *intake)
{
	guint64 one = 1;

	if (write(intake->wake, &one, sizeof(one)) < 0)
		log_error("intake: %s", g_strerror(errno));
}

struct intake *intake_new(GPtrArray *inboxes, guint queue, const struct intake_events *events, GError **error)
{
	g_autoptr(GPtrArray) taken = inboxes;

	g_ptr_array_set_free_func(taken, (GDestroyNotify)inbox_free);
	if (!g_atomic_int_compare_and_exchange(&running, 0, 1)) {
		fail(error, ERROR_SYSTEM, "there is an intake already");
		return NULL;
	}
	struct intake *intake = g_new0(struct intake, 1);
	intake->events = *events;
	g_mutex_init(&intake->orders.lock);
	g_cond_init(&intake->orders.started_changed);
	intake->inboxes = g_ptr_array_new_with_free_func(watched_inbox_free);
	intake->orders.inboxes = g_steal_pointer(&taken);
	intake->orders.again = g_ptr_array_new_with_free_func(g_free);
	intake->orders.queue = MAX(queue, 1);
	settle_init(intake);
	/* Here, on the thread that starts children: between the library's open and our CLOEXEC none may be started. */
	watch_open(intake);
	intake->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	claim_register_wakes(intake->wake);
	intake->thread = g_thread_new("intake", run, intake);
	g_mutex_lock(&intake->orders.lock);
	while (!intake->orders.started)
		g_cond_wait(&intake->orders.started_changed, &intake->orders.lock);
	GError *start_error = g_steal_pointer(&intake->orders.start_error);
	g_mutex_unlock(&intake->orders.lock);
	if (start_error) {
		g_propagate_error(error, start_error);
		intake_free(intake);
		return NULL;
	}
	return intake;
}

void intake_set(struct intake *intake, GPtrArray *inboxes)
{
	g_ptr_array_set_free_func(inboxes, (GDestroyNotify)inbox_free);
	g_mutex_lock(&intake->orders.lock);
	g_clear_pointer(&intake->orders.inboxes, g_ptr_array_unref);
	intake->orders.inboxes = inboxes;
	g_mutex_unlock(&intake->orders.lock);
	wake(intake);
}

void intake_set_queue(struct intake *intake, guint queue)
{
	g_mutex_lock(&intake->orders.lock);
	bool news = intake->orders.queue != MAX(queue, 1);
	intake->orders.queue = MAX(queue, 1);
	g_mutex_unlock(&intake->orders.lock);
	if (news)
		wake(intake);
}

void intake_look_again(struct intake *intake, const char *path)
{
	g_mutex_lock(&intake->orders.lock);
	g_ptr_array_add(intake->orders.again, g_strdup(path));
	g_mutex_unlock(&intake->orders.lock);
	wake(intake);
}

void intake_pause(struct intake *intake)
{
	g_mutex_lock(&intake->orders.lock);
	intake->orders.paused = true;
	g_mutex_unlock(&intake->orders.lock);
	wake(intake);
}

void intake_free(struct intake *intake)
{
	if (!intake)
		return;
	g_mutex_lock(&intake->orders.lock);
	intake->orders.quit = true;
	g_mutex_unlock(&intake->orders.lock);
	wake(intake);
	g_thread_join(intake->thread);
	claim_register_wakes(-1);
	settle_finish(intake);
	watch_close(intake);
	close(intake->wake);
	g_clear_pointer(&intake->orders.inboxes, g_ptr_array_unref);
	g_ptr_array_unref(intake->orders.again);
	g_ptr_array_unref(intake->inboxes);
	g_cond_clear(&intake->orders.started_changed);
	g_mutex_clear(&intake->orders.lock);
	g_free(intake);
	claim_unregister_all();
	failures_forget_all();
	g_atomic_int_set(&running, 0);
}
