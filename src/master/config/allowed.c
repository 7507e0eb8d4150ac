/* SPDX-License-Identifier: GPL-2.0-or-later
 * What decoders may open: see allowed.h. */
#include "master/config/allowed.h"

#include "base/disk/beneath.h"
#include "base/disk/roots.h"
#include "base/error.h"
#include "base/json.h"
#include "master/config/definitions.h"

static void add(GStrvBuilder *words, const char *what, const char *path)
{
	g_autofree char *word = g_strdup_printf("--%s=%s", what, path);

	g_strv_builder_add(words, word);
}

/* The pipeline's own folder in out/ may be a link to another disk. */
static void add_output_folder(GStrvBuilder *words, const struct options *options, const struct pipeline *pipeline)
{
	g_autofree char *folder = g_build_filename(options->out, pipeline->name, NULL);

	beneath_add(folder, BENEATH_OWN); /* before its inbox is, which is taken up later */
	if (g_file_test(folder, G_FILE_TEST_IS_SYMLINK) && beneath_is_folder(folder))
		add(words, "write", folder);
}

static void add_pipelines(GStrvBuilder *words, const struct options *options, const GPtrArray *definitions)
{
	g_autofree char *below = g_strconcat(options->watch, "/", NULL);

	for (guint i = 0; definitions && i < definitions->len; i++) {
		const struct pipeline *pipeline = ((const struct definition *)definitions->pdata[i])->pipeline;
		if (!pipeline)
			continue;
		g_autofree char *inbox = g_canonicalize_filename(pipeline->inbox, options->watch);
		if (!g_str_has_prefix(inbox, below) || g_file_test(inbox, G_FILE_TEST_IS_SYMLINK))
			add(words, "read", inbox);
		add_output_folder(words, options, pipeline);
	}
}

char **allowed_to_workers(const struct options *options, const GPtrArray *definitions)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	g_autofree char *assets = g_build_filename(options->state, "assets", NULL);

	add(words, "read", options->watch);
	add(words, "read", assets);
	add(words, "write", options->out);
	add_pipelines(words, options, definitions);
	return g_strv_builder_end(words);
}

char **allowed_to_once(const struct options *options)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();

	add(words, "read", "/");
	add(words, "write", options->out);
	return g_strv_builder_end(words);
}

char **allowed_by_user(const struct options *options, GError **error)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();

	for (char **folder = options->allow; folder && *folder; folder++) {
		g_autofree char *path = g_canonicalize_filename(*folder, NULL);
		if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
			fail(error, ERROR_SYSTEM, "--allow %s: there is no such folder", *folder);
			return NULL;
		}
		add(words, "write", path);
	}
	return g_strv_builder_end(words);
}

void allowed_to_codec(
	const struct settings *settings, const char *assets, const struct pipeline *pipeline, JsonObject *request)
{
	JsonArray *read = json_array_new(), *write = json_array_new();
	g_autofree char *folder = g_build_filename(settings->options->out, pipeline->name, NULL);

	json_object_set_array_member(request, "read", read);
	json_object_set_array_member(request, "write", write);
	if (settings->once)
		json_add_path(read, "/");
	if (assets)
		json_add_path(read, assets);
	json_add_path(write, settings->options->out);
	beneath_add(folder, BENEATH_OWN); /* before its inbox is, which is taken up later */
	if (g_file_test(folder, G_FILE_TEST_IS_SYMLINK) && beneath_is_folder(folder))
		json_add_path(write, folder);
}
