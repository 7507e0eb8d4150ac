/* SPDX-License-Identifier: GPL-2.0-or-later
 * How far a reader is: see progress.h. Only the contiguous finished prefix may be committed: a commit past a record that is
 * still being worked on would lose it with the worker. */
#include "bus/progress.h"

struct entry {
	gint64 offset;
	bool finished;
};

struct held {
	enum topic topic;
	gint32 partition;
	gint64 next; /* where we are: finished up to here (tracked), or delivered; -1: not known */
	GArray *open; /* struct entry, ascending: delivered and not yet in the prefix; as many as the master's window lets through */
};

struct progress {
	bool track;
	GMutex lock;
	GPtrArray *held;
};

static void held_free(gpointer pointer)
{
	struct held *held = pointer;
	g_array_unref(held->open);
	g_free(held);
}

struct progress *progress_new(bool track)
{
	struct progress *progress = g_new0(struct progress, 1);

	progress->track = track;
	g_mutex_init(&progress->lock);
	progress->held = g_ptr_array_new_with_free_func(held_free);
	return progress;
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	g_ptr_array_unref(progress->held);
	g_mutex_clear(&progress->lock);
	g_free(progress);
}

void progress_clear(struct progress *progress)
{
	g_mutex_lock(&progress->lock);
	g_ptr_array_set_size(progress->held, 0);
	g_mutex_unlock(&progress->lock);
}

static struct held *find(struct progress *progress, enum topic topic, gint32 partition)
{
	for (guint i = 0; i < progress->held->len; i++) {
		struct held *held = progress->held->pdata[i];
		if (held->topic == topic && held->partition == partition)
			return held;
	}
	return NULL;
}

void progress_add(struct progress *progress, enum topic topic, gint32 partition, gint64 start)
{
	g_mutex_lock(&progress->lock);
	if (!find(progress, topic, partition)) {
		struct held *held = g_new0(struct held, 1);
		held->topic = topic;
		held->partition = partition;
		held->next = start < 0 ? -1 : start;
		held->open = g_array_new(FALSE, FALSE, sizeof(struct entry));
		g_ptr_array_add(progress->held, held);
	}
	g_mutex_unlock(&progress->lock);
}

void progress_delivered(struct progress *progress, enum topic topic, gint32 partition, gint64 offset)
{
	g_mutex_lock(&progress->lock);
	struct held *held = find(progress, topic, partition);
	if (held && !progress->track) {
		held->next = offset + 1;
	} else if (held) {
		struct entry entry = {.offset = offset};
		/* Nothing open: whatever lies before has expired, or was never there. */
		if (held->open->len == 0)
			held->next = offset;
		g_array_append_val(held->open, entry);
	}
	g_mutex_unlock(&progress->lock);
}

static gint64 finish(struct held *held, gint64 offset)
{
	struct entry *entries = (struct entry *)(void *)held->open->data;
	guint count = held->open->len, prefix = 0;

	for (guint i = 0; i < count && entries[i].offset <= offset; i++)
		if (entries[i].offset == offset)
			entries[i].finished = true;
	while (prefix < count && entries[prefix].finished)
		prefix++;
	if (prefix == 0)
		return -1;
	held->next = entries[prefix - 1].offset + 1;
	g_array_remove_range(held->open, 0, prefix);
	return held->next;
}

gint64 progress_done(struct progress *progress, enum topic topic, gint32 partition, gint64 offset)
{
	g_mutex_lock(&progress->lock);
	struct held *held = find(progress, topic, partition);
	gint64 next = held ? finish(held, offset) : -1;
	g_mutex_unlock(&progress->lock);
	return next;
}

/* From librdkafka's memory, as of the last fetch; asks nobody. */
static gint64 lag_of(const struct held *held, rd_kafka_t *rk, const struct bus_options *options)
{
	g_autofree char *name = topic_name(options, held->topic);
	int64_t low = -1, high = -1;

	if (rd_kafka_get_watermark_offsets(rk, name, held->partition, &low, &high) || high < 0)
		return -1;
	/* Nothing committed yet: all there is lies before us. */
	gint64 next = held->next >= 0 ? held->next : MAX(low, 0);
	return MAX(high - next, 0);
}

gint64 progress_lag(struct progress *progress, rd_kafka_t *rk, const struct bus_options *options, gint32 partition)
{
	gint64 lag = -1;

	g_mutex_lock(&progress->lock);
	for (guint i = 0; i < progress->held->len; i++) {
		const struct held *held = progress->held->pdata[i];
		gint64 one = partition < 0 || held->partition == partition ? lag_of(held, rk, options) : -1;
		if (one >= 0)
			lag = MAX(lag, 0) + one;
	}
	g_mutex_unlock(&progress->lock);
	return lag;
}
