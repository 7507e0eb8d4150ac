/* SPDX-License-Identifier: GPL-2.0-or-later
 * A whole job in one worker: see whole.h. */
#include "worker/whole.h"

#include <string.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/folder.h"
#include "base/error.h"
#include "base/json.h"
#include "image/asset/asset.h"
#include "image/chain/chain.h"
#include "image/chain/check_task.h"
#include "image/operations/operations.h"
#include "image/read/allow.h"
#include "image/read/format.h"
#include "image/read/page_frames.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"
#include "image/write/format_changes.h"
#include "image/write/format_save.h"
#include "image/write/tiff_join.h"
#include "sandbox/path_allowlist.h"
#include "worker/ordered_failure.h"
#include "worker/original.h"

struct whole {
	const struct task *task;
	JsonObject *spec;
	JsonArray *steps, *outputs;
	char *path;
	GBytes *bytes; /* inline, in memory; else it has a path */
	VipsImage *source;
	VipsImage *common;          /* what share_common() made; NULL: each output has its own chain from the file on */
	struct page_frames *frames; /* when some output wants more than the first */
	struct body *encoded;       /* inline */
	GArray *left_out;           /* see build_context */
	JsonArray *reported_left_out;
	int output; /* whose chain is built; -1: the common steps */
};

/* common and own as one list. Returns owned. */
static JsonArray *joined(JsonArray *common, JsonArray *own)
{
	JsonArray *all = json_array_new();

	for (guint i = 0; common && i < json_array_get_length(common); i++)
		json_array_add_element(all, json_array_dup_element(common, i));
	for (guint i = 0; own && i < json_array_get_length(own); i++)
		json_array_add_element(all, json_array_dup_element(own, i));
	return all;
}

/* May the common steps be computed once for all outputs? Not those whose pixels depend on the requested region. They
 * must get the region that the output's own steps need, as for a picture with one output. */
static bool may_share(const struct whole *whole)
{
	return json_array_get_length(whole->outputs) > 1 && json_array_get_length(whole->steps) > 0 &&
	       !(chain_flags(whole->steps) & (OPERATION_ON_GRID | OPERATION_LOADS));
}

/* Sequential reading saves memory and time, where it gives the same pixels: one output, or what is common to them, and every step
 * reads downwards. */
static bool may_read_once(const struct whole *whole)
{
	if (may_share(whole))
		return chain_flags(whole->steps) & OPERATION_SEQUENTIAL;
	if (json_array_get_length(whole->outputs) != 1)
		return false;
	g_autoptr(JsonArray) all = joined(whole->steps, json_array(json_object_at(whole->outputs, 0), "steps"));
	return json_array_get_length(all) == 0 || chain_flags(all) & OPERATION_SEQUENTIAL;
}

static struct image_limits limits_of(const struct whole *whole)
{
	JsonObject *limits = json_object(whole->spec, "limits");

	return (struct image_limits){json_double(limits, "megapixels", 0), (unsigned)json_int(limits, "frames", 0)};
}

/* Will several outputs read the file's pixels, by a loader that may read them only once (JPEG 2000)? */
static bool is_read_again(const struct whole *whole)
{
	return json_array_get_length(whole->outputs) > 1 && !may_share(whole) && format_needs_leave(whole->source);
}

/* Computes it, with the demand hint that it had: another would give what follows another grid. */
static bool into_memory(VipsImage **image, GError **error)
{
	VipsImage *memory = vips_image_copy_memory(*image);

	if (!memory)
		return vips_failed(error, NULL);
	memory->dhint = (*image)->dhint;
	g_object_unref(*image);
	*image = memory;
	return true;
}

static bool open_source(struct whole *whole, GError **error)
{
	struct image_limits bounds = limits_of(whole);

	return format_open(whole->path, whole->bytes, may_read_once(whole), &bounds, &whole->source, error) &&
	       (!is_read_again(whole) || into_memory(&whole->source, error));
}

