/* SPDX-License-Identifier: GPL-2.0-or-later
 * A pipeline that somebody named: see definition.h. */
#include <string.h>

#include "base/error.h"
#include "definition/reader/definition.h"

static bool no_pipeline(const char *folder, const char *name, const char *path, bool is_path, GError **error)
{
	g_autoptr(GPtrArray) files = is_path ? NULL : definition_list(folder, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; files && i < files->len; i++) {
		char *base = g_path_get_basename(g_ptr_array_index(files, i));
		*strrchr(base, '.') = '\0';
		g_ptr_array_add(names, base);
	}
	g_ptr_array_add(names, NULL);
	const char *near = did_you_mean(name, (const char *const *)names->pdata);
	return fail(error, ERROR_SYSTEM, "there is no pipeline '%s' (%s)%s%s%s", name, path,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

char *definition_find(const char *folder, const char *name, GError **error)
{
	bool is_path = strchr(name, '/') || g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml");
	g_autofree char *file = g_strconcat(name, ".yaml", NULL);
	g_autofree char *path = is_path ? g_strdup(name) : g_build_filename(folder, file, NULL);

	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return no_pipeline(folder, name, path, is_path, error), NULL;
	return g_steal_pointer(&path);
}
