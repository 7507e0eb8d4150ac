/* SPDX-License-Identifier: GPL-2.0-or-later
 * Whose an output is, on the output itself: see output_xattr.h. */
#include "master/commit/output_xattr.h"
#include "ledger/ledger.h"

#include <string.h>
#include <sys/stat.h>

#include "base/disk/beneath.h"
#include "base/json.h"
#include "base/log.h"

#define ATTRIBUTE "user.dropmill"
#define LONGEST 16384

void mark_clear(struct mark *mark)
{
	g_free(mark->owner);
	g_free(mark->wished);
	g_free(mark->job);
	*mark = (struct mark){0};
}

/* Below out, with a slash before it; NULL: it is not. out may be moved, its marks stay right. */
static const char *below(const char *out, const char *path)
{
	gsize length = strlen(out);

	return path && strncmp(path, out, length) == 0 && path[length] == '/' ? path + length : NULL;
}

const char *mark_relative(const struct mark_place *mill, const char *path)
{
	const char *place = below(mill->out, path);

	return place ? place + 1 : NULL;
}

static void set_stamp(JsonObject *object, const struct stamp *stamp)
{
	json_object_set_int_member(object, "bytes", stamp->bytes);
	json_object_set_int_member(object, "mtime", stamp->mtime_ns);
}

static struct stamp get_stamp(JsonObject *object)
{
	return (struct stamp){json_int(object, "bytes", -1), json_int(object, "mtime", 0)};
}

bool mark_write(const struct mark_place *mill, const struct drop *drop, gint64 number, const struct job_output *output,
	const struct stamp *stamp)
{
	const char *place = below(mill->out, output->final), *wished = below(mill->out, output->wished);

	if (!place || !wished || !output->temp || stamp->bytes < 0)
		return false;
	g_autoptr(JsonObject) object = json_object_new();
	g_autofree char *owner = g_strconcat("/", drop->owner, NULL); /* paths are bytes, and absolute */
	set_stamp(object, stamp);
	json_set_path(object, "watch", mill->watch);
	json_set_path(object, "path", place);
	json_set_path(object, "wished", wished);
	json_set_path(object, "owner", owner);
	json_object_set_string_member(object, "job", drop->id);
	if (number)
		json_object_set_int_member(object, "number", number);
	if (drop->pipeline->originals == ORIGINALS_KEEP) {
		JsonObject *original = json_object_new();
		set_stamp(original, &(struct stamp){drop->claim->bytes, drop->claim->mtime_ns});
		json_object_set_object_member(object, "original", original);
	}
	g_autofree char *text = json_object_text(object);
	if (beneath_set_attribute(output->temp, ATTRIBUTE, text, strlen(text)) == 0)
		return true;
	log_debug("%s: no mark", output->temp);
	return false;
}

/* A mark of an older version has the inode in place of the stamp. */
static bool is_unchanged(JsonObject *object, const char *path, struct stamp *stamp)
{
	const struct stamp then = get_stamp(object);
	struct stat status;

	if (!stamp_take(path, stamp))
		return false;
	if (then.bytes >= 0)
		return stamp_equal(&then, stamp);
	return beneath_stat(path, &status) == 0 && json_int(object, "inode", 0) == (gint64)status.st_ino;
}

bool mark_read(const struct mark_place *mill, const char *path, struct mark *mark)
{
	char text[LONGEST];
	gssize length = beneath_get_attribute(path, ATTRIBUTE, text, sizeof(text));

	*mark = (struct mark){.original = STAMP_UNKNOWN};
	if (length <= 0)
		return false;
	g_autoptr(JsonObject) object = json_parse_object(text, length, NULL);
	if (!object)
		return false;
	g_autofree char *place = json_path(object, "path"), *wished = json_path(object, "wished"),
			*owner = json_path(object, "owner"), *watch = json_path(object, "watch");
	const char *job = json_string(object, "job", NULL);
	JsonObject *original = json_object(object, "original");
	if (g_strcmp0(watch, mill->watch) != 0 || g_strcmp0(place, below(mill->out, path)) != 0 || !owner ||
		owner[0] != '/' || !wished || wished[0] != '/' || !job || !is_unchanged(object, path, &mark->stamp))
		return false;
	mark->owner = g_strdup(owner + 1);
	mark->wished = g_strdup(wished + 1);
	mark->job = g_strdup(job);
	mark->original = original ? get_stamp(original) : STAMP_UNKNOWN;
	mark->number = json_int(object, "number", 0);
	return true;
}

/* False: the database cannot be written now; what is not learnt here is looked up when it is wanted. */
static bool learn(struct history *history, const char *place, const struct mark *mark)
{
	struct history_output known;
	const struct history_original original = {.owner = mark->owner, .stamp = mark->original};
	const char *slash = strchr(mark->owner, '/');
	g_autofree char *pipeline = g_strndup(mark->owner, slash ? (gsize)(slash - mark->owner) : 0);

	if (!history_owner(history, place, &known, NULL))
		return false;
	bool is_known = known.owner && stamp_equal(&known.stamp, &mark->stamp);
	history_output_clear(&known);
	return (is_known || history_own(history, place, mark->owner, mark->wished, mark->job, &mark->stamp, NULL)) &&
	       (!mark->number || history_set_number(history, pipeline, mark->owner, mark->number, NULL)) &&
	       (mark->original.bytes < 0 || history_keep(history, &original, NULL));
}

static guint walk(const struct mark_place *mill, const char *folder, struct history *history)
{
	g_autoptr(GPtrArray) names = beneath_list(folder);
	guint count = 0;

	for (guint i = 0; names && i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat status;
		struct mark mark;
		if (name[0] == '.' || beneath_stat(path, &status) != 0)
			continue;
		if (mark_read(mill, path, &mark)) {
			count += learn(history, mark_relative(mill, path), &mark);
			mark_clear(&mark);
		} else if (S_ISDIR(status.st_mode)) {
			count += walk(mill, path, history);
		}
	}
	return count;
}

void marks_relearn(const struct mark_place *mill, struct history *history)
{
	guint count = walk(mill, mill->out, history);

	if (count)
		log_info("%u outputs in %s are the mill's own, by their marks: the ledger knows them again", count,
			mill->out);
}
