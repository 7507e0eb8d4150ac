/* SPDX-License-Identifier: GPL-2.0-or-later
 * What libraries say without failing: see warnings.h. */
#include "image/table/warnings.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"

/* Different ones of one picture; the rest is passed over. */
#define KEPT_MOST 16

struct warning {
	char *text;
	guint count;
	bool logged;
};

static GMutex mutex;
static GPtrArray *kept; /* struct warning; NULL: nothing is kept */
static char *kept_job, *newest;

static void warning_free(gpointer data)
{
	struct warning *warning = data;

	g_free(warning->text);
	g_free(warning);
}

static struct warning *find(const char *text)
{
	for (guint i = 0; i < kept->len; i++)
		if (strcmp(((struct warning *)kept->pdata[i])->text, text) == 0)
			return kept->pdata[i];
	return NULL;
}

static void keep(const char *text)
{
	struct warning *warning = find(text);

	if (!warning && kept->len < KEPT_MOST) {
		warning = g_new0(struct warning, 1);
		warning->text = g_strdup(text);
		g_ptr_array_add(kept, warning);
	}
	if (warning)
		warning->count++;
}

/* libvips itself tells which of its tiles could not be computed, not why; and some lines are empty. */
static bool is_reason(const char *text)
{
	return *text && !g_str_has_prefix(text, "error in tile");
}

/* Text of strangers' files is in it: one line, whatever it holds. */
static void take(const char *domain, GLogLevelFlags level, const char *message, gpointer unused)
{
	g_autofree char *stripped = g_strstrip(g_strdup(message));
	g_auto(GStrv) lines = g_strsplit(stripped, "\n", -1);
	g_autofree char *text = g_strjoinv("\\x0a", lines);

	(void)domain;
	(void)level;
	(void)unused;
	g_mutex_lock(&mutex);
	if (is_reason(text)) {
		g_free(newest);
		newest = g_strdup(text);
	}
	bool log = *text && !kept;
	if (*text && kept)
		keep(text);
	g_mutex_unlock(&mutex);
	if (log)
		log_warning("%s", text);
}

void warnings_listen(void)
{
	g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, take, NULL);
}

void warnings_begin(const char *job)
{
	g_mutex_lock(&mutex);
	if (!kept)
		kept = g_ptr_array_new_with_free_func(warning_free);
	if (g_strcmp0(kept_job, job) != 0)
		g_ptr_array_set_size(kept, 0);
	for (guint i = kept->len; i > 0; i--)
		if (!((struct warning *)kept->pdata[i - 1])->logged)
			g_ptr_array_remove_index(kept, i - 1);
	g_free(kept_job);
	kept_job = g_strdup(job);
	g_clear_pointer(&newest, g_free);
	g_mutex_unlock(&mutex);
}

/* "mono/a.jpg: ", or nothing. */
static char *picture_of(const char *spec)
{
	g_autoptr(JsonObject) object = json_parse_object(spec, -1, NULL);
	JsonObject *names = json_object(object, "names");
	const char *ext = json_string(names, "ext", "");

	return names ? g_strdup_printf("%s/%s%s%s: ", json_string(names, "pipeline", ""),
			       json_string(names, "stem", ""), *ext ? "." : "", ext)
		     : g_strdup("");
}

void warnings_say(const char *spec)
{
	g_autofree char *picture = NULL;

	g_mutex_lock(&mutex);
	for (guint i = 0; kept && i < kept->len; i++) {
		struct warning *warning = kept->pdata[i];
		if (warning->logged)
			continue;
		if (!picture)
			picture = picture_of(spec);
		g_autofree char *times = warning->count > 1 ? g_strdup_printf(" (%u times)", warning->count) : NULL;
		log_warning("%s%s%s", picture, warning->text, times ? times : "");
		warning->logged = true;
	}
	g_mutex_unlock(&mutex);
}

char *warnings_newest(void)
{
	g_mutex_lock(&mutex);
	char *text = g_strdup(newest);
	g_mutex_unlock(&mutex);
	return text;
}

void warnings_forget_newest(void)
{
	g_mutex_lock(&mutex);
	g_clear_pointer(&newest, g_free);
	g_mutex_unlock(&mutex);
}
