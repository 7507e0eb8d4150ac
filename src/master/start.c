/* SPDX-License-Identifier: GPL-2.0-or-later
 * What can go wrong at a start: see start.h. */
#include "master/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/folder.h"
#include "base/disk/roots.h"
#include "base/error.h"
#include "base/log.h"
#include "master/config/allowed.h"
#include "master/master.h"
#include "master/service.h"
#include "master/state/state.h"

#define PAUSE_MS 1000
#define LOCKED_TRIES 30 /* to open the history, a second and a half each */

bool start_folder(const char *option, const char *path, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *probe = g_build_filename(path, ".dropmill-XXXXXX", NULL);

	beneath_add(path, BENEATH_OWN);
	if (!files_make_folder(path, &cause))
		return fail(error, ERROR_SYSTEM, "%s; give another folder with --%s", cause->message, option);
	/* Without a name where that can be: a kill in between leaves nothing. */
	int fd = beneath_open(path, O_TMPFILE | O_RDWR, 0600);
	bool named = fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
	if (named)
		fd = g_mkstemp(probe);
	if (fd < 0)
		return fail(error, ERROR_SYSTEM,
			"%s cannot be written to (%s); correct that or give another folder with --%s", path,
			g_strerror(errno), option);
	close(fd);
	if (named)
		beneath_unlink(probe);
	return true;
}

/* Its content is private: names of pictures, thumbnails, spools. An output folder that somebody put into it stays as
 * open as it was. */
bool start_state(const char *state, const char *out, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(state);

	beneath_add(state, BENEATH_OWN);
	if (!beneath_is_folder(state) && files_make_folder(parent, NULL) && beneath_mkdir(state, 0700) == 0 &&
		!files_sync(parent, error))
		return false;
	if (!start_folder("state", state, error))
		return false;
	if (beneath_within(out, state))
		return true;
	if (beneath_make_private(state) != 0)
		log_warning(
			"the state folder %s is open to other users and cannot be closed to them (%s); chmod 700 it",
			state, g_strerror(errno));
	return true;
}

bool start_lock(const char *state, GError **error)
{
	g_autofree char *path = g_build_filename(state, "lock", NULL);
	int fd = beneath_open(path, O_RDWR | O_CREAT, 0666);
	char holder[32] = "";

	if (fd < 0)
		return beneath_fail(error, path, NULL, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		gssize n = read(fd, holder, sizeof holder - 1);
		close(fd);
		return fail(error, ERROR_SYSTEM,
			"another dropmill (process %.*s) uses %s; stop it or give another folder with --state",
			n > 0 ? (int)strcspn(holder, "\n") : 7, n > 0 ? holder : "unknown", state);
	}
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return fail_errno(error, "%s", path);
	return true; /* fd stays open: it is the lock */
}

