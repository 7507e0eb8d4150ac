/* SPDX-License-Identifier: GPL-2.0-or-later
 * One tiled job in a process of its own: see codec.h. */
#include "codec/codec.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/fd_channel.h"
#include "base/disk/folder.h"
#include "base/disk/io.h"
#include "base/error.h"
#include "base/job_timings.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "base/testing/ordered_failure.h"
#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/plan_describe.h"
#include "image/quirks/image_code.h"
#include "image/read/allow.h"
#include "image/read/format.h"
#include "image/table/warnings.h"
#include "sandbox/path_allowlist.h"
#include "sandbox/sandbox.h"

#define CONTROL_FD 3
#define LARGE_BLOCK_BYTES (1 << 20)

struct codec {
	JsonObject *request; /* the requested rows */
	struct plan *plan;
	struct segment *segment;
	int handed;         /* a descriptor that came and was not taken yet: the picture's, then the segment's; -1 */
	char *path, *alias; /* of the picture: its name, and the one by which it is opened */
	struct rows *rows;
	GPtrArray *temps; /* paths, by output */
	GMutex sending;
	GMutex counting;
	struct spent spent; /* under counting when threads run */
	gint64 began_us;    /* decoder and encoders */
	gint64 plan_cpu_us; /* until the plan was made */
	gint running;       /* threads that have not ended */
	gint failed;        /* a failure was sent: the rest follows from it */
};

/* Sends one line. The master has gone when it cannot be sent: nothing is left to do. */
static void send_event(struct codec *codec, JsonObject *event)
{
	g_autofree char *text = json_object_text(event);
	g_autofree char *line = g_strconcat(text, "\n", NULL);

	g_mutex_lock(&codec->sending);
	if (!io_write(CONTROL_FD, line, strlen(line)))
		_exit(1);
	g_mutex_unlock(&codec->sending);
}

static void send_failure(struct codec *codec, GError *error)
{
	g_autoptr(JsonObject) event = json_object_new();

	if (!g_atomic_int_compare_and_exchange(&codec->failed, 0, 1))
		return;
	if (codec->alias)
		beneath_unalias(error, codec->alias, codec->path ? codec->path : "the original");
	static const char *const kinds[] = {
		[ERROR_INPUT] = "input", [ERROR_RETRY] = "retry", [ERROR_SYSTEM] = "system"};
	json_object_set_string_member(event, "event", "failed");
	json_object_set_string_member(event, "kind", error->domain == DROPMILL_ERROR ? kinds[error->code] : "retry");
	json_object_set_boolean_member(event, "limit", error_is_limit(error));
	g_autofree char *message = g_utf8_make_valid(error->message, -1);
	json_object_set_string_member(event, "message", message);
	send_event(codec, event);
}

static void add_rect(JsonArray *array, const VipsRect *rect)
{
	json_array_add_int_element(array, rect->left);
	json_array_add_int_element(array, rect->top);
	json_array_add_int_element(array, rect->width);
	json_array_add_int_element(array, rect->height);
}

static void tiles_ready(const int *tiles, guint count, void *user)
{
	struct codec *codec = user;
	g_autoptr(JsonObject) event = json_object_new();
	JsonArray *list = json_array_new();

	for (guint i = 0; i < count; i++) {
		const struct plan_tile *tile = plan_tile(codec->plan, tiles[i]);
		JsonArray *entry = json_array_sized_new(10);
		json_array_add_int_element(entry, tiles[i]);
		json_array_add_int_element(entry, tile->output);
		add_rect(entry, &tile->out);
		add_rect(entry, &tile->need);
		json_array_add_array_element(list, entry);
	}
	json_object_set_string_member(event, "event", "ready");
	json_object_set_array_member(event, "tiles", list);
	send_event(codec, event);
}

static void send_encoded(struct codec *codec)
{
	g_autoptr(JsonObject) event = json_object_new();
	JsonArray *list = json_array_new();

	for (guint i = 0; i < codec->temps->len; i++) {
		struct plan_output *output = g_ptr_array_index(codec->plan->outputs, i);
		JsonObject *entry = json_object_new();
		json_object_set_int_member(entry, "bytes", folder_bytes(g_ptr_array_index(codec->temps, i)));
		json_object_set_int_member(entry, "width", output->grid.width);
		json_object_set_int_member(entry, "height", output->grid.height);
		json_array_add_object_element(list, entry);
	}
	json_object_set_string_member(event, "event", "encoded");
	json_object_set_array_member(event, "outputs", list);
	spent_add(&codec->spent, SPENT_ENCODE_CPU_US,
		clock_cpu_us() - codec->spent.of[SPENT_DECODE_CPU_US] - codec->plan_cpu_us);
	json_object_set_object_member(event, "spent", spent_part(&codec->spent, "codec"));
	send_event(codec, event);
	g_autofree char *request = json_object_text(codec->request);
	warnings_say(request);
}

