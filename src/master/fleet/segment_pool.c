/* SPDX-License-Identifier: GPL-2.0-or-later
 * The pool of shared segments: see segment_pool.h. */
#include "master/fleet/segment_pool.h"

/* Segments kept for the next job; more than two tiled jobs at a time do not run. */
#define KEPT 2
/* A kept segment serves a job that needs at least this share of it. */
#define SHARE 4

struct segments {
	GPtrArray *kept; /* struct segment */
	char *spool_folder;
	gsize budget, kept_bytes, lent_bytes;
};

struct segments *segments_new(const char *spool_folder, gsize budget)
{
	struct segments *segments = g_new0(struct segments, 1);

	segments->kept = g_ptr_array_new_with_free_func((GDestroyNotify)segment_free);
	segments->spool_folder = g_strdup(spool_folder);
	segments->budget = budget;
	return segments;
}

void segments_free(struct segments *segments)
{
	if (!segments)
		return;
	g_ptr_array_unref(segments->kept);
	g_free(segments->spool_folder);
	g_free(segments);
}

static void drop_oldest(struct segments *segments)
{
	const struct segment *oldest = g_ptr_array_index(segments->kept, 0);

	segments->kept_bytes -= oldest->size;
	g_ptr_array_remove_index(segments->kept, 0);
}

/* For so much more; when nothing is kept there is no more to give. */
static void make_room(struct segments *segments, gsize bytes)
{
	while (segments->kept->len && segments->lent_bytes + segments->kept_bytes + bytes > segments->budget)
		drop_oldest(segments);
}

struct segment *segments_borrow(struct segments *segments, gsize bytes, bool spool, guint tiles, GError **error)
{
	struct segment *segment = NULL;

	for (guint i = 0; !spool && !segment && i < segments->kept->len; i++) {
		struct segment *kept = g_ptr_array_index(segments->kept, i);
		if (kept->size < bytes || kept->size / SHARE > bytes)
			continue;
		segments->kept_bytes -= kept->size;
		segment = g_ptr_array_steal_index(segments->kept, i);
	}
	if (!spool)
		make_room(segments, segment ? segment->size : bytes);
	if (!segment)
		segment = segment_create(bytes, spool ? segments->spool_folder : NULL, error);
	if (segment && !segment->spool)
		segments->lent_bytes += segment->size;
	if (segment && !segment_make_leases(segment, tiles, error)) {
		segments_give_back(segments, segment, false);
		return NULL;
	}
	return segment;
}

void segments_give_back(struct segments *segments, struct segment *segment, bool tainted)
{
	if (!segment)
		return;
	segment_end_leases(segment);
	if (!segment->spool)
		segments->lent_bytes -= segment->size;
	if (tainted || segment->spool || segments->lent_bytes + segment->size > segments->budget) {
		segment_free(segment);
		return;
	}
	/* The newest fits the next picture best: the oldest goes. */
	while (segments->kept->len >= KEPT)
		drop_oldest(segments);
	make_room(segments, segment->size);
	segments->kept_bytes += segment->size;
	g_ptr_array_add(segments->kept, segment);
}