static gboolean pause_over(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

/* Ready, though it waits: its folders are taken, and its page tells what is wrong. Else `systemctl start` and the installation of a package would
 * wait, too. */
bool start_pause(const bool *enough, void *user)
{
	const struct master *master = user;
	bool over = false;

	guint timer = g_timeout_add(PAUSE_MS, pause_over, &over);
	while (!over && !master->draining && !(enough && *enough))
		g_main_context_iteration(NULL, TRUE);
	if (!over)
		g_source_remove(timer);
	else if (!master->settings.once) {
		service_status("waits for the broker or for history.db; the log tells what is wrong");
		service_ready();
		service_turn();
	}
	return !master->draining;
}

/* Waits for what may pass. A database that stays locked is left to the program that has it, and a new one is made. */
bool start_history(struct master *master, GError **error)
{
	g_autofree char *path = g_build_filename(master->settings.options->state, "history.db", NULL);

	for (int tries = 0, locked = 0;; tries++) {
		g_autoptr(GError) cause = NULL;
		master->history = locked < LOCKED_TRIES ? history_open(path, &cause)
							: history_open_anew(path, "history.db stays locked", &cause);
		if (master->history)
			break;
		if (cause->code != ERROR_RETRY) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		if (tries == 0)
			log_warning("%s; dropmill waits for it", cause->message);
		locked = error_number(cause) == EBUSY ? locked + 1 : 0;
		if (!start_pause(NULL, master))
			return fail(error, ERROR_SYSTEM, "stopped while waiting: %s", cause->message);
	}
	history_set_keep(master->history, master->settings.options->history);
	struct history *own = master->web ? history_open_again(master->history, NULL) : NULL;
	if (own)
		master->page->remember(master->web, own, master->settings.options->out);
	return true;
}

static bool inside(const char *path, const char *folder)
{
	gsize length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Why this inbox cannot be, or NULL. Owned. */
static char *bad_inbox(const struct settings *settings, const char *path, GPtrArray *taken)
{
	g_autofree char *inbox = files_real(path), *out = files_real(settings->options->out),
			*state = files_real(settings->options->state);

	if (inside(inbox, out) || inside(out, inbox))
		return g_strdup_printf(
			"its inbox %s and the output folder %s lie in one another: outputs would come in again", path,
			settings->options->out);
	if (inside(inbox, state) || inside(state, inbox))
		return g_strdup_printf(
			"its inbox %s and the state folder %s lie in one another", path, settings->options->state);
	for (guint i = 0; i < taken->len; i++) {
		const struct inbox *other = g_ptr_array_index(taken, i);
		g_autofree char *theirs = files_real(other->path);
		if (strcmp(inbox, theirs) == 0)
			return g_strdup_printf("its inbox %s is that of %s already", path, other->pipeline);
	}
	return NULL;
}

GPtrArray *start_inboxes(struct master *master)
{
	GPtrArray *inboxes = g_ptr_array_new_with_free_func((GDestroyNotify)inbox_free);
	g_autoptr(GStrvBuilder) spared = g_strv_builder_new();

	/* Before the first file of an inbox elsewhere is taken: our workers are started again when there are other folders. */
	if (master->fleet.supervisor)
		supervisor_allow(master->fleet.supervisor,
			allowed_to_workers(master->settings.options, master->definitions.all));
	for (guint i = 0; i < master->definitions.all->len; i++) {
		struct definition *definition = g_ptr_array_index(master->definitions.all, i);
		const struct pipeline *pipeline = definition->pipeline;
		if (!pipeline) {
			g_strv_builder_add(spared, definition->name);
			continue;
		}
		g_autofree char *path = g_canonicalize_filename(pipeline->inbox, master->settings.options->watch);
		g_autofree char *outputs = g_build_filename(master->settings.options->out, pipeline->name, NULL);
		bool known;
		g_autofree char *mount = inboxes_mount(master->inboxes, path, &known);
		/* Both may be links, to another disk. */
		beneath_add(path, BENEATH_INBOX);
		beneath_add(outputs, BENEATH_OWN);
		g_autofree char *why = bad_inbox(&master->settings, path, inboxes);
		if (!why) {
			struct inbox *inbox = inbox_new(
				pipeline->name, path, pipeline->recursive, pipeline->accept, pipeline->settle_us);
			inbox->reject = g_strdupv(pipeline->reject);
			inbox->wait_empty_us = pipeline->wait_empty_us;
			inbox->prune_us = pipeline->prune_us;
			inbox->mount = g_steal_pointer(&mount);
			inbox->was = known && master->intake;
			g_ptr_array_add(inboxes, inbox);
			continue;
		}
		log_error("%s: %s; this pipeline is off", definition->file, why);
		g_strv_builder_add(spared, definition->name);
		g_clear_pointer(&definition->explained, g_free);
		g_free(definition->errors);
		definition->errors = g_steal_pointer(&why);
		g_clear_pointer(&definition->pipeline, pipeline_unref);
	}
	g_auto(GStrv) unreadable = g_strv_builder_end(spared);
	inboxes_set(master->inboxes, inboxes, unreadable);
	return inboxes;
}

void start_sweep(const char *folder)
{
	DIR *dir = beneath_opendir(folder);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		const char *name = entry->d_name;
		service_turn(); /* a large folder may take longer than the watchdog allows */
		g_autofree char *path = g_build_filename(folder, name, NULL);
		if (g_str_has_prefix(name, ".dropmill-") &&
			(g_str_has_suffix(name, ".tmp") || g_str_has_suffix(name, ".tmp~")))
			folder_discard(path);
		else if (name[0] != '.' && beneath_is_folder(path))
			start_sweep(path);
	}
	if (dir)
		closedir(dir);
}
