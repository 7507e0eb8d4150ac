/* SPDX-License-Identifier: GPL-2.0-or-later
 * `dropmill once`: jobs without inboxes, progress on a terminal, an end: see master.h. */
#include "master/master.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/sniff.h"
#include "base/terminal.h"
#include "bus/kafka.h"
#include "definition/lanes.h"
#include "definition/reader/definition.h"
#include "master/config/allowed.h"
#include "master/fleet/threads.h"
#include "master/reload.h"
#include "master/schedule/job_end.h"
#include "master/schedule/job_start.h"
#include "master/start.h"
#include "master/start_link.h"
#include "master/state/state.h"

#define BAR_CELLS 30
#define DRAW_MS 100

struct once {
	int files, done, failed;
	bool terminal;
	guint timer; /* that draws the progress */
};

/* Each file counts alike; a tiled one by its tiles. */
static double part_done(const struct queue *queue, const struct once *once)
{
	double files = once->done + once->failed;

	for (guint i = 0; i < queue->running->len; i++) {
		const struct job *job = g_ptr_array_index(queue->running, i);
		if (job->work.tile_count && !phase_commits(job->course.phase))
			files += 0.99 * job->work.done / job->work.tile_count;
	}
	return files / once->files;
}

/* Asked each time: a window may change its size. */
static int terminal_columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static gboolean draw(gpointer data)
{
	struct master *master = data;
	const struct once *once = master->hook_data;
	char bar[BAR_CELLS + 1];
	double part = part_done(&master->queue, once);

	g_autofree char *failed = once->failed ? g_strdup_printf(", %d failed", once->failed) : g_strdup("");
	g_autofree char *words = g_strdup_printf(
		"%3d %%  %d of %d files%s", (int)(part * 100), once->done + once->failed, once->files, failed);
	int cells = CLAMP(terminal_columns() - (int)strlen(words) - 4, 0, BAR_CELLS);

	for (int i = 0; i < cells; i++)
		bar[i] = i < part * cells ? '#' : '.';
	bar[cells] = '\0';
	/* One line, however narrow: a longer one would leave its first part behind each time. */
	g_autofree char *line = g_strdup_printf(
		"%s%s%s%.*s", cells ? "[" : "", bar, cells ? "] " : "", MAX(terminal_columns() - 1, 1), words);
	terminal_progress(line);
	return G_SOURCE_CONTINUE;
}

static void say_outputs(const struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		if (!output->skipped)
			terminal_path(output->final);
	}
}

static void finished(struct master *master, struct job *job)
{
	struct once *once = master->hook_data;

	if (job_state(job) == JOB_DONE)
		once->done++;
	else {
		once->failed++;
		master->exit_status = 1;
	}
	if (once->terminal)
		draw(master);
	else if (job_state(job) == JOB_DONE)
		say_outputs(job);
	if (once->done + once->failed < once->files)
		return;
	if (once->terminal) {
		g_source_remove(once->timer);
		terminal_end_progress();
	}
	master_drain(master);
}

static void begin(struct master *master, int files)
{
	struct once *once = g_new0(struct once, 1);

	once->files = files;
	once->terminal = isatty(STDERR_FILENO);
	master->hook_data = once;
	master->finished_hook = finished;
	if (once->terminal)
		once->timer = g_timeout_add(DRAW_MS, draw, master);
}

/* A file given by hand: no claim, it stays where it is. */
static struct claim *loose_claim(const char *file, int number)
{
	struct claim *claim = g_new0(struct claim, 1);
	guint8 head[SNIFF_BYTES] = {0};

	claim->path = g_canonicalize_filename(file, NULL);
	claim->relative = g_path_get_basename(claim->path);
	claim->id = g_strdup_printf("once-%d-%d", (int)getpid(), number);
	claim->pipeline = g_strdup("");
	claim->inbox = g_strdup("");
	claim->dropped_wall_us = clock_wall_us();
	FILE *stream = fopen(claim->path, "re"); /* one that cannot be read fails as a job, like any other bad file */
	if (stream) {
		claim->format = sniff_format(head, fread(head, 1, sizeof head, stream));
		fseek(stream, 0, SEEK_END);
		claim->bytes = ftell(stream);
		fclose(stream);
	}
	return claim;
}

