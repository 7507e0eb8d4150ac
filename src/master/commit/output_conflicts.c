/* SPDX-License-Identifier: GPL-2.0-or-later
 * How a place is found for an output: see output_conflicts.h. */
#include "master/commit/output_conflicts.h"

#include <string.h>
#include <sys/stat.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/display.h"
#include "base/error.h"
#include "base/file_format.h"
#include "base/json.h"
#include "definition/template/template.h"
#include "ledger/ledger.h"
#include "master/commit/output_check.h"
#include "master/commit/output_places.h"

/* What lies at a path. */
enum occupant {
	OCCUPANT_NONE,
	OCCUPANT_THIS_DROP, /* an earlier try of this very job wrote it */
	OCCUPANT_SAME,      /* made from the same original, dropped before */
	OCCUPANT_OTHER,     /* made from another original */
	OCCUPANT_STRANGER,  /* nothing that the mill made */
	OCCUPANT_UNKNOWN,   /* the ledger cannot be read now */
};

/* Who made the file that lies there, by its mark. Without a mark the ledger says it, by size and time, never by the name alone. *owner is
 * NULL when somebody else made it. False with error: that cannot be known now. */
static bool find_owner(struct names *names, const char *path, char **owner, char **job, GError **error)
{
	struct history_output known;
	struct stamp now;
	struct mark mark;

	*owner = *job = NULL;
	if (mark_read(&names->mill, path, &mark)) {
		*owner = g_steal_pointer(&mark.owner);
		*job = g_steal_pointer(&mark.job);
		mark_clear(&mark);
		return true;
	}
	if (!history_owner(names->ledger, mark_relative(&names->mill, path), &known, error))
		return false;
	if (known.owner && stamp_take(path, &now) &&
		(stamp_equal(&known.stamp, &now) || stamp_equal(&known.before, &now))) {
		*owner = g_steal_pointer(&known.owner);
		*job = g_steal_pointer(&known.job);
	}
	history_output_clear(&known);
	return true;
}

static enum occupant look(struct names *names, const struct drop *drop, const struct job_output *output,
	const char *path, char **made_from, GError **error)
{
	g_autofree char *owner = NULL, *job = NULL;
	struct stat status;

	if (beneath_stat(path, &status) != 0)
		return OCCUPANT_NONE;
	if (S_ISDIR(status.st_mode) != output->is_folder) /* whoever made it, it cannot be replaced at once */
		return OCCUPANT_STRANGER;
	if (names->ledger && !find_owner(names, path, &owner, &job, error))
		return OCCUPANT_UNKNOWN;
	if (!names->ledger)
		owner = g_strdup(g_hash_table_lookup(names->made, path));
	/* A folder with who knows what in it is never replaced for its name alone. */
	if (!owner)
		return names->ledger || (output->is_folder && !output_is_pyramid(path)) ? OCCUPANT_STRANGER
											: OCCUPANT_SAME;
	if (g_strcmp0(job, drop->id) == 0)
		return OCCUPANT_THIS_DROP;
	if (strcmp(owner, drop->owner) == 0)
		return OCCUPANT_SAME;
	const char *slash = strchr(owner, '/');
	*made_from = display_name(slash ? slash + 1 : owner);
	return OCCUPANT_OTHER;
}

bool names_may_replace(struct names *names, const struct drop *drop, struct job_output *output, GError **error)
{
	g_autofree char *made_from = NULL;

	g_mutex_lock(&names->mutex);
	enum occupant occupant = look(names, drop, output, output->final, &made_from, error);
	g_mutex_unlock(&names->mutex);
	if (occupant == OCCUPANT_STRANGER)
		names_give_up(names, output);
	output->fresh = occupant == OCCUPANT_NONE;
	return occupant != OCCUPANT_UNKNOWN;
}

bool names_wrote(struct names *names, const struct drop *drop, const struct job_output *output)
{
	g_autofree char *made_from = NULL;

	g_mutex_lock(&names->mutex);
	enum occupant occupant = look(names, drop, output, output->final, &made_from, NULL);
	g_mutex_unlock(&names->mutex);
	/* `once` remembers originals only. */
	return occupant == OCCUPANT_THIS_DROP || (occupant == OCCUPANT_SAME && !names->ledger);
}

static bool take(struct names *names, const struct drop *drop, struct job_output *output, const char *path, bool fresh)
{
	g_hash_table_insert(names->holders, g_strdup(path), drop_ref(drop));
	output->final = g_strdup(path);
	output->fresh = fresh;
	return true;
}

/* The place that this original's output got before, when that output is still there: a picture that was renamed once stays where it is. False
 * with error: that cannot be known now. */
