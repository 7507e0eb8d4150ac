/* SPDX-License-Identifier: GPL-2.0-or-later
 * Server-sent events: see events.h. */
#include "web/api/events.h"

#include <civetweb.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "web/api/api.h"
#include "web/api/api_job.h"
#include "web/api/api_workers.h"
#include "web/api/archive.h"
#include "web/api/streams.h"
#include "web/pictures/pictures.h"

#define PING_US (15 * G_USEC_PER_SEC)
#define HELLO "retry: 2000\n\n"
#define PING ": ping\n\n"
/* How often all streams together get an event; each waits for its share. */
#define SHARE_US (G_USEC_PER_SEC / 400)
/* Finished jobs in the first event. */
#define NEWEST 50
/* One stream follows so many jobs: a browser's windows share one. */
#define FOLLOWED_MOST 32

static gint stopped;
static GMutex still_lock;
static GCond still_over; /* stopped */

/* A job whose details and tiles a stream wants. */
struct follow {
	const char *id;
	guint32 run; /* as sent */
	bool sent;   /* its details were */
};

struct stream {
	struct request *request;
	GHashTable *wishes;  /* the query; owns the texts of what follows */
	struct follow alone; /* ?job=: sent as members of the event; id NULL: none */
	char **ids;          /* ?jobs=: sent in a list */
	struct follow *jobs; /* of ids */
	guint64 sent;        /* sequence of the last event; 0: none */
	guint64 pictures;    /* number of the last news of thumbnails that was sent */
	bool tasks;          /* it wants those that ended */
	bool wants_pictures; /* it wants to know which thumbnails were made */
};

void events_stop(void)
{
	g_atomic_int_set(&stopped, 1);
	snapshot_wake();
	g_mutex_lock(&still_lock);
	g_cond_broadcast(&still_over);
	g_mutex_unlock(&still_lock);
}

void events_allow(void)
{
	g_atomic_int_set(&stopped, 0);
}

/* ---- what an event says */

static JsonArray *changed_jobs(const struct snapshot *snapshot, guint64 above)
{
	JsonArray *list = json_array_new();
	guint others = 0;

	for (guint i = 0; i < snapshot->jobs->len; i++) {
		const struct job_view *job = g_ptr_array_index(snapshot->jobs, i);
		bool wanted = above ? job->changed > above : job->state == JOB_RUNNING || others++ < NEWEST;
		if (wanted)
			json_array_add_object_element(list, api_job_object(snapshot, job));
	}
	return list;
}

static JsonArray *changed_workers(const struct snapshot *snapshot, guint64 above)
{
	JsonArray *list = json_array_new();

	for (guint i = 0; i < snapshot->workers->len; i++) {
		const struct worker_view *worker = g_ptr_array_index(snapshot->workers, i);
		if (worker->changed > above)
			json_array_add_object_element(list, api_worker_object(snapshot, worker));
	}
	return list;
}

struct shown_event {
	bool full;
	gint64 sequence, time_us, run;
	JsonObject *status, *job;
	const char *id;
	JsonArray *jobs, *workers, *tasks, *tiles, *followed;
};
#define EVENT(member) MEMBER(struct shown_event, member)
static const struct field followed_fields[] = {
	{"id", EVENT(id)},
	{"run", EVENT(run), .unknown = ABSENT_IF_NONE},
	{"job", EVENT(job), .unknown = NULL_IF_NONE, .of = &api_job_story_table},
	{"tiles", EVENT(tiles), .of = &api_tile_table},
	{0},
};
static const struct table followed_table = {.fields = followed_fields};
static const struct field shared_fields[] = {
	{"full", EVENT(full)},
	{"sequence", EVENT(sequence)},
	{"time", EVENT(time_us), SHOW_TIME},
	{"status", EVENT(status), .of = &api_status_table},
	{"jobs", EVENT(jobs), .of = &api_job_table},
	{"workers", EVENT(workers), .of = &api_worker_table},
	{0},
};
static const struct table shared_table = {.fields = shared_fields};
/* What follows the shared part is put together as text: add_followed(), send_event(). */
static const struct field events_fields[] = {
	{"run", EVENT(run), .unknown = ABSENT_IF_NONE},
	{"job", EVENT(job), .unknown = ABSENT_IF_NONE, .of = &api_job_story_table,
		.about = "With job=: the job, when it changed; null: there is none."},
	{"tiles", EVENT(tiles), .unknown = ABSENT_IF_NONE, .of = &api_tile_table},
	{"followed", EVENT(followed), .unknown = ABSENT_IF_NONE, .of = &followed_table,
		.about = "With jobs=: those of them that changed."},
	{"tasks", EVENT(tasks), .unknown = ABSENT_IF_NONE, .of = &api_task_table},
	{0},
};
const struct table events_table = {"Event",
	"The data of an event: everything when full, else what changed since the last one of this stream.",
	&shared_table, .fields = events_fields};

