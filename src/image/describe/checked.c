/* SPDX-License-Identifier: GPL-2.0-or-later
 * Definition files, judged: see checked.h. */
#include "image/describe/checked.h"

#include "definition/reader/warnings.h"
#include "image/asset/asset.h"
#include "image/describe/check_step.h"

static void checked_free(void *data)
{
	struct checked *file = data;

	g_free(file->path);
	pipeline_unref(file->pipeline);
	diagnostics_free(file->errors);
	diagnostics_free(file->warnings);
	g_ptr_array_unref(file->named);
	g_free(file);
}

/* One name is one folder of outputs, one address, one history. */
static void refuse_same_name(const GPtrArray *before, struct checked *file)
{
	for (guint i = 0; file->pipeline && i < before->len; i++) {
		const struct checked *other = g_ptr_array_index(before, i);
		const struct place *place = &file->pipeline->name_place;
		if (!other->pipeline || !g_str_equal(other->pipeline->name, file->pipeline->name))
			continue;
		diagnostics_enter(file->errors, place->file);
		diagnostics_add(file->errors, place->line, place->column,
			"the pipeline in %s is named '%s' too; rename this file, or give it a name: of its own",
			other->path, file->pipeline->name);
		g_clear_pointer(&file->pipeline, pipeline_unref);
	}
}

GPtrArray *checked_read(const GPtrArray *paths)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(checked_free);

	for (guint i = 0; i < paths->len; i++) {
		struct checked *file = g_new0(struct checked, 1);
		file->path = g_strdup(g_ptr_array_index(paths, i));
		file->errors = diagnostics_new(file->path);
		file->warnings = diagnostics_new(file->path);
		file->pipeline = definition_read(file->path, &image_step_rules, file->errors);
		file->named = asset_named();
		refuse_same_name(files, file);
		g_ptr_array_add(files, file);
	}
	return files;
}

void checked_warn(const GPtrArray *files, const char *watch, const char *out)
{
	g_autofree const struct pipeline **pipelines = g_new0(const struct pipeline *, files->len);
	g_autofree struct diagnostics **warnings = g_new0(struct diagnostics *, files->len);
	g_autofree struct diagnostics **errors = g_new0(struct diagnostics *, files->len);

	for (guint i = 0; i < files->len; i++) {
		const struct checked *file = g_ptr_array_index(files, i);
		pipelines[i] = file->pipeline;
		warnings[i] = file->warnings;
		errors[i] = file->errors;
		if (file->pipeline)
			warnings_within(file->pipeline, file->warnings);
	}
	warnings_between(pipelines, warnings, errors, files->len, watch, out);
	for (guint i = 0; i < files->len; i++) {
		struct checked *file = g_ptr_array_index(files, i);
		if (diagnostics_count(file->errors))
			g_clear_pointer(&file->pipeline, pipeline_unref);
	}
}
