/* SPDX-License-Identifier: GPL-2.0-or-later
 * Room for threads: see threads.h. */
#include "master/fleet/threads.h"

#include <pthread.h>

#include "base/error.h"

enum {
	OWN = 48,         /* 26 were counted */
	EACH_WORKER = 32, /* 15 were counted, and codecs */
	TRIED_MOST = 2048,
	STACK = 64 << 10,
};

static void *wait_for_the_others(void *user)
{
	GMutex *held = user;

	g_mutex_lock(held);
	g_mutex_unlock(held);
	return NULL;
}

/* All at once, for a limit counts those that live. */
bool threads_room(int workers, bool beside_page, GError **error)
{
	int wanted = MIN(OWN + EACH_WORKER * MIN(MAX(workers, 0), TRIED_MOST), TRIED_MOST);
	g_autofree pthread_t *threads = g_new(pthread_t, wanted);
	pthread_attr_t attributes;
	GMutex held;
	int started = 0, number = 0;

	g_mutex_init(&held);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	g_mutex_lock(&held);
	while (started < wanted && !number) {
		number = pthread_create(&threads[started], &attributes, wait_for_the_others, &held);
		started += number == 0;
	}
	g_mutex_unlock(&held);
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attributes);
	g_mutex_clear(&held);
	return !number ||
	       fail(error, ERROR_SYSTEM,
		       "only %d of %d threads and processes can be started%s (%s); raise the user's limit (ulimit -u, "
		       "LimitNPROC=, TasksMax=) or give fewer --workers",
		       started, wanted, beside_page ? " beside those of the page" : "", g_strerror(number));
}
