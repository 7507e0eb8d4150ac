/* SPDX-License-Identifier: GPL-2.0-or-later
 * The numbers of now, what waits, and the definitions as JSON: see api.h. Field names are a contract: the tables below say what they mean. */
#include "web/api/api.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/version.h"
#include "web/api/streams.h"

struct shown_status {
	struct snapshot of;
	const char *version, *boot, *kind, *state, *note;
	gint64 uptime_s, age_s, lag, oldest_us;
	int streams, most;
	JsonArray *groups;
};
#define STATUS(member) MEMBER(struct shown_status, member)

static const char *const broker_kinds[] = {"embedded", "kafka", NULL};
static const char *const broker_states[] = {"up", "down", NULL};
static const struct field broker_fields[] = {
	{"kind", STATUS(kind), .words = broker_kinds},
	{"state", STATUS(state), .words = broker_states},
	{"servers", STATUS(of.broker.servers)},
	{"note", STATUS(note), .about = "Why it is down, or a warning; empty: none."},
	{"lag", STATUS(lag), .unknown = NULL_BELOW_0, .about = "Tasks that live workers have not read yet."},
	{0},
};
static const struct table broker_table = {.fields = broker_fields};
static const struct field workers_fields[] = {
	{"live", STATUS(of.workers_by_state[WORKER_LIVE])},
	{"late", STATUS(of.workers_by_state[WORKER_LATE])},
	{"gone", STATUS(of.workers_by_state[WORKER_GONE])},
	{0},
};
static const struct table workers_table = {.fields = workers_fields};
#define GROUP(member) MEMBER(struct group_view, member)
static const struct field group_fields[] = {
	{"vips", GROUP(vips)},
	{"version", GROUP(version)},
	{"pixels", GROUP(pixels), .about = "The hash of test pictures."},
	{"workers", GROUP(workers), .about = "Live or late."},
	{"used", GROUP(used), .about = "These workers get new pictures."},
	{0},
};
static const struct table group_table = {.about = "Workers that compute the same pixels.", .fields = group_fields};
static const struct field jobs_fields[] = {
	{"queued", STATUS(of.jobs_by_state[JOB_QUEUED])},
	{"running", STATUS(of.jobs_by_state[JOB_RUNNING])},
	{"done", STATUS(of.jobs_by_state[JOB_DONE])},
	{"failed", STATUS(of.jobs_by_state[JOB_FAILED])},
	{0},
};
static const struct table jobs_table = {
	.about = "Jobs by state; done and failed since the history began.", .fields = jobs_fields};
static const struct field tiles_fields[] = {
	{"queued", STATUS(of.queue.tiles_queued)},
	{"running", STATUS(of.queue.tiles_running)},
#define X(id, name, what) {name, STATUS(of.counters[id]), .about = what},
	TILE_COUNTERS(X)
#undef X
		{0},
};
static const struct table tiles_table = {.fields = tiles_fields};
static const struct field now_fields[] = {
	{"megapixels_per_s", STATUS(of.lately.megapixels_per_s)},
	{"tiles_per_s", STATUS(of.lately.tiles_per_s)},
	{"jobs_per_min", STATUS(of.lately.jobs_per_min)},
	{0},
};
static const struct table now_table = {.about = "Lately.", .fields = now_fields};
static const struct field lists_fields[] = {
	{"jobs", STATUS(of.lists.jobs_changed)},
	{"workers", STATUS(of.lists.workers_changed)},
	{"pipelines", STATUS(of.lists.pipelines_changed)},
	{"waiting", STATUS(of.lists.waiting_changed)},
	{0},
};
static const struct table lists_table = {
	.about = "Sequences of the snapshots in which these lists last changed.", .fields = lists_fields};