static bool take_earlier(struct names *names, const struct drop *drop, struct job_output *output, GError **error)
{
	if (!names->ledger)
		return false;
	g_autoptr(GPtrArray) places =
		history_places(names->ledger, drop->owner, mark_relative(&names->mill, output->wished), error);
	for (guint i = 0; places && i < places->len; i++) {
		g_autofree char *path = g_build_filename(names->out, places->pdata[i], NULL);
		g_autofree char *made_from = NULL;
		if (g_hash_table_contains(names->holders, path))
			continue;
		enum occupant occupant = look(names, drop, output, path, &made_from, error);
		if (occupant == OCCUPANT_SAME || occupant == OCCUPANT_THIS_DROP)
			return take(names, drop, output, path, false);
		if (occupant == OCCUPANT_UNKNOWN)
			return false;
	}
	return false;
}

static char *shown_name(const char *path)
{
	g_autofree char *base = g_path_get_basename(path);
	return display_name(base);
}

static void note_rename(struct job_output *output, const char *why)
{
	g_autofree char *to = shown_name(output->final);

	output->note = g_strdup_printf("renamed to %s because %s", to, why);
}

/* A file lies there, and the policy is rename or overwrite. False: the next name is tried, *why tells the reason. */
static bool replace(struct names *names, const struct drop *drop, struct job_output *output, const char *path,
	enum occupant occupant, const char *made_from, char **why)
{
	g_autofree char *shown = shown_name(path);

	g_free(*why);
	*why = occupant == OCCUPANT_OTHER ? g_strdup_printf("%s was made from %s", shown, made_from)
					  : g_strdup_printf("%s is there and was not made here", shown);
	if (occupant == OCCUPANT_SAME)
		return take(names, drop, output, path, false);
	if (occupant != OCCUPANT_OTHER || drop->pipeline->on_conflict != CONFLICT_OVERWRITE)
		return false;
	output->note = g_strdup_printf("replaces the one made from %s", made_from);
	return take(names, drop, output, path, false);
}

/* A file lies there, and the policy is skip or fail. */
static enum names_answer refuse(const struct drop *drop, struct job_output *output, const char *path, GError **error)
{
	g_autofree char *shown = display_name(path);

	if (drop->pipeline->on_conflict == CONFLICT_FAIL) {
		fail(error, ERROR_INPUT,
			"%s is there already, and on_conflict is fail: take it away, or drop the picture under another name",
			shown);
		return NAMES_FAILED;
	}
	output->final = g_strdup(path);
	output->skipped = true;
	output->note = g_strdup_printf("skipped because %s is there already", shown);
	return NAMES_GIVEN;
}

/* Where the order of drops decides what stays, an older picture that waits for the path goes first. The oldest one waits for none of the
 * others, so that they never wait for each other. */
static const struct drop *older_waiter(struct names *names, const struct drop *drop, const char *path)
{
	GHashTableIter iter;
	gpointer key, waits_for;

	g_hash_table_iter_init(&iter, names->waiting);
	while (g_hash_table_iter_next(&iter, &key, &waits_for)) {
		const struct drop *other = key;
		if (other != drop && other->queued_us < drop->queued_us && strcmp(waits_for, path) == 0)
			return other;
	}
	return NULL;
}

/* Somebody in work has this path, or is to have it first. NAMES_GIVEN: another name will do. */
static enum names_answer held(struct names *names, const struct drop *drop, const struct drop *holder, const char *path,
	char **why, GError **error)
{
	g_autofree char *shown = shown_name(path);

	g_free(*why);
	*why = holder == drop ? g_strdup_printf("another output of this picture is %s", shown)
			      : g_strdup_printf("%s is being made from %s", shown, holder->source);
	if (holder == drop || drop->pipeline->on_conflict == CONFLICT_RENAME)
		return NAMES_GIVEN;
	g_hash_table_insert(names->waiting, drop_ref(drop), g_strdup(path));
	fail(error, ERROR_RETRY, "%s", *why);
	return NAMES_TAKEN;
}

static enum names_answer settle(struct names *names, const struct drop *drop, struct job_output *output, GError **error)
{
	bool refuses = drop->pipeline->on_conflict == CONFLICT_SKIP || drop->pipeline->on_conflict == CONFLICT_FAIL;
	g_autofree char *why = NULL;
	g_autoptr(GError) unknown = NULL;

	if (!refuses && take_earlier(names, drop, output, &unknown)) {
		if (strcmp(output->final, output->wished) != 0)
			note_rename(output, "it got that name before");
		return NAMES_GIVEN;
	}
	if (unknown) {
		g_propagate_error(error, g_steal_pointer(&unknown));
		return NAMES_FAILED;
	}
	for (unsigned number = 1; !output->final; number++) {
		g_autofree char *path = number > 1 ? files_numbered(output->wished, number) : g_strdup(output->wished);
		g_autofree char *made_from = NULL;
		const struct drop *holder = g_hash_table_lookup(names->holders, path);
		if (!holder && drop->pipeline->on_conflict != CONFLICT_RENAME)
			holder = older_waiter(names, drop, path);
		if (holder) {
			enum names_answer answer = held(names, drop, holder, path, &why, error);
			if (answer != NAMES_GIVEN)
				return answer;
			continue;
		}
		enum occupant occupant = look(names, drop, output, path, &made_from, error);
		if (occupant == OCCUPANT_UNKNOWN)
			return NAMES_FAILED;
		if (occupant == OCCUPANT_NONE || occupant == OCCUPANT_THIS_DROP)
			take(names, drop, output, path, occupant == OCCUPANT_NONE);
		else if (refuses)
			return refuse(drop, output, path, error);
		else
			replace(names, drop, output, path, occupant, made_from, &why);
		if (output->final && number > 1) {
			g_clear_pointer(&output->note, g_free);
			note_rename(output, why);
		}
	}
	return NAMES_GIVEN;
}