/* The image of one output. A chain that opens with an operation that loads (thumbnail: shrink-on-load) opens the file its own way; the
 * limits were checked on the header that open_source() read. */
static bool build(struct whole *whole, JsonArray *steps, VipsImage **out, GError **error)
{
	struct build_context context = {
		json_object(whole->spec, "names"), whole->bytes ? NULL : whole->path, whole->bytes, whole->left_out};

	return whole->common
		       ? chain_build(steps, json_array_get_length(whole->steps), whole->common, &context, out, error)
		       : chain_open(steps, whole->source, &context, out, error);
}

/* What conditions left out of the chains that were built since: of so many pages each. */
static void tell_left_out(struct whole *whole, guint pages)
{
	chain_tell_left_out(
		whole->left_out, pages, json_array_get_length(whole->steps), whole->output, whole->reported_left_out);
}

/* The common steps, computed once. */
static bool share_common(struct whole *whole, GError **error)
{
	if (!may_share(whole))
		return true;
	if (!build(whole, whole->steps, &whole->common, error) || !into_memory(&whole->common, error))
		return false;
	tell_left_out(whole, 1);
	return true;
}

/* Does the output's condition hold of the picture after the common steps? */
static bool is_wanted(struct whole *whole, JsonObject *wanted, bool *holds, GError **error)
{
	const char *when = json_string(wanted, "when", NULL);
	const struct build_context context = {.names = json_object(whole->spec, "names")};
	g_autoptr(VipsImage) common = NULL;

	*holds = true;
	return !when ||
	       (build(whole, whole->steps, &common, error) && chain_holds(when, common, &context, holds, error));
}

/* Every frame through the chain by itself, as a picture that came alone. What loads by itself does not know of frames, so that here each
 * step builds on the opened one. */
static GPtrArray *build_frames(struct whole *whole, JsonArray *steps, GError **error)
{
	const struct build_context context = {.names = json_object(whole->spec, "names"), .left_out = whole->left_out};
	struct image_limits bounds = limits_of(whole);

	if (!whole->frames)
		whole->frames = page_frames_open(whole->path, whole->bytes, &bounds, error);
	return whole->frames ? chain_build_pages(steps, whole->frames->images, &context, error) : NULL;
}

/* The picture; of several pages all in one strip. Those of different sizes or colours, which TIFF holds, are in *pages, and the first of
 * them is the picture. */
static bool make(struct whole *whole, JsonArray *steps, const char *format, JsonObject *save, VipsImage **image,
	GPtrArray **pages, GError **error)
{
	if (!page_frames_wanted(whole->source, format, save)) {
		if (!build(whole, steps, image, error))
			return false;
		tell_left_out(whole, 1);
		return page_frames_single(image, error);
	}
	g_autoptr(GPtrArray) finished = build_frames(whole, steps, error);
	if (!finished)
		return false;
	tell_left_out(whole, finished->len);
	if (!g_str_equal(format, "tiff") || !page_frames_mixed(finished))
		return page_frames_join(whole->frames, finished, image, error);
	*image = g_object_ref(finished->pdata[0]);
	*pages = g_steal_pointer(&finished);
	return true;
}

/* To the file `temp`, or to memory when inline. */
static bool encode(struct whole *whole, VipsImage *image, const GPtrArray *pages, const char *format,
	JsonObject *wanted, const char *temp, gint64 *size, GError **error)
{
	g_autoptr(JsonObject) save = format_save_options(format, wanted);
	g_autoptr(GBytes) bytes = NULL;
	const char *path = whole->encoded ? NULL : temp;
	bool saved = pages  ? tiff_join_save(pages, path, path ? NULL : &bytes, save, error)
		     : path ? format_save(image, path, format, save, error)
			    : format_save_memory(image, format, save, &bytes, error);

	if (!saved)
		return false;
	if (bytes)
		body_add(whole->encoded, bytes);
	*size = bytes ? (gint64)g_bytes_get_size(bytes) : folder_bytes(temp);
	return true;
}

