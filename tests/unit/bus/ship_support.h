/* SPDX-License-Identifier: GPL-2.0-or-later
 * What tests of records on their way out have in common. */
#pragma once

#include "base/error.h"
#include "support.h"

static GBytes *noise(gsize size)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	guint8 *bytes = g_malloc(size);

	for (gsize i = 0; i < size; i++)
		bytes[i] = (guint8)g_rand_int(random);
	return g_bytes_new_take(bytes, size);
}

struct shipped {
	GMutex lock;
	GCond changed;
	int count;
	enum delivery_end delivery;
	char *error;
};

static void on_shipped(enum delivery_end delivery, const GError *error, void *user)
{
	struct shipped *shipped = user;

	g_mutex_lock(&shipped->lock);
	shipped->count++;
	shipped->delivery = delivery;
	shipped->error = error ? g_strdup(error->message) : NULL;
	g_cond_signal(&shipped->changed);
	g_mutex_unlock(&shipped->lock);
}