static const struct field streams_fields[] = {
	{"open", STATUS(streams)},
	{"most", STATUS(most)},
	{0},
};
static const struct table streams_table = {.about = "Streams of events.", .fields = streams_fields};
static const struct field counts_fields[] = {
#define X(id, name, what) {name, STATUS(of.counters[id]), .about = what},
	COUNTERS(X)
#undef X
		{0},
};
static const struct table counts_table = {.about = "Since the master started.", .fields = counts_fields};
static const struct field status_fields[] = {
	{"version", STATUS(version)},
	{"boot", STATUS(boot), .about = "Differs from one start of the master to the next."},
	{"time", STATUS(of.taken_wall_us), SHOW_TIME},
	{"uptime_s", STATUS(uptime_s)},
	{"sequence", STATUS(of.sequence), .about = "Number of the snapshot that all of this is read from."},
	{"snapshot_age_s", STATUS(age_s)},
	{"ready", STATUS(of.ready)},
	{"broker", .of = &broker_table},
	{"workers", .of = &workers_table},
	{"mixed", STATUS(of.mixed),
		.about = "Workers differ in what they compute, by libvips or dropmill: see groups."},
	{"groups", STATUS(groups), .of = &group_table},
	{"jobs", .of = &jobs_table},
	{"tiles", .of = &tiles_table},
	{"now", .of = &now_table},
	{"lists", .of = &lists_table},
	{"streams", .of = &streams_table},
	{"counts", .of = &counts_table},
	{"waiting", STATUS(of.waiting_total), .about = "Files that are seen and cannot be taken."},
	{"records_refused", STATUS(of.counters[COUNTER_REFUSED]), .about = "Records from Kafka that were malformed."},
	{"inotify_overflows", STATUS(of.counters[COUNTER_OVERFLOWS])},
	{"oldest_queued_s", STATUS(oldest_us), SHOW_SECONDS, NULL_BELOW_0},
	{"oldest_source", STATUS(of.queue.oldest_source), .unknown = NULL_IF_NONE},
	{0},
};
const struct table api_status_table = {"Status", .fields = status_fields};

gint64 api_total_lag(const struct snapshot *snapshot)
{
	gint64 lag = -1;

	for (guint i = 0; i < snapshot->workers->len; i++) {
		const struct worker_view *worker = g_ptr_array_index(snapshot->workers, i);
		if (worker->state == WORKER_LIVE && worker->partitions.lag >= 0)
			lag = MAX(lag, 0) + worker->partitions.lag;
	}
	return lag;
}

struct status_key api_status_key(const struct snapshot *snapshot)
{
	return (struct status_key){.sequence = snapshot->sequence,
		.taken_us = snapshot->taken_us,
		.boot = snapshot->boot,
		.age_s = MAX(clock_now_us() - snapshot->taken_us, 0) / G_USEC_PER_SEC,
		.streams = streams_open()};
}

/* Everything is as of the snapshot, so that two clients get the same numbers. */
JsonObject *api_status_object(const struct snapshot *snapshot)
{
	g_autofree char *boot = g_strdup_printf("%08x", snapshot->boot);
	gint64 queued_us = snapshot->queue.oldest_us;
	struct shown_status shown = {
		.of = *snapshot,
		.version = DROPMILL_VERSION,
		.boot = boot,
		.kind = snapshot->broker.embedded ? "embedded" : "kafka",
		.state = snapshot->broker.up ? "up" : "down",
		.note = snapshot->broker.note ? snapshot->broker.note : "",
		.uptime_s = MAX(snapshot->taken_us - snapshot->started_us, 0) / G_USEC_PER_SEC,
		.age_s = MAX(clock_now_us() - snapshot->taken_us, 0) / G_USEC_PER_SEC,
		.lag = api_total_lag(snapshot),
		.oldest_us = queued_us > 0 ? MAX(snapshot->taken_us - queued_us, 0) : -1,
		.streams = streams_open(),
		.most = STREAMS_MOST,
	};

	shown.groups = json_array_new();
	for (guint i = 0; i < snapshot->groups->len; i++)
		json_array_add_object_element(shown.groups, fields_object(&group_table, snapshot->groups->pdata[i]));
	return fields_object(&api_status_table, &shown);
}

char *api_status(const struct snapshot *snapshot)
{
	g_autoptr(JsonObject) status = api_status_object(snapshot);
	return json_object_text(status);
}

#define WAITING(member) MEMBER(struct waiting_view, member)
static const struct field waiting_entry_fields[] = {
	{"pipeline", WAITING(pipeline)},
	{"path", WAITING(path)},
	{"why", WAITING(why)},
	{"since", WAITING(since_wall_us), SHOW_TIME, NULL_IF_NONE},
	{"files", WAITING(files),
		.about = "How many files this stands for: 1, or for an inbox all that are not listed one by one."},
	{0},
};
static const struct table waiting_entry_table = {.fields = waiting_entry_fields};
struct shown_list {
	guint64 total;
	JsonArray *list;
};
static const struct field waiting_fields[] = {
	{"total", MEMBER(struct shown_list, total)},
	{"waiting", MEMBER(struct shown_list, list), .of = &waiting_entry_table},
	{0},
};
const struct table api_waiting_table = {"Waiting", .fields = waiting_fields};

char *api_waiting(const struct snapshot *snapshot)
{
	const struct shown_list shown = {snapshot->waiting_total, json_array_new()};

	for (guint i = 0; i < snapshot->waiting->len; i++)
		json_array_add_object_element(
			shown.list, fields_object(&waiting_entry_table, snapshot->waiting->pdata[i]));
	return fields_text(&api_waiting_table, &shown);
}
