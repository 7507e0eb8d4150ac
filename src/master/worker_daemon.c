/* SPDX-License-Identifier: GPL-2.0-or-later
 * `dropmill worker`: worker processes of a cluster, kept running on a machine without a master: see master.h. */
#include "master/master.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "master/config/allowed.h"
#include "master/fleet/supervisor.h"
#include "master/fleet/threads.h"
#include "master/service.h"

struct host {
	const struct options *options;
	GMainLoop *loop;
	struct supervisor *supervisor;
	bool stopping;
};

static void stopped(void *loop)
{
	g_main_loop_quit(loop);
}

static gboolean drain_is_over(gpointer data)
{
	struct host *host = data;

	log_warning("workers still compute after %d s (--drain-seconds); the master gives what is unfinished to others",
		host->options->drain_seconds);
	g_main_loop_quit(host->loop);
	return G_SOURCE_REMOVE;
}

/* The first time each worker finishes what it has in hand; the second time all end at once. */
static gboolean stop_asked(gpointer data)
{
	struct host *host = data;

	if (host->stopping) {
		log_warning("stopping at once; the master gives what is unfinished to others");
		g_main_loop_quit(host->loop);
		return G_SOURCE_CONTINUE;
	}
	host->stopping = true;
	service_stopping();
	g_timeout_add_seconds((guint)host->options->drain_seconds, drain_is_over, host);
	supervisor_stop(host->supervisor, stopped, host->loop);
	return G_SOURCE_CONTINUE;
}

/* A rolling restart: no definition is read here, so that SIGHUP means fresh processes, one after the other. */
static gboolean renew_asked(gpointer data)
{
	struct host *host = data;

	supervisor_renew(host->supervisor);
	return G_SOURCE_CONTINUE;
}

static gboolean turn(gpointer host)
{
	(void)host;
	service_turn();
	return G_SOURCE_CONTINUE;
}

int worker_host_run(const struct options *options)
{
	struct host host = {.options = options, .loop = g_main_loop_new(NULL, FALSE)};

	log_init("dropmill", strcmp(options->log_format, "json") == 0);
	g_autoptr(GError) error = NULL;
	char **places = allowed_by_user(options, &error);
	if (!places) {
		log_error("%s", error->message);
		g_main_loop_unref(host.loop);
		return 2;
	}
	if (!threads_room(options->count, false, &error)) {
		log_error("%s", error->message);
		g_strfreev(places);
		g_main_loop_unref(host.loop);
		return 1;
	}
	auto_struct(supervisor) supervisor =
		supervisor_new(options, options->brokers, false, NULL, options->count, places, NULL, NULL);
	host.supervisor = supervisor;
	g_unix_signal_add(SIGTERM, stop_asked, &host);
	g_unix_signal_add(SIGINT, stop_asked, &host);
	g_unix_signal_add(SIGHUP, renew_asked, &host);
	g_timeout_add(1000, turn, &host);
	service_status("%d workers", options->count);
	service_ready();
	g_main_loop_run(host.loop);
	g_main_loop_unref(host.loop);
	return 0;
}
