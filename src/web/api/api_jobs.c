/* SPDX-License-Identifier: GPL-2.0-or-later
 * Lists of jobs, page by page: those in work from the snapshot, those that are over from the history: see api_jobs.h. */
#include <string.h>

#include "base/error.h"
#include "web/api/api_job.h"
#include "web/api/api_jobs.h"
#include "web/api/archive.h"

static int state_by_name(const char *name)
{
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		if (strcmp(job_state_name((enum job_state)i), name) == 0)
			return i;
	return -1;
}

bool jobs_query_parse(const char *query, struct jobs_query *parsed, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GHashTable) given = g_uri_parse_params(query ? query : "", -1, "&", G_URI_PARAMS_WWW_FORM, &cause);

	*parsed = (struct jobs_query){.state = -1, .page = 1};
	if (!given)
		return fail(error, ERROR_INPUT, "the query cannot be read: %s", cause->message);
	const char *state = g_hash_table_lookup(given, "state");
	const char *pipeline = g_hash_table_lookup(given, "pipeline");
	const char *text = g_hash_table_lookup(given, "q");
	const char *page = g_hash_table_lookup(given, "page");
	guint64 number = 1;
	if (state && *state && (parsed->state = state_by_name(state)) < 0)
		return fail(error, ERROR_INPUT, "state is one of queued, running, done, failed; not '%s'", state);
	if (page && *page && !g_ascii_string_to_unsigned(page, 10, 1, 1000000, &number, NULL))
		return fail(error, ERROR_INPUT, "page is a number from 1; not '%s'", page);
	parsed->page = (guint)number;
	parsed->pipeline = pipeline && *pipeline ? g_strdup(pipeline) : NULL;
	parsed->text = text && *text ? g_utf8_casefold(text, -1) : NULL;
	return true;
}

void jobs_query_clear(struct jobs_query *query)
{
	g_clear_pointer(&query->pipeline, g_free);
	g_clear_pointer(&query->text, g_free);
}

static bool contains_folded(const char *text, const char *folded_part)
{
	if (!text)
		return false;
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *folded = g_utf8_casefold(valid, -1);
	return strstr(folded, folded_part) != NULL;
}

static bool matches(const struct job_view *job, const struct jobs_query *query)
{
	if (query->state >= 0 && (int)job->state != query->state)
		return false;
	if (query->pipeline && g_strcmp0(job->pipeline, query->pipeline) != 0)
		return false;
	return !query->text || contains_folded(job->source, query->text) || contains_folded(job->id, query->text);
}

struct page {
	JsonArray *jobs;
	const struct snapshot *snapshot;
	gint64 first, total, pages;
	guint page;
};
static const struct field jobs_fields[] = {
	{"total", MEMBER(struct page, total)},
	{"page", MEMBER(struct page, page)},
	{"pages", MEMBER(struct page, pages)},
	{"jobs", MEMBER(struct page, jobs), .of = &api_job_table},
	{0},
};
const struct table api_jobs_table = {"Jobs", .fields = jobs_fields};

static void add(struct page *page, const struct job_view *job)
{
	if (page->total >= page->first && page->total < page->first + API_PAGE_SIZE)
		json_array_add_object_element(page->jobs, api_job_object(page->snapshot, job));
	page->total++;
}

static bool is_over(const struct job_view *job)
{
	return job->state == JOB_DONE || job->state == JOB_FAILED;
}

static void add_from_snapshot(struct page *page, const struct jobs_query *query, bool over)
{
	for (guint i = 0; i < page->snapshot->jobs->len; i++) {
		const struct job_view *job = g_ptr_array_index(page->snapshot->jobs, i);
		if (is_over(job) == over && matches(job, query))
			add(page, job);
	}
}

/* The snapshot has these. Each may be in the history by now, also one that the snapshot has in its queue. */
static char **active_ids(const struct snapshot *snapshot)
{
	g_autoptr(GStrvBuilder) ids = g_strv_builder_new();

	for (guint i = 0; i < snapshot->jobs->len; i++) {
		const struct job_view *job = g_ptr_array_index(snapshot->jobs, i);
		if (is_over(job))
			break; /* they stand behind */
		g_strv_builder_add(ids, job->id);
	}
	return g_strv_builder_end(ids);
}

/* False: the history cannot be read now. */
static bool add_from_archive(struct page *page, const struct jobs_query *query, struct archive *archive)
{
	g_auto(GStrv) active = active_ids(page->snapshot);
	const struct history_choice choice = {
		.state = query->state >= 0 ? job_state_name((enum job_state)query->state) : NULL,
		.pipeline = query->pipeline,
		.text = query->text,
		.but = active,
	};
	gint64 total, offset = MAX(page->first - page->total, 0);
	int room = (int)CLAMP(page->first + API_PAGE_SIZE - page->total, 0, API_PAGE_SIZE);
	g_autoptr(GPtrArray) found = archive_find(archive, &choice, offset, room, &total);

	for (guint i = 0; found && i < found->len; i++) {
		const struct job_view *job = g_ptr_array_index(found, i);
		/* The snapshot knows more of those that ended lately. */
		const struct job_view *known = api_find_job(page->snapshot, job->id);
		json_array_add_object_element(
			page->jobs, api_job_object(page->snapshot, known && is_over(known) ? known : job));
	}
	if (found)
		page->total += total;
	return found != NULL;
}

struct job_view *api_any_job(const struct snapshot *snapshot, struct archive *archive, const char *id)
{
	const struct job_view *job = api_find_job(snapshot, id);

	return job ? job_view_ref((struct job_view *)job) : archive_job(archive, id);
}

char *api_jobs(const struct snapshot *snapshot, const struct jobs_query *query, struct archive *archive)
{
	struct page page = {.jobs = json_array_new(),
		.snapshot = snapshot,
		.page = query->page,
		.first = (gint64)(query->page - 1) * API_PAGE_SIZE};
	bool active_only = query->state == JOB_QUEUED || query->state == JOB_RUNNING;

	add_from_snapshot(&page, query, false);
	if (!active_only && !(archive && add_from_archive(&page, query, archive)))
		add_from_snapshot(&page, query, true);
	page.pages = MAX((page.total + API_PAGE_SIZE - 1) / API_PAGE_SIZE, 1);
	return fields_text(&api_jobs_table, &page);
}
