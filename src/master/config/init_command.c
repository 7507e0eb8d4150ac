/* SPDX-License-Identifier: GPL-2.0-or-later
 * Samples and options for a new folder: see init_command.h. */
#include "master/config/init_command.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/display.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "base/terminal.h"
#include "definition/reader/definition.h"

#define SAMPLES "/dropmill/pipelines"
#define OPTIONS_FILE "dropmill.yaml"

GResource *samples_get_resource(void); /* made by glib-compile-resources */

/* A path without the folder that it is in, when that is this one. Owned. */
static char *shown_here(const char *path)
{
	g_autofree char *here = g_get_current_dir(), *prefix = g_strconcat(here, "/", NULL);

	return display_name(g_str_has_prefix(path, prefix) ? path + strlen(prefix) : path);
}

static void report(const char *what, const char *path, const char *about)
{
	g_autofree char *shown = display_name(path);

	terminal_print("%s  %s%*s%s\n", what, shown, *about ? MAX(2, 26 - (int)strlen(shown)) : 0, "", about);
}

/* Whole or not at all, and never in place of anything. *made is false when something has the name already. */
static bool make_file(const char *path, const void *bytes, gsize size, bool *made, GError **error)
{
	g_autofree char *temp = g_strdup_printf("%s.%d.tmp", path, (int)getpid());

	*made = false;
	if (g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_SYMLINK))
		return true;
	if (!files_write(temp, bytes, size, error))
		return false;
	*made = files_rename_new(temp, path) == 0;
	int number = errno;
	if (*made)
		return files_sync_folder_of(path, error);
	unlink(temp);
	errno = number;
	return number == EEXIST || fail_errno(error, "%s", path);
}

/* "description: ..." of a sample, without the word. Owned. */
static char *description_of(GBytes *sample)
{
	gsize length;
	const char *bytes = g_bytes_get_data(sample, &length);
	g_autofree char *text = g_strndup(bytes, length);
	const char *line = strstr(text, "\ndescription: ");

	if (!line)
		return g_strdup("");
	line += strlen("\ndescription: ");
	return g_strndup(line, strcspn(line, "\n"));
}

/* Is the file a sample as it was made? */
static bool is_sample(const char *path)
{
	g_autofree char *name = g_path_get_basename(path), *inside = g_build_path("/", SAMPLES, name, NULL);
	g_autoptr(GBytes) sample = g_resource_lookup_data(samples_get_resource(), inside, 0, NULL);
	g_autofree char *text = NULL;
	gsize length;

	if (!sample || !g_file_get_contents(path, &text, &length, NULL))
		return false;
	g_autoptr(GBytes) there = g_bytes_new_static(text, length);
	return g_bytes_equal(sample, there);
}

/* Did an init end here before it had made everything? dropmill.yaml comes after the samples, and nobody changed these yet. */
static bool is_unfinished(GPtrArray *definitions)
{
	if (g_file_test(OPTIONS_FILE, G_FILE_TEST_EXISTS))
		return false;
	for (guint i = 0; i < definitions->len; i++)
		if (!is_sample(definitions->pdata[i]))
			return false;
	return true;
}

static bool make_sample(const char *folder, const char *name, GError **error)
{
	g_autofree char *inside = g_build_path("/", SAMPLES, name, NULL), *path = g_build_filename(folder, name, NULL);
	g_autoptr(GBytes) sample = g_resource_lookup_data(samples_get_resource(), inside, 0, error);
	gsize size;
	bool made;

	if (!sample)
		return false;
	g_autofree char *about = description_of(sample);
	const void *bytes = g_bytes_get_data(sample, &size);
	if (!make_file(path, bytes, size, &made, error))
		return false;
	report(made ? "made" : "kept", path, about);
	return true;
}

static bool make_folder(const char *path, const char *about, GError **error)
{
	g_autofree char *shown = shown_here(path), *name = g_strconcat(shown, "/", NULL);
	bool there = g_file_test(path, G_FILE_TEST_IS_DIR);

	if (!files_make_folder(path, error))
		return false;
	report(there ? "kept" : "made", name, about);
	return true;
}