/* The task's own temporary file, .dropmill-JOB-SERIAL-N.tmp: whoever could write to `tasks` could name a finished output. */
static bool is_owed(const struct task *task, const char *temp)
{
	g_autofree char *prefix = g_strdup_printf(".dropmill-%s-%u-", task->job, task->serial);
	g_autofree char *name = temp ? g_path_get_basename(temp) : g_strdup("");
	const char *number = g_str_has_prefix(name, prefix) ? name + strlen(prefix) : "";
	gsize digits = strspn(number, "0123456789");

	return digits > 0 && strcmp(number + digits, ".tmp") == 0;
}

/* Where to write, really; NULL when inline, or with an error. */
static char *place_of(const struct whole *whole, const char *temp, GError **error)
{
	if (whole->encoded)
		return NULL;
	if (!is_owed(whole->task, temp)) {
		fail(error, ERROR_SYSTEM, "the task names no temporary file of its own for its output");
		return NULL;
	}
	return path_allowlist_find(temp, PLACE_WRITE, error);
}

static bool save_output(struct whole *whole, guint number, JsonObject *wanted, JsonArray *report, GError **error)
{
	g_autoptr(JsonArray) steps = joined(whole->steps, json_array(wanted, "steps"));
	g_autoptr(VipsImage) image = NULL;
	g_autoptr(GPtrArray) pages = NULL;
	g_autofree char *temp = json_path(wanted, "temp");
	const char *format = json_string(wanted, "format", NULL);
	gint64 size = 0;
	g_autofree char *real = place_of(whole, temp, error);

	if (!real && !whole->encoded)
		return false;
	if (!format)
		format = format_kept(whole->source);
	g_array_set_size(whole->left_out, 0);
	whole->output = (int)number;
	if (!make(whole, steps, format, json_object(wanted, "save"), &image, &pages, error) ||
		!encode(whole, image, pages, format, wanted, real, &size, error))
		return false;
	JsonObject *entry = json_object_new();
	json_object_set_int_member(entry, "output", number);
	json_object_set_int_member(entry, "width", image->Xsize);
	json_object_set_int_member(entry, "height", image->Ysize / page_frames_count(image));
	json_object_set_int_member(entry, "bytes", size);
	format_tell_lost(image, format, json_object(wanted, "save"), entry);
	unsigned implied = format_implied(image, format, json_object(wanted, "save"));
	for (guint i = 0; pages && i < pages->len; i++)
		implied |= format_implied(pages->pdata[i], format, json_object(wanted, "save"));
	format_tell_implied(implied, entry);
	if (!whole->encoded)
		json_set_path(entry, "temp", temp); /* so that a late result's files can be removed */
	json_array_add_object_element(report, entry);
	return true;
}

/* Large, and nothing in its chain forbids to cut it: the master shall start over. */
static bool is_huge(const struct whole *whole)
{
	gint64 huge = json_int(whole->spec, "huge_pixels", 0);
	unsigned flags = chain_flags(whole->steps);

	return huge > 0 && !format_needs_leave(whole->source) &&
	       (gint64)whole->source->Xsize * whole->source->Ysize >= huge &&
	       !(flags & (OPERATION_LOADS | OPERATION_READS_METADATA));
}

static enum result_status run(struct whole *whole, JsonObject *report, GError **error)
{
	JsonArray *outputs = json_array_new(), *skipped = json_array_new();