/* A thread's end; the last one to end well reports. */
static void ended(struct codec *codec, bool well, GError *error)
{
	if (!well) {
		/* One that was only stopped has none: who stopped it tells. */
		if (error)
			send_failure(codec, error);
		rows_stop(codec->rows);
	}
	if (g_atomic_int_dec_and_test(&codec->running) && !g_atomic_int_get(&codec->failed))
		send_encoded(codec);
}

static gpointer decode_thread(gpointer data)
{
	struct codec *codec = data;
	struct stream_spent spent = {0};
	g_autoptr(GError) error = NULL;

	ORDERED_FAILURE("codec.decode", codec->request);
	bool well = decoder_run(codec->plan, codec->rows, &spent, &error);

	g_mutex_lock(&codec->counting);
	spent_add(&codec->spent, SPENT_DECODE_US, clock_now_us() - codec->began_us - spent.wait_us - spent.copy_us);
	spent_add(&codec->spent, SPENT_DECODE_CPU_US, clock_thread_us() + spent.helpers_cpu_us);
	spent_add(&codec->spent, SPENT_DECODE_WAIT_US, spent.wait_us);
	spent_add(&codec->spent, SPENT_DECODE_COPY_US, spent.copy_us);
	spent_add(&codec->spent, SPENT_CODEC_COPIED, spent.copied_bytes);
	spent_add(&codec->spent, SPENT_PIECES, spent.parts);
	g_mutex_unlock(&codec->counting);
	ended(codec, well, error);
	vips_thread_shutdown();
	return NULL;
}

struct encode_job {
	struct codec *codec;
	int index;
	struct encoder *encoder;
};

static gpointer encode_thread(gpointer data)
{
	g_autofree struct encode_job *job = data;
	auto_struct(encoder) encoder = job->encoder;
	struct codec *codec = job->codec;
	g_autoptr(GError) error = NULL;

	ORDERED_FAILURE("codec.encode", codec->request);
	bool well = encoder_run(encoder, g_ptr_array_index(codec->temps, job->index), &error);
	const struct stream_spent *spent = encoder_spent(encoder);

	g_mutex_lock(&codec->counting);
	spent_add(&codec->spent, SPENT_ENCODE_US, clock_now_us() - codec->began_us);
	spent_add(&codec->spent, SPENT_ENCODE_WAIT_US, spent->wait_us);
	spent_add(&codec->spent, SPENT_ENCODE_COPY_US, spent->copy_us);
	spent_add(&codec->spent, SPENT_CODEC_COPIED, spent->copied_bytes);
	spent_add(&codec->spent, SPENT_STRIPS, spent->parts);
	g_mutex_unlock(&codec->counting);
	ended(codec, well, error);
	vips_thread_shutdown();
	return NULL;
}

/* This job's files and no others, from before the first byte is read. No thread runs yet that could be left out. */
static void shut_files(JsonObject *request, const char *picture)
{
	JsonArray *read = json_array(request, "read"), *write = json_array(request, "write");

	for (guint i = 0; read && i < json_array_get_length(read); i++) {
		g_autofree char *path = json_path_at(read, i);
		if (path)
			path_allowlist_add(path, PLACE_READ);
	}
	for (guint i = 0; write && i < json_array_get_length(write); i++) {
		g_autofree char *path = json_path_at(write, i);
		if (path)
			path_allowlist_add(path, PLACE_WRITE);
	}
	path_allowlist_add(picture, PLACE_READ);
	/* What is missing was said by the first worker. */
	g_free(sandbox_files(NULL, false));
}

static bool do_plan(struct codec *codec, JsonObject *request, GError **error)
{
	if (codec->plan)
		return fail(error, ERROR_SYSTEM, "a second plan");
	if (codec->handed < 0)
		return fail(error, ERROR_SYSTEM, "the original cannot be opened");
	codec->path = json_path(request, "path");
	codec->alias = beneath_alias(codec->handed); /* open as long as this process lives */
	codec->handed = -1;
	json_set_path(request, "path", codec->alias);
	shut_files(request, codec->alias);
	codec->request = json_object_ref(request);
	warnings_begin(codec->path);
	ORDERED_FAILURE("codec.plan", request);
	gint64 began = clock_now_us();
	/* For the life of this process, which has one picture. */
	if (allow_open(request, error))
		codec->plan = plan_make(request, error);
	spent_add(&codec->spent, SPENT_PLAN_US, clock_now_us() - began);
	codec->plan_cpu_us = clock_cpu_us();
	if (!codec->plan)
		return false;
	g_autoptr(JsonObject) event = plan_describe(codec->plan);
	if (!codec->plan->whole) {
		JsonObject *code = image_code_describe(json_object(request, "code"), error);
		if (!code)
			return false;
		json_object_set_object_member(event, "code", code);
	}
	send_event(codec, event);
	return true;
}

