/* SPDX-License-Identifier: GPL-2.0-or-later
 * A job by value: see drop.h. */
#include "master/job/drop.h"

#include "base/disk/folder.h"

struct drop *drop_new(const struct drop *values)
{
	struct drop *drop = g_atomic_rc_box_alloc(sizeof *drop);

	*drop = *values;
	drop->id = g_strdup(values->id);
	drop->source = g_strdup(values->source);
	drop->owner = g_strdup(values->owner);
	drop->claim = claim_copy(values->claim);
	drop->pipeline = pipeline_ref(values->pipeline);
	return drop;
}

struct drop *drop_ref(const struct drop *drop)
{
	struct drop *shared = (struct drop *)drop;

	return g_atomic_rc_box_acquire(shared);
}

static void drop_clear(gpointer data)
{
	struct drop *drop = data;

	g_free(drop->id);
	g_free(drop->source);
	g_free(drop->owner);
	claim_free((struct claim *)drop->claim);
	pipeline_unref(drop->pipeline);
}

void drop_unref(struct drop *drop)
{
	if (drop)
		g_atomic_rc_box_release_full(drop, drop_clear);
}

static void output_free(struct job_output *output)
{
	g_clear_pointer(&output->arrived, body_unref);
	g_free(output->folder);
	g_free(output->temp);
	g_free(output->wished);
	g_free(output->final);
	g_free(output->note);
	g_free(output->lost);
	g_free(output);
}

GPtrArray *job_outputs_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)output_free);
}

void job_remove_temp(const struct job_output *output)
{
	if (output->temp)
		folder_discard(output->temp);
}

char *job_output_note(const struct job_output *output)
{
	if (output->note && output->lost)
		return g_strdup_printf("%s; %s", output->note, output->lost);
	return g_strdup(output->note ? output->note : output->lost);
}

static struct job_output *output_copy(const struct job_output *output)
{
	struct job_output *copy = g_memdup2(output, sizeof *output);

	copy->arrived = output->arrived ? body_ref(output->arrived) : NULL;
	copy->folder = g_strdup(output->folder);
	copy->temp = g_strdup(output->temp);
	copy->wished = g_strdup(output->wished);
	copy->final = g_strdup(output->final);
	copy->note = g_strdup(output->note);
	copy->lost = g_strdup(output->lost);
	return copy;
}

struct found *found_new(const GPtrArray *outputs, const char *hash, gint64 number)
{
	struct found *found = g_new0(struct found, 1);

	found->outputs = job_outputs_new();
	for (guint i = 0; outputs && i < outputs->len; i++)
		g_ptr_array_add(found->outputs, output_copy(outputs->pdata[i]));
	found->hash = g_strdup(hash);
	found->number = number;
	return found;
}

void found_free(struct found *found)
{
	if (!found)
		return;
	g_ptr_array_unref(found->outputs);
	g_free(found->hash);
	g_free(found);
}