	json_object_set_array_member(report, "outputs", outputs);
	json_object_set_array_member(report, "skipped", skipped);
	json_object_set_array_member(report, "left_out", json_array_ref(whole->reported_left_out));
	if (!open_source(whole, error))
		return RESULT_FAILED;
	json_object_set_int_member(report, "width", whole->source->Xsize);
	json_object_set_int_member(report, "height", whole->source->Ysize);
	chain_name_source(whole->spec, whole->source);
	if (is_huge(whole))
		return RESULT_HUGE;
	if (!share_common(whole, error))
		return RESULT_FAILED;
	for (guint i = 0; i < json_array_get_length(whole->outputs); i++) {
		JsonObject *wanted = json_object_at(whole->outputs, i);
		bool holds;
		if (!is_wanted(whole, wanted, &holds, error) ||
			(holds && !save_output(whole, i, wanted, outputs, error)))
			return RESULT_FAILED;
		if (!holds)
			json_array_add_int_element(skipped, i);
	}
	if (!json_array_get_length(outputs)) {
		chain_none_made(whole->source, json_object(whole->spec, "names"), error);
		return RESULT_FAILED;
	}
	return RESULT_OK;
}

/* What was begun before it failed. The master removes them as well, but may have done so before they were made. */
static void remove_temps(const struct whole *whole)
{
	for (guint i = 0; i < json_array_get_length(whole->outputs); i++) {
		g_autofree char *temp = json_path(json_object_at(whole->outputs, i), "temp");
		if (is_owed(whole->task, temp))
			folder_discard(temp);
	}
}

/* The number of processors is read from a file, so only where more than one thread is wanted. */
static int threads_of(JsonObject *spec)
{
	gint64 wanted = json_int(spec, "threads", 1);

	return wanted <= 1 ? 1 : (int)MIN(wanted, g_get_num_processors());
}

enum result_status whole_compute(const struct task *task, JsonObject **report, struct body **payload, GError **error)
{
	g_autoptr(JsonObject) spec = json_parse_object(task->spec, -1, error);
	g_autofree char *path = spec ? json_path(spec, "path") : NULL;
	GError *cause = NULL;

	if (!spec)
		return RESULT_FAILED;
	struct whole whole = {
		.task = task,
		.spec = spec,
		.steps = json_array(spec, "steps"),
		.outputs = json_array(spec, "outputs"),
		.path = path,
	};
	if (!whole.steps || !whole.outputs || !path) {
		fail(error, ERROR_INPUT, "the task's spec lacks path, steps or outputs");
		return RESULT_FAILED;
	}
	if (!check_task(spec, error))
		return RESULT_FAILED;
	const char *lacking = asset_lacking(spec);
	if (lacking) {
		fail(error, ERROR_RETRY, "%s", lacking);
		return RESULT_LACKS;
	}
	int picture = -1;
	g_autofree char *real = NULL;
	enum result_status found = original_find(task, path, &whole.bytes, &picture, &real, error);
	if (found != RESULT_OK)
		return found;
	g_autofree char *alias = picture >= 0 ? beneath_alias(picture) : NULL;
	if (alias)
		whole.path = alias;
	if (task->plane == PLANE_INLINE)
		whole.encoded = body_new();
	g_autoptr(GArray) left_out = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(JsonArray) reported_left_out = json_array_new();
	whole.left_out = left_out;
	whole.reported_left_out = reported_left_out;
	whole.output = -1;
	*report = json_object_new();
	vips_concurrency_set(threads_of(spec));
	enum result_status status = allow_open(spec, &cause) ? run(&whole, *report, &cause) : RESULT_FAILED;
	vips_concurrency_set(1);
	g_clear_object(&whole.common);
	g_clear_object(&whole.source);
	g_clear_pointer(&whole.frames, page_frames_free);
	allow_shut();
	g_clear_pointer(&whole.bytes, g_bytes_unref);
	if (real)
		close(picture);
	if (alias)
		beneath_unalias(cause, alias, real ? real : path);
	if (cause && status == RESULT_FAILED && cause->domain == DROPMILL_ERROR && cause->code == ERROR_RETRY)
		status = RESULT_RETRY;
	if (status != RESULT_OK && !whole.encoded)
		remove_temps(&whole);
	if (cause)
		g_propagate_error(error, cause);
	if (whole.encoded && status == RESULT_OK)
		*payload = body_ref(whole.encoded);
	body_unref(whole.encoded);
	ordered_spoil(task, payload);
	return status;
}
