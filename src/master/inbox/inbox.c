/* SPDX-License-Identifier: GPL-2.0-or-later
 * An inbox's definition, and which names in it are left alone: see inbox.h. */
#include "master/inbox/inbox.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/roots.h"
#include "base/file_format.h"
#include "base/sniff.h"
#include "master/inbox/junk.h"

static const char *const own_folders[] = {CLAIMS_FOLDER, DONE_FOLDER, FAILED_FOLDER};

struct inbox *inbox_new(const char *pipeline, const char *path, bool recursive, char **accept, gint64 settle_us)
{
	struct inbox *inbox = g_new0(struct inbox, 1);

	inbox->pipeline = g_strdup(pipeline);
	inbox->path = g_canonicalize_filename(path, NULL);
	beneath_add(inbox->path, BENEATH_INBOX);
	inbox->recursive = recursive;
	inbox->accept = g_strdupv(accept);
	inbox->settle_us = MAX(settle_us, 0);
	inbox->prune_us = 30 * (gint64)G_USEC_PER_SEC;
	inbox->wait_empty_us = 600 * (gint64)G_USEC_PER_SEC;
	return inbox;
}

void inbox_free(struct inbox *inbox)
{
	if (!inbox)
		return;
	g_free(inbox->pipeline);
	g_free(inbox->path);
	g_strfreev(inbox->accept);
	g_strfreev(inbox->reject);
	g_free(inbox->mount);
	g_free(inbox);
}

char *inbox_mount(const char *path)
{
	g_autofree char *current = g_strdup(path);
	struct stat here, above;

	/* As far as it is there. */
	while (stat(current, &here) != 0 && strcmp(current, "/") != 0) {
		char *parent = g_path_get_dirname(current);
		g_free(current);
		current = parent;
	}
	while (strcmp(current, "/") != 0) {
		g_autofree char *parent = g_path_get_dirname(current);
		if (stat(parent, &above) != 0 || above.st_dev != here.st_dev)
			break;
		g_free(current);
		current = g_steal_pointer(&parent);
	}
	return g_steal_pointer(&current);
}

bool inbox_is_away(const char *path, const char *mount)
{
	g_autofree char *now = mount ? inbox_mount(path) : NULL;

	/* A longer one is a disk that was put in between. */
	return mount && strlen(now) < strlen(mount);
}

static bool lists_equal(char **a, char **b)
{
	if (!a || !b)
		return a == b;
	return g_strv_equal((const char *const *)a, (const char *const *)b);
}

bool inbox_equal(const struct inbox *a, const struct inbox *b)
{
	return strcmp(a->pipeline, b->pipeline) == 0 && strcmp(a->path, b->path) == 0 && a->recursive == b->recursive &&
	       a->settle_us == b->settle_us && a->wait_empty_us == b->wait_empty_us && a->prune_us == b->prune_us &&
	       lists_equal(a->accept, b->accept) && lists_equal(a->reject, b->reject);
}

bool inbox_path_within(const char *path, const char *top)
{
	gsize length = top ? strlen(top) : 0;

	return !top || (strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == '/'));
}

static bool has_format(char **patterns)
{
	for (; patterns && *patterns; patterns++)
		if (file_format_ending(*patterns))
			return true;
	return false;
}

/* format: NULL while it is not known, and then a format's name matches or not as unknown says. FNM_CASEFOLD is glibc's; bytes that are
 * not characters are compared as bytes. */
static bool matches(char **patterns, const char *name, const char *format, bool unknown)
{
	for (; patterns && *patterns; patterns++) {
		if (!file_format_ending(*patterns) ? fnmatch(*patterns, name, FNM_CASEFOLD) == 0
			: format                   ? strcmp(*patterns, format) == 0
						   : unknown)
			return true;
	}
	return false;
}

char *inbox_refusal(const struct inbox *inbox, const char *name, int descriptor)
{
	const char *format = NULL;
	guint8 head[SNIFF_BYTES];

	if (descriptor >= 0 && (has_format(inbox->accept) || has_format(inbox->reject))) {
		gssize length = pread(descriptor, head, sizeof head, 0);
		format = length > 0 ? sniff_format(head, (gsize)length) : NULL;
		if (!format)
			format = "";
	}
	bool accepted = !inbox->accept || matches(inbox->accept, name, format, true);
	if (accepted && !matches(inbox->reject, name, format, false))
		return NULL;
	g_autofree char *list = g_strjoinv(", ", accepted ? inbox->reject : inbox->accept);
	return g_strdup_printf(
		accepted ? "rejected by this inbox (reject: %s)" : "not accepted by this inbox (accept: %s)", list);
}

/* With a number: where a file has the name. */
static bool is_own(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(own_folders); i++) {
		gsize length = strlen(own_folders[i]);
		if (strncmp(name, own_folders[i], length) != 0)
			continue;
		const char *rest = name + length;
		if (!*rest || (rest[0] == '-' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1)))
			return true;
	}
	return false;
}

bool inbox_ignores(const char *name, bool at_top)
{
	return (at_top && is_own(name)) || junk_name(name);
}