/* The part of an event that streams share. Without the closing brace. */
static char *render(const struct snapshot *snapshot, guint64 above)
{
	const struct shown_event shown = {
		.full = above == 0,
		.sequence = (gint64)snapshot->sequence,
		.time_us = snapshot->taken_wall_us,
		.status = api_status_object(snapshot),
		.jobs = changed_jobs(snapshot, above),
		.workers = changed_workers(snapshot, above),
	};
	char *text = fields_text(&shared_table, &shown);
	text[strlen(text) - 1] = '\0';
	return text;
}

/* Nearly all streams stand where the others do: rendered by the first, shared by all. Returns owned. */
static GBytes *shared_text(const struct snapshot *snapshot, guint64 above)
{
	static GMutex lock;
	static GBytes *text;
	static guint64 from, to;
	static guint32 boot;

	g_mutex_lock(&lock);
	if (!text || from != above || to != snapshot->sequence || boot != snapshot->boot) {
		g_clear_pointer(&text, g_bytes_unref);
		char *fresh = render(snapshot, above);
		text = g_bytes_new_take(fresh, strlen(fresh));
		from = above;
		to = snapshot->sequence;
		boot = snapshot->boot;
	}
	GBytes *shared = g_bytes_ref(text);
	g_mutex_unlock(&lock);
	return shared;
}

/* "run", "job" and "tiles" of a job; NULL where nothing changed above that sequence. */
static char *followed_text(
	struct follow *follow, const struct stream *stream, const struct snapshot *snapshot, guint64 above)
{
	const struct job_view *job = api_find_job(snapshot, follow->id);
	auto_struct(job_view) past = job || follow->sent ? NULL : archive_job(stream->request->archive, follow->id);
	if (!job)
		job = past;
	guint32 run = job && job->tiles ? job->tiles->run : 0;
	guint64 tiles_above = above && follow->sent && run == follow->run ? above : 0;

	if (follow->sent && above && (!job || job->changed <= above))
		return NULL;
	follow->sent = true;
	follow->run = run;
	if (!job)
		return g_strdup("\"job\":null,\"tiles\":[]");
	g_autoptr(JsonObject) details = api_job_details(snapshot, job);
	g_autoptr(JsonArray) tiles = api_tiles_array(job, tiles_above);
	g_autofree char *details_text = json_object_text(details);
	g_autofree char *tiles_text = json_array_text(tiles);
	return g_strdup_printf("\"run\":%u,\"job\":%s,\"tiles\":%s", run, details_text, tiles_text);
}

static char *quoted(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(JsonNode) node = json_node_init_string(json_node_new(JSON_NODE_VALUE), valid);

	return json_to_string(node, FALSE);
}

/* The jobs that this stream follows. */
static void add_followed(struct stream *stream, const struct snapshot *snapshot, guint64 above, GString *event)
{
	g_autofree char *alone = stream->alone.id ? followed_text(&stream->alone, stream, snapshot, above) : NULL;
	const char *between = "";

	if (alone)
		g_string_append_printf(event, ",%s", alone);
	if (!stream->ids)
		return;
	g_string_append(event, ",\"followed\":[");
	for (guint i = 0; stream->ids[i]; i++) {
		g_autofree char *text = followed_text(&stream->jobs[i], stream, snapshot, above);
		g_autofree char *id = text ? quoted(stream->ids[i]) : NULL;
		if (text)
			g_string_append_printf(event, "%s{\"id\":%s,%s}", between, id, text);
		between = text ? "," : between;
	}
	g_string_append(event, "]");
}

/* ---- the stream */

static bool write_all(struct stream *stream, const char *text, gsize length)
{
	return mg_write(stream->request->connection, text, length) == (int)length;
}

static bool send_event(struct stream *stream, const struct snapshot *snapshot)
{
	/* A delta needs every job that changed meanwhile. */
	bool reaches = stream->sent && stream->sent >= snapshot->kept_since && stream->sent <= snapshot->sequence;
	guint64 above = reaches ? stream->sent : 0;
	g_autoptr(GString) event = g_string_new(NULL);
	g_autoptr(GBytes) shared = shared_text(snapshot, above);

	g_string_append_printf(
		event, "id: %08x.%" G_GUINT64_FORMAT "\nevent: snapshot\ndata: ", snapshot->boot, snapshot->sequence);
	g_string_append_len(event, g_bytes_get_data(shared, NULL), (gssize)g_bytes_get_size(shared));
	add_followed(stream, snapshot, above, event);
	if (stream->tasks) {
		g_autoptr(JsonArray) tasks = api_tasks_array(NULL, above, snapshot->sequence);
		g_autofree char *text = json_array_text(tasks);
		g_string_append_printf(event, ",\"tasks\":%s", text);
	}
	g_string_append(event, "}\n\n");
	stream->sent = snapshot->sequence;
	return write_all(stream, event->str, event->len);
}

