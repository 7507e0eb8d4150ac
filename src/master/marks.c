/* SPDX-License-Identifier: GPL-2.0-or-later
 * The ledger's second copy, on the outputs themselves: see marks.h. */
#include "master/marks.h"

#include <string.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/json.h"
#include "base/log.h"
#include "master/kept.h"

#define ATTRIBUTE "user.dropmill"
#define LONGEST 16384

void mark_clear(struct mark *mark)
{
	g_free(mark->owner);
	g_free(mark->wished);
	g_free(mark->job);
	g_free(mark->kept);
	*mark = (struct mark){0};
}

/* Below out, with a slash before it; NULL: it is not. out may be moved, its marks stay right. */
static const char *below(const char *out, const char *path)
{
	gsize length = strlen(out);

	return path && strncmp(path, out, length) == 0 && path[length] == '/' ? path + length : NULL;
}

void mark_write(const struct mark_place *mill, const struct job *job, const struct job_output *output)
{
	const char *place = below(mill->out, output->final), *wished = below(mill->out, output->wished);
	struct stat status;

	if (!place || !wished || !output->temp || beneath_stat(output->temp, &status) != 0)
		return;
	g_autoptr(JsonObject) object = json_object_new();
	g_autofree char *owner = g_strconcat("/", job_owner(job), NULL); /* paths are bytes, and absolute */
	json_object_set_int_member(object, "inode", (gint64)status.st_ino);
	json_set_path(object, "watch", mill->watch);
	json_set_path(object, "path", place);
	json_set_path(object, "wished", wished);
	json_set_path(object, "owner", owner);
	json_object_set_string_member(object, "job", job->id);
	if (job->number)
		json_object_set_int_member(object, "number", job->number);
	if (job->pipeline->originals == ORIGINALS_KEEP) {
		g_autofree char *key = kept_key(job->claim);
		json_object_set_string_member(object, "kept", key);
	}
	g_autofree char *text = json_object_text(object);
	if (beneath_set_attribute(output->temp, ATTRIBUTE, text, strlen(text)) != 0)
		log_debug("%s: no mark", output->temp);
}

bool mark_read(const struct mark_place *mill, const char *path, struct mark *mark)
{
	g_autofree char *text = g_malloc(LONGEST + 1);
	struct stat status;
	gssize length = beneath_get_attribute(path, ATTRIBUTE, text, LONGEST);

	*mark = (struct mark){0};
	if (length <= 0 || beneath_stat(path, &status) != 0)
		return false;
	g_autoptr(JsonObject) object = json_parse_object(text, length, NULL);
	if (!object)
		return false;
	g_autofree char *place = json_path(object, "path"), *wished = json_path(object, "wished"),
			*owner = json_path(object, "owner"), *watch = json_path(object, "watch");
	const char *job = json_string(object, "job", NULL), *kept = json_string(object, "kept", NULL);
	if (g_strcmp0(watch, mill->watch) != 0 || g_strcmp0(place, below(mill->out, path)) != 0 ||
		json_int(object, "inode", 0) != (gint64)status.st_ino || !owner || owner[0] != '/' || !wished ||
		wished[0] != '/' || !job)
		return false;
	mark->owner = g_strdup(owner + 1);
	mark->wished = g_strconcat(mill->out, wished, NULL);
	mark->job = g_strdup(job);
	mark->kept = g_strdup(kept);
	mark->number = json_int(object, "number", 0);
	return true;
}

/* False: the database cannot be written now; what is not learnt here is looked up when it is wanted. */
static bool learn(struct history *history, const char *path, const struct mark *mark)
{
	g_autofree char *owner = NULL, *job = NULL;
	const char *slash = strchr(mark->owner, '/');
	g_autofree char *pipeline = g_strndup(mark->owner, slash ? (gsize)(slash - mark->owner) : 0);

	if (!history_owner(history, path, &owner, &job, NULL))
		return false;
	return (owner || history_own(history, path, mark->owner, mark->wished, mark->job, NULL)) &&
	       (!mark->number || history_set_number(history, pipeline, mark->owner, mark->number, NULL)) &&
	       (!mark->kept || history_keep(history, mark->kept, NULL));
}

static guint walk(const struct mark_place *mill, const char *folder, struct history *history)
{
	DIR *dir = beneath_opendir(folder);
	guint count = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		const char *name = entry->d_name;
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat status;
		struct mark mark;
		if (name[0] == '.' || beneath_stat(path, &status) != 0)
			continue;
		if (mark_read(mill, path, &mark)) {
			count += learn(history, path, &mark);
			mark_clear(&mark);
		} else if (S_ISDIR(status.st_mode)) {
			count += walk(mill, path, history);
		}
	}
	if (dir)
		closedir(dir);
	return count;
}

void marks_relearn(const struct mark_place *mill, struct history *history)
{
	guint count = walk(mill, mill->out, history);

	if (count)
		log_info("%u outputs in %s are the mill's own, by their marks: the ledger knows them again", count,
			mill->out);
}
