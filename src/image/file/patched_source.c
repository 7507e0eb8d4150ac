/* SPDX-License-Identifier: GPL-2.0-or-later
 * Other bytes at some places: see patched_source.h. */
#include "image/file/patched_source.h"

#include <string.h>

struct patch {
	guint64 at;
	gsize length;
	guint8 bytes[];
};

struct patched {
	GBytes *file;
	GPtrArray *patches;
	guint64 at; /* where libvips reads on */
};

GPtrArray *patches_new(void)
{
	return g_ptr_array_new_with_free_func(g_free);
}

void patches_add(GPtrArray *patches, guint64 at, const void *bytes, gsize length)
{
	struct patch *patch = g_malloc(sizeof(struct patch) + length);

	patch->at = at;
	patch->length = length;
	memcpy(patch->bytes, bytes, length);
	g_ptr_array_add(patches, patch);
}

static gint64 read_bytes(VipsSourceCustom *source, guint8 *to, gint64 wanted, struct patched *p)
{
	gsize length;
	const guint8 *data = g_bytes_get_data(p->file, &length);
	guint64 start = p->at, end = MIN(start + (guint64)wanted, length);

	(void)source;
	if (start >= end)
		return 0;
	memcpy(to, data + start, end - start);
	for (guint i = 0; i < p->patches->len; i++) {
		const struct patch *patch = p->patches->pdata[i];
		guint64 from = MAX(start, patch->at), until = MIN(end, patch->at + patch->length);
		if (from < until)
			memcpy(to + (from - start), patch->bytes + (from - patch->at), until - from);
	}
	p->at = end;
	return (gint64)(end - start);
}

static gint64 seek(VipsSourceCustom *source, gint64 to, int whence, struct patched *p)
{
	gint64 base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (gint64)p->at : (gint64)g_bytes_get_size(p->file);

	(void)source;
	if (base + to < 0)
		return -1;
	p->at = (guint64)(base + to);
	return (gint64)p->at;
}

static void patched_free(gpointer data)
{
	struct patched *p = data;

	g_bytes_unref(p->file);
	g_ptr_array_unref(p->patches);
	g_free(p);
}

VipsSource *patched_source_new(GBytes *file, GPtrArray *patches)
{
	VipsSourceCustom *source = vips_source_custom_new();
	struct patched *p = g_new0(struct patched, 1);

	p->file = g_bytes_ref(file);
	p->patches = g_ptr_array_ref(patches);
	g_object_set_data_full(G_OBJECT(source), "dropmill-patched", p, patched_free);
	g_signal_connect(source, "read", G_CALLBACK(read_bytes), p);
	g_signal_connect(source, "seek", G_CALLBACK(seek), p);
	return VIPS_SOURCE(source);
}