/* Which thumbnails can be had now, or not at all. An event of its own: nothing else need have happened. */
static bool send_pictures(struct stream *stream)
{
	g_autoptr(JsonArray) news = pictures_news(stream->request->pictures, stream->pictures, &stream->pictures);
	g_autofree char *list = json_array_text(news);
	g_autofree char *text = g_strdup_printf("event: pictures\ndata: {\"pictures\":%s}\n\n", list);

	return write_all(stream, text, strlen(text));
}

/* Where the client was: "boot.sequence" of this very master; 0 otherwise. */
static guint64 last_seen(struct request *request)
{
	const char *id = request_header(request, "Last-Event-ID");
	auto_struct(snapshot) snapshot = snapshot_get();
	g_auto(GStrv) parts = g_strsplit(id ? id : "", ".", 2);
	guint64 boot = 0, sequence = 0;

	if (g_strv_length(parts) != 2 || !snapshot ||
		!g_ascii_string_to_unsigned(parts[0], 16, 0, G_MAXUINT32, &boot, NULL) ||
		!g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXINT64, &sequence, NULL))
		return 0;
	return boot == snapshot->boot && sequence <= snapshot->sequence ? sequence : 0;
}

static void hold_still(gint64 until_us)
{
	g_mutex_lock(&still_lock);
	while (!g_atomic_int_get(&stopped) && g_cond_wait_until(&still_over, &still_lock, until_us)) {
	}
	g_mutex_unlock(&still_lock);
}

static bool has_news(const struct stream *stream)
{
	return stream->wants_pictures && pictures_last(stream->request->pictures) > stream->pictures;
}

static bool waits_no_more(void *user)
{
	return g_atomic_int_get(&stopped) || has_news(user);
}

/* The next snapshot for a stream that got an event at this moment: as soon as there is one, but not before its share of
 * time is over. Then the newest. NULL: there was none until a sign of life is due, or there is news of thumbnails, or
 * the server stops. */
static struct snapshot *next_snapshot(struct stream *stream, guint64 above, gint64 spoken)
{
	struct snapshot *snapshot = snapshot_wait(above, spoken + PING_US, waits_no_more, stream);
	gint64 due = spoken + streams_open() * (gint64)SHARE_US;

	if (!snapshot || !above || clock_now_us() >= due)
		return snapshot;
	snapshot_unref(snapshot);
	hold_still(due);
	return g_atomic_int_get(&stopped) ? NULL : snapshot_get();
}

static void run(struct stream *stream)
{
	gint64 spoken = clock_now_us();
	guint64 above = stream->sent;
	bool open = write_all(stream, HELLO, strlen(HELLO));

	while (open && !g_atomic_int_get(&stopped)) {
		auto_struct(snapshot) snapshot = next_snapshot(stream, above, spoken);
		if (snapshot)
			open = send_event(stream, snapshot);
		else if (has_news(stream))
			open = send_pictures(stream);
		else if (!g_atomic_int_get(&stopped))
			open = write_all(stream, PING, strlen(PING));
		above = stream->sent;
		spoken = clock_now_us();
	}
}

static void read_wishes(struct stream *stream, const struct request *request)
{
	stream->wishes = g_uri_parse_params(request->query ? request->query : "", -1, "&", G_URI_PARAMS_WWW_FORM, NULL);
	if (!stream->wishes)
		return;
	const char *job = g_hash_table_lookup(stream->wishes, "job");
	const char *jobs = g_hash_table_lookup(stream->wishes, "jobs");

	stream->alone.id = job && *job ? job : NULL;
	stream->ids = jobs && *jobs ? g_strsplit(jobs, ",", FOLLOWED_MOST) : NULL;
	stream->jobs = g_new0(struct follow, FOLLOWED_MOST);
	for (guint i = 0; stream->ids && stream->ids[i]; i++)
		stream->jobs[i].id = stream->ids[i];
	stream->tasks = g_strcmp0(g_hash_table_lookup(stream->wishes, "tasks"), "1") == 0;
	stream->wants_pictures = g_strcmp0(g_hash_table_lookup(stream->wishes, "pictures"), "1") == 0;
	stream->pictures = pictures_last(request->pictures);
}

int events_answer(struct request *request)
{
	struct answer answer = {.status = 200, .type = "text/event-stream", .length = -1};
	struct stream stream = {.request = request};

	if (!streams_enter()) {
		request->retry_s = 5;
		return answer_error(
			request, 503, "%d streams are open; ask /api/status again and again instead", STREAMS_MOST);
	}
	request->close = true;
	answer_send(request, &answer, NULL);
	if (!request->head) {
		read_wishes(&stream, request);
		stream.sent = last_seen(request);
		run(&stream);
		g_clear_pointer(&stream.wishes, g_hash_table_unref);
		g_strfreev(stream.ids);
		g_free(stream.jobs);
	}
	streams_leave();
	return answer.status;
}
