/* SPDX-License-Identifier: GPL-2.0-or-later
 * A codec that waits for the next job: see codec_spare.h. */
#include "master/codec_spare.h"

#include "base/log.h"

struct codec_spare {
	struct codec_link *link; /* NULL: none */
};

struct codec_spare *codec_spare_new(void)
{
	return g_new0(struct codec_spare, 1);
}

void codec_spare_free(struct codec_spare *spare)
{
	if (!spare)
		return;
	codec_link_free(spare->link);
	g_free(spare);
}

static void drop_dead(struct codec_spare *spare)
{
	if (spare->link && !codec_link_runs(spare->link))
		codec_link_free(g_steal_pointer(&spare->link));
}

void codec_spare_fill(struct codec_spare *spare)
{
	g_autoptr(GError) error = NULL;

	if (!spare)
		return;
	drop_dead(spare);
	if (!spare->link && !(spare->link = codec_link_new(NULL, NULL, &error)))
		log_debug("%s", error->message); /* the job that needs one will say it */
}

struct codec_link *codec_spare_take(struct codec_spare *spare, codec_event_fn event, void *user, GError **error)
{
	if (spare)
		drop_dead(spare);
	if (!spare || !spare->link)
		return codec_link_new(event, user, error);
	struct codec_link *link = g_steal_pointer(&spare->link);
	codec_link_listen(link, event, user);
	return link;
}
