/* SPDX-License-Identifier: GPL-2.0-or-later
 * The master's loop: start, clock, signals, reload, drain: see master.h. */
#include "master/master.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/folder.h"
#include "base/display.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "bus/handle.h"
#include "master/commit/kept_originals_records.h"
#include "master/config/allowed.h"
#include "master/fleet/threads.h"
#include "master/kept_originals_link.h"
#include "master/reload.h"
#include "master/report/view.h"
#include "master/report/view_job.h"
#include "master/schedule/asset_copies.h"
#include "master/schedule/job_end.h"
#include "master/schedule/job_start.h"
#include "master/schedule/job_transitions.h"
#include "master/schedule/job_waiting.h"
#include "master/schedule/schedule.h"
#include "master/service.h"
#include "master/start.h"
#include "master/start_link.h"
#include "master/state/state.h"

static void tell_service(const struct master *master)
{
	service_status("%" G_GUINT64_FORMAT " queued, %" G_GUINT64_FORMAT " running, %" G_GUINT64_FORMAT
		       " done, %" G_GUINT64_FORMAT " failed; %u workers%s",
		master->stats.jobs_by_state[JOB_QUEUED], master->stats.jobs_by_state[JOB_RUNNING],
		master->stats.jobs_by_state[JOB_DONE], master->stats.jobs_by_state[JOB_FAILED],
		workers_live(master->fleet.workers), master->link.up ? "" : "; the broker is down");
}

static void say_ready(struct master *master)
{
	if (master->ready || master->settings.once)
		return;
	/* In a cluster's group a worker may well hold none; a child of the embedded broker is of no use without. */
	guint count =
		master->link.embedded ? workers_holding(master->fleet.workers) : workers_live(master->fleet.workers);
	if (master->fleet.supervisor && count < (guint)master->settings.options->workers)
		return;
	master->ready = true;
	view_publish(&master->report); /* whoever reads the line may ask at once */
	log_info("ready: drop images into %s/<pipeline>/ and watch %s", master->settings.options->watch,
		master->page->url(master->web));
	for (guint i = 0; i < master->definitions.all->len; i++) {
		const struct definition *definition = g_ptr_array_index(master->definitions.all, i);
		if (definition->pipeline)
			log_info("  %s/  %s", definition->pipeline->inbox, definition->pipeline->description);
	}
	view_changed(&master->report);
}

static void worker_changed(struct worker *worker, void *user)
{
	say_ready(user);
	schedule_worker_changed(worker, user);
}

gboolean master_tick(gpointer data)
{
	struct master *master = data;
	gint64 now = clock_now_us(), pause = master->ticked_us ? now - master->ticked_us : 0;

	/* This process was stopped, or starved: what seems like silence are heartbeats that it has not read yet. */
	if (pause > WORKER_LATE_US)
		workers_forgive(master->fleet.workers);
	master->ticked_us = now;
	service_turn();
	if (!master->draining && !master->settings.once)
		tell_service(master);
	workers_tick(master->fleet.workers, master->link.up);
	schedule_tick(master);
	folder_discard_again();
	if (!master->draining)
		inboxes_tick(master->inboxes);
	if (master->intake)
		intake_set_queue(master->intake, jobs_queue(&master->settings, &master->fleet));
	if (master->definitions.assets)
		assets_tick(master->definitions.assets, &master->definitions, &master->queue);
	view_tick(&master->report);
	return G_SOURCE_CONTINUE;
}

void master_child_ended(gint64 pid, const char *how, const char *task, void *user)
{
	struct master *master = user;

	workers_child_ended(master->fleet.workers, pid, how, task);
}

static void workers_stopped(void *user)
{
	struct master *master = user;

	g_main_loop_quit(master->loop);
}

/* Ends the loop when the mill is draining and nothing runs any more. */
static void check_drained(struct master *master)
{
	if (!master->draining || queue_busy(&master->queue) > 0)
		return;
	if (master->fleet.supervisor)
		supervisor_stop(master->fleet.supervisor, workers_stopped, master);
	else
		g_main_loop_quit(master->loop);
}

void master_drain(struct master *master)
{
	master->draining = true;
	codec_link_free(g_steal_pointer(&master->queue.spare_codec));
	service_stopping();
	service_status("finishing %u jobs in hand", queue_busy(&master->queue));
	if (master->intake)
		intake_pause(master->intake);
	check_drained(master);
}

/* Whatever it waits for: a worker, a broker, a disk. */
static gboolean drain_is_over(gpointer data)
{
	struct master *master = data;

	log_warning(
		"%u jobs are not finished after %d s (--drain-seconds); they stay claimed and are taken up at the next start",
		queue_busy(&master->queue), master->settings.options->drain_seconds);
	g_main_loop_quit(master->loop);
	return G_SOURCE_REMOVE;
}

