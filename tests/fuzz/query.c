/* SPDX-License-Identifier: GPL-2.0-or-later
 * libFuzzer: any bytes as what a browser sends: the query of /api/jobs, a Range, a Host, an If-None-Match. The first byte chooses which. */
#include <string.h>

#include "base/json.h"
#include "web/api/api_jobs.h"
#include "web/http/answer.h"
#include "web/http/files.h"
#include "web/http/listen.h"

#define SIZE 1000

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static struct snapshot *one_job(void)
{
	struct snapshot *snapshot = snapshot_new();
	struct job_view *job = job_view_new();

	job->id = g_strdup("web-1");
	job->pipeline = g_strdup("web");
	job->source = g_strdup("Stra\xc3\x9f"
			       "e.jpg");
	job->outputs = g_ptr_array_new_with_free_func((GDestroyNotify)output_view_free);
	g_ptr_array_add(snapshot->jobs, job);
	return snapshot;
}

static void try_query(const char *text)
{
	struct jobs_query query;
	g_autoptr(GError) error = NULL;

	if (!jobs_query_parse(text, &query, &error)) {
		g_assert_true(error && *error->message);
		return;
	}
	g_assert_null(error);
	g_assert_cmpuint(query.page, >=, 1);
	auto_struct(snapshot) snapshot = one_job();
	g_autofree char *answer = api_jobs(snapshot, &query, NULL);
	g_autoptr(JsonObject) object = json_parse_object(answer, -1, &error);
	g_assert_no_error(error);
	g_assert_cmpint(json_int(object, "total", -1), >=, 0);
	g_assert_cmpuint(json_array_get_length(json_array(object, "jobs")), <=, 1);
	jobs_query_clear(&query);
}

static void try_range(const char *text)
{
	gint64 first = 0, last = SIZE - 1;

	if (files_range(text, SIZE, &first, &last) == RANGE_PART)
		g_assert_true(first >= 0 && first <= last && last < SIZE);
}

/* What is accepted is an address or one of our own names: never a stranger's, which a page elsewhere could point at us. */
static void try_host(const char *text)
{
	const struct listen_address address = {.host = (char *)"mill.example", .port = 8080};

	if (listen_accepts_host(&address, text))
		g_assert_false(g_str_has_suffix(text, "evil.test"));
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	if (size < 1)
		return 0;
	g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
	switch (data[0]) {
	case 'r':
		try_range(text);
		break;
	case 'h':
		try_host(text);
		break;
	case 'e':
		etag_listed(text, "\"9f86d081884c7d65\"");
		break;
	default:
		try_query(text);
	}
	return 0;
}