/* Each worker costs a start: no more than there is work for. A large file may be cut, so that all are of use. */
static int workers_for(const struct options *options, char **files)
{
	bool cut = options->tile;
	int count = 0;

	for (; files[count] && !cut; count++) {
		struct stat status;
		cut = stat(files[count], &status) == 0 && status.st_size >= ASK_CODEC_BYTES;
	}
	return cut ? options->workers : MIN(count, options->workers);
}

struct reading {
	const char *path;
	GError *error;
};

static gpointer read_definition(gpointer data)
{
	struct reading *reading = data;

	return definitions_load(reading->path, NULL, &reading->error);
}

static bool take_definition(struct definitions *definitions, const struct reading *reading, GError **error)
{
	if (!definitions->all) {
		g_propagate_error(error, reading->error);
		return false;
	}
	reload_say_errors(definitions->all);
	const struct definition *definition = definitions->all->len ? g_ptr_array_index(definitions->all, 0) : NULL;
	return (definition && definition->pipeline) ||
	       fail(error, ERROR_SYSTEM, "%s is not right; see above", reading->path);
}

static void hire(struct master *master, int workers)
{
	const struct options *o = master->settings.options;
	const char *brokers = master->link.embedded ? embedded_brokers(master->link.embedded) : o->brokers;

	master->fleet.supervisor = supervisor_new(o, brokers, master->link.embedded != NULL, master->link.key, workers,
		allowed_to_once(o), master_child_ended, master);
}

/* Broker, worker and checker of definitions start side by side: a person waits for them. */
static bool open_all(struct master *master, const char *path, int workers, GError **error)
{
	const struct options *o = master->settings.options;

	if (!start_folder("out", o->out, error) || !start_embedded(master, workers, error))
		return false;
	if (master->link.embedded)
		hire(master, workers);
	struct reading reading = {.path = path};
	GThread *reader = g_thread_new("definitions", read_definition, &reading);
	bool ok = start_bus(master, error);
	master->definitions.all = g_thread_join(reader);
	if (!ok) {
		g_clear_error(&reading.error);
		return false;
	}
	/* Those of a cluster would wait for topics that are not there yet. */
	if (!master->link.embedded)
		hire(master, workers);
	return take_definition(&master->definitions, &reading, error);
}

static bool open_once(struct master *master, const char *name, char **files, GError **error)
{
	const struct options *o = master->settings.options;
	g_autofree char *path = definition_find(o->pipelines, name, error);

	if (!path || !open_all(master, path, workers_for(o, files), error))
		return false;
	const struct definition *definition = g_ptr_array_index(master->definitions.all, 0);
	master->names = names_new(o->out, NULL, NULL, jobs_named, master, NULL);
	master->committer = committer_new(master->names, NULL, NULL, jobs_committed, master);
	g_timeout_add(MASTER_TICK_MS, master_tick, master);
	begin(master, (int)g_strv_length(files));
	for (int i = 0; files[i]; i++) {
		struct job *job = job_new(loose_claim(files[i], i), definition->pipeline);
		job_set_loose(job);
		jobs_add(master, job);
	}
	return true;
}

int master_once(const struct options *options, const char *pipeline, char **files)
{
	struct master *master = g_new0(struct master, 1);
	g_autoptr(GError) error = NULL;

	log_init("dropmill", strcmp(options->log_format, "json") == 0);
	log_set_level(LOG_WARNING);
	if (!threads_room(workers_for(options, files), false, &error)) {
		log_error("%s", error->message);
		g_free(master);
		return 2;
	}
	master->settings.once = true;
	master_init(master, options);
	if (!open_once(master, pipeline, files, &error)) {
		log_error("%s", error->message);
		master_close(master);
		return 2;
	}
	g_main_loop_run(master->loop);
	master_close(master);
	return master->exit_status;
}
