/* SPDX-License-Identifier: GPL-2.0-or-later
 * What is right but hardly meant: see warnings.h. Operations are known by name here, because the table of operations is libvips' side;
 * a name that is in no table warns of nothing. */
#include "definition/reader/warnings.h"

#include <string.h>

#include "base/disk/files.h"
#include "base/json.h"

static const char *const sharpeners[] = {"sharpen", "unsharp", NULL};
static const char *const resizers[] = {"resize", "thumbnail", NULL};
static const char *const once_is_enough[] = {"auto_orient", "grayscale", "remove_alpha", "flatten", "ensure_alpha",
	"normalize", "equalize", "strip", "sepia", NULL};
static const char *const undo_themselves[] = {"flip", "flop", "invert", "transpose", NULL};
static const char *const of_colour[] = {"saturation", "desaturate", "white_balance", "grayscale", NULL};

static void warn(struct diagnostics *warnings, const struct step *step, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void warn(struct diagnostics *warnings, const struct step *step, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	const char *before = diagnostics_enter(warnings, step->file);
	diagnostics_add(warnings, step->line, step->column, "%s", message);
	diagnostics_enter(warnings, before);
}

static bool is_one_of(const struct step *step, const char *const *names)
{
	return g_strv_contains(names, step->operation);
}

static bool same_params(const struct step *a, const struct step *b)
{
	g_autofree char *one = json_object_text(a->params);
	g_autofree char *other = json_object_text(b->params);

	return g_str_equal(one, other);
}

/* A step that does nothing whatever comes to it. */
static void warn_idle(struct diagnostics *warnings, const struct step *step)
{
	JsonObject *params = step->params;

	if (g_str_equal(step->operation, "blur") && json_double(params, "sigma", 1) < 0.2)
		warn(warnings, step, "blur with a sigma below 0.2 changes nothing; raise it, or take the step out");
	if (g_str_equal(step->operation, "rotate") && json_double(params, "angle", 1) == 0)
		warn(warnings, step, "rotate by 0 changes nothing; take the step out");
	if (g_str_equal(step->operation, "resize") && json_double(params, "scale", 0) == 1)
		warn(warnings, step, "resize by 1 changes nothing; take the step out");
}

static void warn_neighbours(struct diagnostics *warnings, const struct step *first, const struct step *next)
{
	bool same = g_str_equal(first->operation, next->operation) && same_params(first, next);

	if (same && is_one_of(next, once_is_enough))
		warn(warnings, next, "%s is in line %u already, and a second one changes nothing; take one out",
			next->operation, first->line);
	if (same && is_one_of(next, undo_themselves))
		warn(warnings, next, "this %s undoes the one in line %u; take both out", next->operation, first->line);
}

/* An earlier step and a later one, anything in between. */
static void warn_order(struct diagnostics *warnings, const struct step *early, const struct step *late)
{
	if (is_one_of(early, sharpeners) && is_one_of(late, resizers))
		warn(warnings, early, "%s in line %u softens what is sharpened here; sharpen after it", late->operation,
			late->line);
	if (g_str_equal(early->operation, "grayscale") && is_one_of(late, of_colour) &&
		!g_str_equal(late->operation, "grayscale"))
		warn(warnings, late, "grayscale in line %u leaves no colour, so that %s changes nothing", early->line,
			late->operation);
	if (g_str_equal(early->operation, "thumbnail") && !json_bool(early->params, "no_rotate", false) &&
		g_str_equal(late->operation, "auto_orient"))
		warn(warnings, late,
			"thumbnail in line %u has turned the picture already, so that auto_orient changes nothing",
			early->line);
}

/* The steps from index from on; with those before it as well where the common ones are for this output alone: others may want
 * what this one undoes. */
static void warn_chain(
	struct diagnostics *warnings, const GPtrArray *common, const GPtrArray *own, guint from, bool alone)
{
	guint count = common->len + (own ? own->len : 0);

	for (guint late = from; late < count; late++) {
		const struct step *step = g_ptr_array_index(
			late < common->len ? common : own, late < common->len ? late : late - common->len);
		warn_idle(warnings, step);
		for (guint early = alone ? 0 : from; early < late && !step->when; early++) {
			const struct step *before = g_ptr_array_index(
				early < common->len ? common : own, early < common->len ? early : early - common->len);
			if (before->when) /* it may not be done, or not together with the other */
				continue;
			if (early + 1 == late)
				warn_neighbours(warnings, before, step);
			warn_order(warnings, before, step);
		}
	}
}

void warnings_within(const struct pipeline *pipeline, struct diagnostics *warnings)
{
	warn_chain(warnings, pipeline->steps, NULL, 0, true);
	for (guint i = 0; i < pipeline->outputs->len; i++) {
		const struct output *output = g_ptr_array_index(pipeline->outputs, i);
		warn_chain(warnings, pipeline->steps, output->steps, pipeline->steps->len, pipeline->outputs->len == 1);
	}
}

static bool lies_in(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static void warn_at(struct diagnostics *warnings, const struct place *place, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void warn_at(struct diagnostics *warnings, const struct place *place, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	const char *before = diagnostics_enter(warnings, place->file);
	diagnostics_add(warnings, MAX(place->line, 1), MAX(place->column, 1), "%s", message);
	diagnostics_enter(warnings, before);
}

void warnings_between(const struct pipeline *const *pipelines, struct diagnostics *const *warnings,
	struct diagnostics *const *errors, unsigned count, const char *watch, const char *out)
{
	g_autofree char *top = g_canonicalize_filename(out, NULL);
	g_autofree char *real_top = files_real(top);
	g_autofree char *watched = g_canonicalize_filename(watch, NULL);
	g_autoptr(GPtrArray) inboxes = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; i < count; i++)
		g_ptr_array_add(
			inboxes, pipelines[i] ? g_canonicalize_filename(pipelines[i]->inbox, watched) : g_strdup(""));
	for (unsigned i = 0; i < count; i++) {
		const struct pipeline *pipeline = pipelines[i];
		const char *inbox = g_ptr_array_index(inboxes, i);
		if (!pipeline)
			continue;
		g_autofree char *outputs = g_build_filename(top, pipeline->name, NULL);
		g_autofree char *real_inbox = files_real(inbox);
		if (lies_in(real_inbox, real_top) || lies_in(real_top, real_inbox))
			warn_at(errors[i], &pipeline->inbox_place,
				"inbox '%s' and the folder of outputs (%s) lie in one another: outputs would come in again; "
				"choose a folder elsewhere",
				pipeline->inbox, out);
		for (unsigned other = 0; other < count; other++) {
			const char *box = g_ptr_array_index(inboxes, other);
			if (!pipelines[other])
				continue;
			if (other < i && g_str_equal(box, inbox))
				warn_at(warnings[i], &pipeline->inbox_place,
					"inbox '%s' is that of '%s' too, and a file goes to one of them only; give each its own",
					pipeline->inbox, pipelines[other]->name);
			if (g_str_equal(box, outputs) || (pipelines[other]->recursive && lies_in(outputs, box)))
				warn_at(warnings[i], &pipeline->name_place,
					"outputs of '%s' are written into the inbox of '%s' (%s), which mills them%s",
					pipeline->name, pipelines[other]->name, box,
					other == i ? " again and again" : " in turn");
		}
	}
}