static bool do_go(struct codec *codec, JsonObject *request, GError **error)
{
	JsonArray *temps = json_array(request, "temps");

	if (!codec->plan || codec->plan->whole || codec->rows || !temps ||
		json_array_get_length(temps) != codec->plan->outputs->len)
		return fail(error, ERROR_SYSTEM, "go at the wrong moment");
	if (codec->handed < 0)
		return fail(error, ERROR_SYSTEM, "go without a segment");
	codec->segment = segment_adopt(codec->handed, codec->plan->segment_bytes, error);
	codec->handed = -1;
	if (!codec->segment)
		return false;
	codec->temps = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < json_array_get_length(temps); i++)
		g_ptr_array_add(codec->temps, json_path_at(temps, i));
	codec->rows = rows_new(codec->plan, codec->segment, tiles_ready, codec);
	codec->began_us = clock_now_us();
	codec->running = 1 + (gint)codec->temps->len;
	g_autofree struct encoder **encoders = g_new0(struct encoder *, codec->temps->len);
	for (guint i = 0; i < codec->temps->len; i++)
		/* What was made until then goes with the process, which has failed. */
		if (!(encoders[i] = encoder_new(codec->plan, codec->rows, (int)i, error)))
			return false;
	for (guint i = 0; i < codec->temps->len; i++) {
		struct encode_job *job = g_new(struct encode_job, 1);
		*job = (struct encode_job){codec, (int)i, encoders[i]};
		g_thread_unref(g_thread_new("encode", encode_thread, job));
	}
	g_thread_unref(g_thread_new("decode", decode_thread, codec));
	return true;
}

static bool do_command(struct codec *codec, JsonObject *command, GError **error)
{
	const char *name = json_string(command, "cmd", "");

	if (strcmp(name, "plan") == 0)
		return do_plan(codec, command, error);
	if (strcmp(name, "go") == 0)
		return do_go(codec, command, error);
	bool held = strcmp(name, "held") == 0, freed = strcmp(name, "free") == 0;
	if ((held || freed || strcmp(name, "done") == 0) && codec->rows) {
		gint64 tile = json_int(command, "tile", -1);
		if (tile < 0 || tile >= codec->plan->tiles->len)
			return fail(error, ERROR_SYSTEM, "no tile %" G_GINT64_FORMAT, tile);
		if (freed)
			rows_tile_free(codec->rows, (int)tile);
		else
			rows_tile_done(codec->rows, (int)tile, held);
		return true;
	}
	return fail(error, ERROR_SYSTEM, "unknown command '%s'", name);
}

int codec_command(int argc, char **argv)
{
	struct codec codec = {.handed = -1};
	g_autoptr(GError) error = NULL;

	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C reaches the whole group; the master says when this process ends. */
	signal(SIGINT, SIG_IGN);
	if (argc > 1)
		process_die_with_parent(SIGKILL, atoi(argv[1]));
	log_init("codec", g_strcmp0(g_getenv("DROPMILL_LOG_FORMAT"), "json") == 0);
	process_be_nice();
	/* Each time a block is freed, glibc raises the size from which blocks go back to the kernel. After a few strips
	 * of a gigapixel picture, 30 MB are in holes (measured: 128 MB, with this 99, in the same time). */
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
	mallopt(M_TRIM_THRESHOLD, 8 * LARGE_BLOCK_BYTES);
	/* What is missing was said by the first worker. */
	g_free(sandbox_enter(SANDBOX_NO_NETWORK));
	g_mutex_init(&codec.sending);
	g_mutex_init(&codec.counting);
	/* For encoders: whatever else is computed here has its own threads. */
	if (!image_init("dropmill", (int)g_get_num_processors(), &error)) {
		send_failure(&codec, error);
		return 1;
	}
	auto_struct(fd_channel) lines = fd_channel_new(CONTROL_FD);
	for (;;) {
		int handed;
		g_autofree char *line = fd_channel_line(lines, &handed);
		if (!line)
			break;
		if (handed >= 0)
			codec.handed = handed;
		g_autoptr(JsonObject) command = json_parse_object(line, -1, &error);
		if (!command || !do_command(&codec, command, &error)) {
			send_failure(&codec, error);
			g_clear_error(&error);
		}
	}
	/* The master closed the socket: done, or a request to stop. Threads may be waiting in libvips; the process's
	 * end frees everything. */
	_exit(0);
}
