/* SPDX-License-Identifier: GPL-2.0-or-later
 * The worker's pulse: see heartbeat.h. */
#include "worker/heartbeat.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "base/version.h"
#include "bus/protocol/heartbeat.h"
#include "bus/reader.h"
#include "bus/send.h"

#define PERIOD_US G_USEC_PER_SEC
/* The master sees the limit in the heartbeats and acts first; this is for a worker that it cannot kill. */
#define OVERTIME_US (3 * G_USEC_PER_SEC)

struct pulse {
	struct bus *bus;
	struct bus_reader *reader;
	GThread *thread;
	GMutex mutex;
	GCond changed;
	bool stop, now;
	struct heartbeat beat; /* what the next one says */
	gint64 busy_since_us, limit_us;
	guint sending;  /* results on their way */
	bool receiving; /* parts of a task are here, others are not */
};

static gint64 resident_bytes(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file) {
		if (fscanf(file, "%*s %ld", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	return (gint64)pages * sysconf(_SC_PAGESIZE);
}

/* With the mutex held; sends a record of the present state. */
static void send_beat(struct pulse *pulse)
{
	struct heartbeat *beat = &pulse->beat;
	g_autoptr(GError) error = NULL;

	beat->sequence++;
	beat->rss_bytes = resident_bytes();
	beat->lag = pulse->reader ? bus_reader_lag(pulse->reader, -1) : -1;
	g_array_set_size(beat->lags, 0);
	for (guint i = 0; i < beat->partitions->len; i++) {
		gint32 partition = g_array_index(beat->partitions, gint32, i);
		gint64 lag = pulse->reader ? bus_reader_lag(pulse->reader, partition) : -1;
		g_array_append_val(beat->lags, lag);
	}
	beat->busy_us = pulse->busy_since_us ? clock_now_us() - pulse->busy_since_us : 0;
	/* The master assumes that a worker that is idle and has not answered lost the task. */
	struct heartbeat said = *beat;
	if ((pulse->sending > 0 || pulse->receiving) && strcmp(beat->state, "idle") == 0)
		said.state = "busy";
	/* A queue that is full drops it; the next one says more. Large records never fill it. */
	if (!bus_send(pulse->bus, heartbeat_to_record(&said), NULL, NULL, &error))
		log_debug("heartbeat not sent: %s", error->message);
}

static gpointer beat_thread(gpointer data)
{
	struct pulse *pulse = data;
	gint64 next = 0;

	g_mutex_lock(&pulse->mutex);
	while (!pulse->stop) {
		gint64 now = clock_now_us();
		if (pulse->busy_since_us && pulse->limit_us &&
			now - pulse->busy_since_us > pulse->limit_us + OVERTIME_US) {
			log_warning("%s tile %d takes too long; this process ends, another takes its place",
				pulse->beat.job, pulse->beat.tile);
			_exit(PROCESS_OVERTIME);
		}
		if (pulse->now || now >= next) {
			pulse->now = false;
			send_beat(pulse);
			next = now + PERIOD_US;
		}
		g_cond_wait_until(&pulse->changed, &pulse->mutex, next);
	}
	pulse->beat.state = "stopping";
	send_beat(pulse);
	g_mutex_unlock(&pulse->mutex);
	return NULL;
}

struct pulse *pulse_new(struct bus *bus, const struct heartbeat *about)
{
	struct pulse *pulse = g_new0(struct pulse, 1);

	g_mutex_init(&pulse->mutex);
	g_cond_init(&pulse->changed);
	pulse->bus = bus;
	pulse->beat = (struct heartbeat){
		.id = g_strdup(about->id),
		.host = g_strdup(g_get_host_name()),
		.pid = getpid(),
		.machine = process_machine(),
		.state = "idle",
		.job = g_strdup(""),
		.tile = -1,
		.partitions = g_array_new(FALSE, FALSE, sizeof(gint32)),
		.lag = -1,
		.lags = g_array_new(FALSE, FALSE, sizeof(gint64)),
		.version = g_strdup(DROPMILL_VERSION),
		.planes = {about->planes[0], about->planes[1]},
		.no_files = about->no_files,
		.vips = g_strdup(about->vips),
		.test_hash = g_strdup(about->test_hash),
		.slot = g_strdup(about->slot ? about->slot : ""),
		.restarts = about->restarts,
		.endings = about->endings ? g_ptr_array_ref(about->endings) : endings_new(),
	};
	pulse->thread = g_thread_new("heartbeat", beat_thread, pulse);
	return pulse;
}

void pulse_free(struct pulse *pulse)
{
	if (!pulse)
		return;
	g_mutex_lock(&pulse->mutex);
	pulse->stop = true;
	g_cond_signal(&pulse->changed);
	g_mutex_unlock(&pulse->mutex);
	g_thread_join(pulse->thread);
	g_free(pulse->beat.id);
	g_free(pulse->beat.host);
	g_free(pulse->beat.machine);
	g_free(pulse->beat.job);
	g_free(pulse->beat.vips);
	g_free(pulse->beat.test_hash);
	g_free(pulse->beat.slot);
	g_ptr_array_unref(pulse->beat.endings);
	g_array_unref(pulse->beat.partitions);
	g_array_unref(pulse->beat.lags);
	g_free(pulse->beat.version);
	g_mutex_clear(&pulse->mutex);
	g_cond_clear(&pulse->changed);
	g_free(pulse);
}

void pulse_partitions(struct pulse *pulse, const gint32 *partitions, gsize count)
{
	g_mutex_lock(&pulse->mutex);
	g_array_set_size(pulse->beat.partitions, 0);
	if (count)
		g_array_append_vals(pulse->beat.partitions, partitions, (guint)count);
	pulse->now = true;
	g_cond_signal(&pulse->changed);
	g_mutex_unlock(&pulse->mutex);
}

void pulse_reader(struct pulse *pulse, struct bus_reader *reader)
{
	g_mutex_lock(&pulse->mutex);
	pulse->reader = reader;
	g_mutex_unlock(&pulse->mutex);
}

void pulse_retire(struct pulse *pulse)
{
	g_mutex_lock(&pulse->mutex);
	pulse->beat.retiring = true;
	pulse->now = true;
	g_cond_signal(&pulse->changed);
	g_mutex_unlock(&pulse->mutex);
}

void pulse_sending(struct pulse *pulse, int change)
{
	g_mutex_lock(&pulse->mutex);
	pulse->sending += (guint)change;
	g_mutex_unlock(&pulse->mutex);
}

void pulse_receiving(struct pulse *pulse, bool receiving)
{
	g_mutex_lock(&pulse->mutex);
	pulse->receiving = receiving;
	g_mutex_unlock(&pulse->mutex);
}

void pulse_begin(struct pulse *pulse, const struct task *task)
{
	g_mutex_lock(&pulse->mutex);
	g_free(pulse->beat.job);
	pulse->beat.job = g_strdup(task->job);
	pulse->beat.tile = task->tile;
	pulse->beat.attempt = task->attempt;
	pulse->beat.state = "busy";
	pulse->busy_since_us = clock_now_us();
	pulse->limit_us = task->limit_ms * 1000;
	g_mutex_unlock(&pulse->mutex);
}

void pulse_end(struct pulse *pulse, enum result_status status, bool more)
{
	g_mutex_lock(&pulse->mutex);
	g_free(pulse->beat.job);
	pulse->beat.job = g_strdup("");
	pulse->beat.tile = -1;
	pulse->beat.attempt = 0;
	pulse->beat.state = more ? "busy" : "idle";
	pulse->busy_since_us = 0;
	if (status == RESULT_OK || status == RESULT_HUGE)
		pulse->beat.done++;
	else if (status != RESULT_STALE && status != RESULT_LACKS)
		pulse->beat.failed++;
	g_mutex_unlock(&pulse->mutex);
}
