/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Claims of an earlier run. What lies in INBOX/.dropmill/ID/ was claimed and not finished: the folders are the record,
 * nothing else has to have survived. Claims that this very process has in hand lie there too; a register tells them
 * apart (claim_register.c). */
#include "master/inbox/claim_recover.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/disk/beneath.h"
#include "base/disk/digest.h"
#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/display.h"
#include "base/log.h"
#include "base/sniff.h"
#include "master/inbox/claim_id.h"
#include "master/inbox/claim_register.h"

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder, sorted; NULL when it cannot be read. */
static GPtrArray *names_in(const char *path)
{
	GPtrArray *names = beneath_list(path);

	if (!names)
		return NULL;
	counter_add(COUNTER_FOLDERS);
	g_ptr_array_sort(names, by_name);
	return names;
}

/* Files below path, as names relative to the claim's folder. False when something could not be read. */
static bool collect(const char *path, const char *relative, GPtrArray *files)
{
	g_autoptr(GPtrArray) names = names_in(path);
	bool complete = names != NULL;

	for (guint i = 0; names && i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *below = relative ? g_build_filename(relative, name, NULL) : g_strdup(name);
		g_autofree char *full = g_build_filename(path, name, NULL);
		struct stat status;
		if (name[0] == '.') /* never dropped under such a name: an unfinished reason file */
			continue;
		if (beneath_stat(full, &status) != 0)
			complete = false;
		else if (S_ISDIR(status.st_mode))
			complete &= collect(full, below, files);
		else if (S_ISREG(status.st_mode))
			g_ptr_array_add(files, g_steal_pointer(&below));
	}
	return complete;
}

static const char *sniff_file(const char *path)
{
	guint8 head[SNIFF_BYTES];
	int descriptor = beneath_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	gssize length = descriptor >= 0 ? pread(descriptor, head, sizeof(head), 0) : -1;

	if (descriptor >= 0)
		close(descriptor);
	return length >= 0 ? sniff_format(head, (gsize)length) : NULL;
}

static struct claim *recovered(const struct inbox *inbox, const char *id, const char *folder, const char *relative)
{
	g_autofree char *path = g_build_filename(folder, relative, NULL);
	struct stat status;

	if (beneath_stat(path, &status) != 0)
		return NULL;
	struct claim *claim = g_new0(struct claim, 1);
	claim->id = g_strdup(id);
	claim->pipeline = g_strdup(inbox->pipeline);
	claim->inbox = g_strdup(inbox->path);
	claim->relative = g_strdup(relative);
	claim->format = sniff_file(path);
	claim->path = g_steal_pointer(&path);
	claim->bytes = status.st_size;
	claim->mtime_ns = stamp_ns(&status.st_mtim);
	/* The rename set ctime: when it was claimed, which is near enough to when it was dropped. */
	claim->dropped_wall_us = status.st_ctim.tv_sec * G_USEC_PER_SEC + status.st_ctim.tv_nsec / 1000;
	claim->recovered = true;
	return claim;
}

static char *hash_of(const char *path)
{
	int descriptor = beneath_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	char *hash = descriptor >= 0 ? digest_file(descriptor, NULL, NULL, NULL) : NULL;

	if (descriptor >= 0)
		close(descriptor);
	return hash;
}

/* A power cut may leave the one file under both names, the old one in the inbox and the claimed one: see claim_sync(). It was dropped once, and
 * goes on as the claim. Numbers of files do not tell enough on every file system, so the bytes are compared, too. */
static void drop_old_name(const struct claim *claim)
{
	g_autofree char *old = g_build_filename(claim->inbox, claim->relative, NULL);
	struct stat here, there;

	if (beneath_stat(claim->path, &here) != 0 || beneath_stat(old, &there) != 0 || !S_ISREG(there.st_mode) ||
		here.st_ino != there.st_ino || here.st_dev != there.st_dev || here.st_size != there.st_size)
		return;
	g_autofree char *ours = hash_of(claim->path), *theirs = hash_of(old), *shown = display_name(old);
	if (!ours || g_strcmp0(ours, theirs) != 0 || beneath_unlink(old) != 0)
		return;
	log_warning("%s was left in the inbox by a crash, though it is claimed; this name of it is removed", shown);
}

/* One claim has one file. A second can only have been put there by hand; it goes back to the inbox. */
static void return_others(const struct inbox *inbox, const char *folder, const GPtrArray *files)
{
	for (guint i = 1; i < files->len; i++) {
		g_autofree char *from = g_build_filename(folder, files->pdata[i], NULL);
		g_autofree char *to = g_build_filename(inbox->path, files->pdata[i], NULL);
		g_autofree char *place = files_rename_beside(from, to, inbox->path, NULL);
		bool lasts = place && files_sync_move(from, place, NULL);
		g_autofree char *shown = display_name(place ? place : from);
		log_warning("%s: a second file in one claim %s", shown,
			lasts   ? "went back to the inbox"
			: place ? "went back to the inbox, which a power cut may undo"
				: "stays there");
	}
}

static bool is_id(const char *name)
{
	return *name && strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz-") == strlen(name) && strchr(name, '-');
}

GPtrArray *claim_recover(const struct inbox *inbox, guint most, bool *rest)
{
	GPtrArray *claims = g_ptr_array_new_with_free_func((GDestroyNotify)claim_free);
	g_autofree char *top = g_build_filename(inbox->path, CLAIMS_FOLDER, NULL);
	g_autoptr(GPtrArray) ids = names_in(top);

	*rest = false;
	for (guint i = 0; ids && i < ids->len; i++) {
		const char *id = ids->pdata[i];
		g_autofree char *folder = g_build_filename(top, id, NULL);
		g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
		if (!is_id(id) || claim_registered(id) || !beneath_is_folder(folder))
			continue;
		claim_seen_id(id); /* of the rest, too */
		if (claims->len >= most) {
			*rest = true;
			continue;
		}
		bool complete = collect(folder, NULL, files);
		struct claim *claim = files->len ? recovered(inbox, id, folder, files->pdata[0]) : NULL;
		if (claim) {
			drop_old_name(claim);
			return_others(inbox, folder, files);
			claim_register(id, inbox->path);
			g_ptr_array_add(claims, claim);
		} else if (complete && files->len == 0) {
			files_remove_tree(folder); /* a crash between mkdir and rename, or between move and rmdir */
		}
	}
	return claims;
}