static gint64 number_of(struct names *names, const struct drop *drop, GError **error)
{
	if (names->ledger)
		return history_number(names->ledger, drop->pipeline->name, drop->owner, error);
	gpointer known = g_hash_table_lookup(names->numbers, drop->owner);
	if (!known) {
		known = GUINT_TO_POINTER(g_hash_table_size(names->numbers) + 1);
		g_hash_table_insert(names->numbers, g_strdup(drop->owner), known);
	}
	return GPOINTER_TO_UINT(known);
}

/* The wished name, absolute. Returns owned. */
static char *wish(struct names *names, const struct drop *drop, const struct found *found, const struct output *output,
	const struct job_output *place, GError **error)
{
	const char *format = output->format ? output->format : drop->claim->format;
	const struct template_values values = {
		.relative = drop->claim->relative,
		.pipeline = drop->pipeline->name,
		.format_ext = format ? file_format_ending(format) : NULL,
		.kept_ext = output->format ? NULL : pipeline_kept_ending(drop->claim->format),
		.dropped_wall_us = drop->queued_wall_us,
		.number = found->number,
		.hash = found->hash,
		.width = place->width,
		.height = place->height,
	};
	g_autofree char *relative = template_expand(output->name, &values, error);

	if (!relative)
		return NULL;
	return names->ledger ? g_build_filename(names->out, drop->pipeline->name, relative, NULL)
			     : g_build_filename(names->out, relative, NULL);
}

/* Beside the final place; where that is not known yet, in the folder that mirrors the source's. */
static bool make_folder(struct names *names, const struct drop *drop, struct job_output *place, GError **error)
{
	g_autofree char *mirrored =
		names->ledger ? g_build_filename(names->out, drop->pipeline->name, drop->claim->relative, NULL)
			      : g_build_filename(names->out, drop->claim->relative, NULL);
	g_autofree char *folder = g_path_get_dirname(place->final ? place->final : mirrored);

	if (!files_make_folder(folder, error))
		return false;
	g_free(place->folder);
	place->folder = g_steal_pointer(&folder);
	return true;
}

static enum names_answer settle_all(
	struct names *names, const struct drop *drop, struct found *found, bool sized, GError **error)
{
	for (guint i = 0; !sized && i < drop->pipeline->outputs->len; i++) {
		struct job_output *place = g_new0(struct job_output, 1);
		place->number = i;
		g_ptr_array_add(found->outputs, place);
	}
	for (guint i = 0; i < found->outputs->len; i++) {
		struct job_output *place = g_ptr_array_index(found->outputs, i);
		const struct output *output = g_ptr_array_index(drop->pipeline->outputs, place->number);
		unsigned uses = template_uses(output->name);
		bool zip = strcmp(json_string(output->save, "container", "fs"), "zip") == 0;
		if (place->final)
			continue;
		place->is_folder = g_strcmp0(output->format, "dz") == 0 && !zip;
		if (uses & TEMPLATE_NUMBER && !found->number && !(found->number = number_of(names, drop, error)))
			return NAMES_FAILED;
		if (sized || !(uses & TEMPLATE_SIZE)) {
			g_free(place->wished);
			place->wished = wish(names, drop, found, output, place, error);
			if (!place->wished)
				return NAMES_FAILED;
			enum names_answer answer = settle(names, drop, place, error);
			if (answer != NAMES_GIVEN)
				return answer;
		}
		if (!sized && !place->skipped && !make_folder(names, drop, place, error))
			return NAMES_FAILED;
	}
	return NAMES_GIVEN;
}

static enum names_answer settle_locked(
	struct names *names, const struct drop *drop, struct found *found, bool sized, GError **error)
{
	g_mutex_lock(&names->mutex);
	if (names->ledger) /* a new ledger may have begun meanwhile */
		names_refresh(names);
	g_hash_table_remove(names->waiting, drop);
	if (!sized) /* a new run */
		names_let_go(names, drop);
	enum names_answer answer = settle_all(names, drop, found, sized, error);
	/* All or none: who waits for another must hold nothing that the other waits for. */
	if (!sized && answer != NAMES_GIVEN)
		names_let_go(names, drop);
	g_mutex_unlock(&names->mutex);
	return answer;
}

enum names_answer names_find(struct names *names, const struct drop *drop, struct found *found, GError **error)
{
	return settle_locked(names, drop, found, false, error);
}

enum names_answer names_settle(struct names *names, const struct drop *drop, struct found *found, GError **error)
{
	return settle_locked(names, drop, found, true, error);
}