/* A folder with definitions stays as it is: a sample that somebody deleted must not come back. Only what another init began is completed. */
static bool make_samples(const char *folder, bool *made, GError **error)
{
	g_autoptr(GPtrArray) there = definition_list(folder, NULL);

	*made = !there || there->len == 0 || is_unfinished(there);
	if (!*made) {
		g_autofree char *count = g_strdup_printf("has %u definitions, so it gets no samples", there->len);
		return make_folder(folder, there->len == 1 ? "has a definition, so it gets no samples" : count, error);
	}
	if (!files_make_folder(folder, error))
		return false;
	g_auto(GStrv) names = g_resource_enumerate_children(samples_get_resource(), SAMPLES, 0, error);
	for (char **name = names; name && *name; name++)
		if (!make_sample(folder, *name, error))
			return false;
	return names != NULL;
}

static bool make_options(GError **error)
{
	g_autofree char *text = options_as_yaml();
	bool made;

	if (!make_file(OPTIONS_FILE, text, strlen(text), &made, error))
		return false;
	report(made ? "made" : "kept", OPTIONS_FILE, made ? "options, all at their defaults" : "");
	return true;
}

/* As the shell finds this program in this folder, and in another (moved). Owned. */
static char *own_name(bool moved)
{
	return strchr(program_invocation_name, '/') && moved ? process_sibling("dropmill")
							     : g_strdup(program_invocation_name);
}

static void say_next(const char *folder, const struct options *options, bool samples)
{
	g_autofree char *name = own_name(folder), *quoted = folder ? g_shell_quote(folder) : NULL;
	g_autofree char *watch = shown_here(options->watch), *out = shown_here(options->out);

	terminal_print("\nNext:\n");
	if (quoted)
		terminal_print("  cd %s\n", quoted);
	terminal_print("  %s run    # until Ctrl-C; the line with \"ready\" has the address of the page\n", name);
	if (samples)
		terminal_print(
			"  cp photo.jpg %s/mono/    # in another terminal; makes %s/mono/photo.jpg\n", watch, out);
}

/* In the folder: what `dropmill run` would read there says where things belong. */
static bool init_here(const char *folder, GError **error)
{
	char *words[] = {(char[]){"init"}, NULL};
	auto_struct(options) options = options_read(1, words, "", error);

	bool samples;

	if (!options || !make_samples(options->pipelines, &samples, error) || !make_options(error) ||
		!make_folder(options->watch, "the inboxes", error) ||
		!make_folder(options->out, "finished images", error))
		return false;
	say_next(folder, options, samples);
	return true;
}

int init_command(int argc, char **argv)
{
	g_autoptr(GOptionContext) context =
		g_option_context_new("[DIR] - sample definitions and dropmill.yaml; what is there is kept");
	g_autoptr(GError) error = NULL;
	g_autofree char **words = g_memdup2(argv, sizeof(*argv) * (gsize)argc);

	if (!g_option_context_parse(context, &argc, &words, &error)) {
		terminal_say("dropmill init: %s", error->message);
		return 2;
	}
	if (argc > 2) {
		terminal_say(
			"dropmill init: '%s' is one folder too many; it takes one, or none for this folder", words[2]);
		return 2;
	}
	const char *folder = argc > 1 ? words[1] : NULL;
	if (folder &&
		(!files_make_folder(folder, &error) || (chdir(folder) != 0 && !fail_errno(&error, "%s", folder)))) {
		terminal_say("dropmill init: %s", error->message);
		return 1;
	}
	if (init_here(folder, &error))
		return 0;
	terminal_say("dropmill init: %s", error->message);
	return 1;
}

bool init_is_needed(const char *command, const struct options *options)
{
	if (g_file_test(options->pipelines, G_FILE_TEST_IS_DIR))
		return false;
	g_autofree char *shown = display_name(options->pipelines), *name = own_name(false);
	bool there = g_file_test(options->pipelines, G_FILE_TEST_EXISTS);
	if (strcmp(options->log_format, "json") == 0) {
		log_init("dropmill", true);
		log_error(
			"%s is not a folder with definitions; `dropmill init` makes it with samples, --pipelines DIR names another",
			shown);
		return true;
	}
	g_autofree char *lines =
		g_strdup_printf("dropmill %s: definitions belong into the folder '%s', %s.\n"
				"For samples and a dropmill.yaml type `%s init`, then start it again.\n"
				"If your definitions are elsewhere, name their folder: --pipelines DIR\n",
			command, shown, there ? "and that is not a folder" : "which is not there yet", name);
	terminal_say_lines(lines);
	return true;
}
