/* SPDX-License-Identifier: GPL-2.0-or-later
 * What commands have in common: see command_line.h. */
#include "image/describe/command_line.h"

#include "base/terminal.h"
#include "definition/reader/definition.h"
#include "image/read/format.h"

bool command_parse(
	int argc, char **argv, const char *usage, const char *summary, const GOptionEntry *entries, char ***left)
{
	g_autoptr(GOptionContext) context = g_option_context_new(usage);
	g_autofree char *program = g_strconcat("dropmill ", argv[0], NULL);
	g_autoptr(GError) error = NULL;
	char **arguments = g_new0(char *, (gsize)argc + 1);

	for (int i = 0; i < argc; i++)
		arguments[i] = g_strdup(i == 0 ? program : argv[i]);
	g_set_prgname(program);
	g_option_context_set_summary(context, summary);
	g_option_context_add_main_entries(context, entries, NULL);
	bool ok = g_option_context_parse_strv(context, &arguments, &error);
	if (!ok)
		terminal_say("%s: %s", program, error->message);
	*left = arguments;
	return ok;
}

bool command_start(const char *command)
{
	g_autoptr(GError) error = NULL;

	if (image_init("dropmill-image", 1, &error))
		return true;
	terminal_say("dropmill %s: %s", command, error->message);
	return false;
}

bool command_add_folder(GPtrArray *files, const char *folder, const char *command)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) found = definition_list(folder, &error);

	if (!found) {
		terminal_say("dropmill %s: %s", command, error->message);
		return false;
	}
	for (guint i = 0; i < found->len; i++)
		g_ptr_array_add(files, g_strdup(found->pdata[i]));
	return true;
}