static gboolean stop_asked(gpointer data)
{
	struct master *master = data;

	if (master->settings.once) {
		master->exit_status = 1;
		master->draining = true; /* it may still wait for the broker */
		g_main_loop_quit(master->loop);
		return G_SOURCE_CONTINUE;
	}
	if (master->draining) {
		log_warning("stopping at once; what is unfinished stays claimed and is taken up at the next start");
		g_main_loop_quit(master->loop);
		return G_SOURCE_CONTINUE;
	}
	if (queue_busy(&master->queue) > 0)
		log_info("finishing %u jobs in hand (again to stop at once)", queue_busy(&master->queue));
	g_timeout_add_seconds((guint)master->settings.options->drain_seconds, drain_is_over, master);
	master_drain(master);
	return G_SOURCE_CONTINUE;
}

struct arrival {
	struct master *master;
	struct claim *claim;
};

static gboolean take_claim(gpointer data)
{
	g_autofree struct arrival *arrival = data;
	struct master *master = arrival->master;
	struct definition *definition = definitions_find(master->definitions.all, arrival->claim->pipeline);

	if (definition && definition->pipeline)
		jobs_add(master, job_new(arrival->claim, definition->pipeline));
	else /* its pipeline went away between the claim and now */
		jobs_give_back(master, arrival->claim);
	return G_SOURCE_REMOVE;
}

/* Intake's thread. */
static void claimed(struct claim *claim, void *user)
{
	struct arrival *arrival = g_new(struct arrival, 1);

	*arrival = (struct arrival){user, claim};
	g_idle_add_full(G_PRIORITY_DEFAULT, take_claim, arrival, NULL);
}

static gboolean waiting_changed(gpointer report)
{
	view_changed(report);
	return G_SOURCE_REMOVE;
}

/* Intake's thread. */
static void waiting(const char *pipeline, const char *path, const char *why, void *user)
{
	struct master *master = user;
	g_autofree char *shown = display_name(path);

	if (!waiting_set(master->waiting, pipeline, path, why))
		return;
	if (why)
		log_info("%s: %s waits: %s", pipeline, shown, why);
	g_idle_add(waiting_changed, &master->report);
}

/* Intake's thread. */
static void more(const char *pipeline, const char *inbox, guint64 count, const char *why, void *user)
{
	struct master *master = user;

	if (waiting_more(master->waiting, pipeline, inbox, count, why)) {
		g_autofree char *shown = display_name(inbox);
		log_info("%s: %s: %s", pipeline, shown, count ? why : "no file waits for its turn any more");
	}
	g_idle_add(waiting_changed, &master->report);
}

static bool read_definitions(struct master *master, GError **error)
{
	master->definitions.all =
		definitions_load(master->settings.options->pipelines, assets_folder(master->definitions.assets), error);
	if (!master->definitions.all)
		return false;
	assets_watch(master->definitions.assets, master->definitions.all);
	assets_sweep(master->definitions.assets, &master->definitions, &master->queue);
	reload_say_errors(master->definitions.all);
	return true;
}

static void asset_changed(void *user)
{
	reload_soon(user);
}

static bool start_intake(struct master *master, GError **error)
{
	struct intake_events events = {.claimed = claimed, .waiting = waiting, .more = more, .user = master};
	g_autoptr(GFile) folder = g_file_new_for_path(master->settings.options->pipelines);

	if (!read_definitions(master, error))
		return false;
	kept_link_events(&events);
	if (master->definitions.all->len == 0)
		log_warning("%s holds no definition (*.yaml) yet; `dropmill init` puts samples there",
			master->settings.options->pipelines);
	master->definitions.monitor = g_file_monitor_directory(folder, G_FILE_MONITOR_NONE, NULL, NULL);
	if (master->definitions.monitor)
		g_signal_connect(master->definitions.monitor, "changed", G_CALLBACK(reload_touched), master);
	master->inboxes = inboxes_new(master->settings.options->state, master->waiting);
	master->intake =
		intake_new(start_inboxes(master), jobs_queue(&master->settings, &master->fleet), &events, error);
	master->report.of.intake = master->intake;
	return master->intake != NULL;
}

void master_init(struct master *master, const struct options *options)
{
	const struct workers_events events = {schedule_worker_gone, worker_changed, master, schedule_results_unread};
	sigset_t set;

	/* Every thread inherits the mask; the main loop takes signals through its own source. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	master->room_hook = check_drained;
	master->settings.options = options;
	master->settings.started_us = clock_now_us();
	master->loop = g_main_loop_new(NULL, FALSE);
	queue_init(&master->queue);
	schedule_attach(master);
	master->waiting = waiting_new();
	report_init(&master->report, &(struct report_sources){
					     .settings = &master->settings,
					     .definitions = &master->definitions,
					     .link = &master->link,
					     .queue = &master->queue,
					     .fleet = &master->fleet,
					     .waiting = master->waiting,
					     .ready = &master->ready,
					     .stats = &master->stats,
				     });
	master->fleet.workers = workers_new(&events);
	master->fleet.segments = segments_new(options->state, (gsize)options->memory);
	g_unix_signal_add(SIGTERM, stop_asked, master);
	g_unix_signal_add(SIGINT, stop_asked, master);
	g_unix_signal_add(SIGHUP, reload_hangup, master);
	/* Blocked signals stay pending for signalfd-less GLib: its handlers need them unblocked here, and only here. */
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void master_close(struct master *master)
{
	GHashTableIter iter;
	gpointer job;

	intake_free(master->intake);
	inboxes_free(g_steal_pointer(&master->inboxes));
	g_clear_object(&master->definitions.monitor);
	assets_free(g_steal_pointer(&master->definitions.assets));
	if (master->web)
		master->page->close(master->web);
	supervisor_free(g_steal_pointer(&master->fleet.supervisor));
	committer_free(master->committer);
	names_free(master->names);
	g_hash_table_iter_init(&iter, master->queue.jobs);
	while (g_hash_table_iter_next(&iter, NULL, &job))
		jobs_abandon(master, job);
	codec_link_free(g_steal_pointer(&master->queue.spare_codec));
	queue_clear(&master->queue);
	report_clear(&master->report);
	kept_free(master->kept);
	history_close(master->history);
	broker_forget(master->link.broker);
	/* Everything durable is done; the rest goes with the process. librdkafka 2.0.2 was seen to wait for ever in
	 * destroying a consumer (its broker thread, on Apache Kafka). In one stop in fifty it waited for a second in
	 * destroying the embedded broker, whose thread was not woken. A mill must stop when it is asked to. */
}

static bool open_all(struct master *master, bool own_workers, GError **error)
{
	const struct options *o = master->settings.options;

	if (!g_file_test(o->pipelines, G_FILE_TEST_IS_DIR))
		return fail(error, ERROR_SYSTEM,
			"%s is not a folder; give the one with your definitions with --pipelines", o->pipelines);
	if (!start_state(o->state, o->out, error) || !start_lock(o->state, error) ||
		!start_folder("out", o->out, error) || !start_folder("watch", o->watch, error))
		return false;
	master->web = master->page->open(o->http, o->state, error);
	/* Once more: a page takes as many threads as it gets. */
	if (!master->web || !threads_room(own_workers ? o->workers : 0, true, error))
		return false;
	master->report.page = true;
	view_publish(&master->report);
	/* It may have to wait, with the loop running: before there are workers, whom nothing could answer yet. */
	if (!start_history(master, error) || !start_embedded(master, o->workers, error) || !start_bus(master, error))
		return false;
	/* Workers of a cluster may still be at the tasks of an earlier master: what they finish from now on is heard of, and removed then. */
	start_sweep(o->out);
	master->definitions.assets = assets_new(o->state, asset_changed, master);
	if (own_workers)
		master->fleet.supervisor =
			supervisor_new(o, bus_options(master->link.bus)->brokers, master->link.embedded != NULL,
				master->link.key, o->workers, allowed_to_workers(o, NULL), master_child_ended, master);
	view_load_history(&master->report, master->history);
	/* Before the originals that are kept: it learns of them what a lost database knew. */
	master->names = names_new(o->out, o->watch, master->history, jobs_named, master, error);
	if (!master->names)
		return false;
	if (!kept_link_open(master, error))
		return false;
	master->committer = committer_new(master->names, master->history, master->kept, jobs_committed, master);
	if (!start_intake(master, error))
		return false;
	g_timeout_add(MASTER_TICK_MS, master_tick, master);
	tell_service(master);
	service_ready(); /* what is dropped from now on is taken, whenever there are workers */
	say_ready(master);
	return true;
}

int master_run(const struct options *options, bool own_workers, const struct master_page *page)
{
	struct master *master = g_new0(struct master, 1);
	g_autoptr(GError) error = NULL;

	log_init("dropmill", strcmp(options->log_format, "json") == 0);
	if (!threads_room(own_workers ? options->workers : 0, false, &error)) {
		log_error("%s", error->message);
		g_free(master);
		return 1;
	}
	master->page = page;
	master_init(master, options);
	if (!open_all(master, own_workers, &error)) {
		/* It was waiting, and was asked to stop. */
		if (master->draining) {
			log_info("%s", error->message);
			master_close(master);
			return 0;
		}
		log_error("%s", error->message);
		master_close(master);
		return 1;
	}
	g_main_loop_run(master->loop);
	master_close(master);
	log_info("stopped");
	return master->exit_status;
}
