/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Claims that this process has in hand, and how many of them each inbox has: what recovery leaves alone, and what bounds an inbox. An end
 * comes on any thread; the intake, which sleeps until there is room, is woken when there is enough of it and not before. */
#include "master/inbox/claim_register.h"

#include <unistd.h>

/* The claims of one inbox. */
struct share {
	char *inbox;
	guint count;
	bool awaited; /* somebody waits until it is down to: */
	guint low;
};

static GMutex register_lock;   /* guards all of it */
static GHashTable *registered; /* id → struct share, borrowed */
static GHashTable *shares;     /* inbox → struct share, owned */
static int waker = -1;

static void share_free(gpointer data)
{
	struct share *share = data;

	g_free(share->inbox);
	g_free(share);
}

void claim_register(const char *id, const char *inbox)
{
	g_mutex_lock(&register_lock);
	if (!registered) {
		registered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		shares = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, share_free);
	}
	struct share *share = g_hash_table_lookup(shares, inbox);
	if (!share) {
		share = g_new0(struct share, 1);
		share->inbox = g_strdup(inbox);
		g_hash_table_insert(shares, share->inbox, share);
	}
	if (g_hash_table_insert(registered, g_strdup(id), share))
		share->count++;
	g_mutex_unlock(&register_lock);
}

void claim_unregister(const char *id)
{
	guint64 one = 1;
	bool wake = false;

	g_mutex_lock(&register_lock);
	struct share *share = registered ? g_hash_table_lookup(registered, id) : NULL;
	if (share) {
		g_hash_table_remove(registered, id);
		share->count--;
		wake = share->awaited && share->count <= share->low;
		share->awaited &= !wake;
		if (share->count == 0)
			g_hash_table_remove(shares, share->inbox);
	}
	/* Under the lock: the descriptor is closed by who takes it back first. A full eventfd wakes as well. */
	if (wake && waker >= 0 && write(waker, &one, sizeof one) < 0)
		wake = false;
	g_mutex_unlock(&register_lock);
}

bool claim_registered(const char *id)
{
	g_mutex_lock(&register_lock);
	bool found = registered && g_hash_table_contains(registered, id);
	g_mutex_unlock(&register_lock);
	return found;
}

guint claim_count(const char *inbox)
{
	g_mutex_lock(&register_lock);
	const struct share *share = shares ? g_hash_table_lookup(shares, inbox) : NULL;
	guint count = share ? share->count : 0;
	g_mutex_unlock(&register_lock);
	return count;
}

bool claim_await(const char *inbox, guint low)
{
	g_mutex_lock(&register_lock);
	struct share *share = shares ? g_hash_table_lookup(shares, inbox) : NULL;
	bool more = share && share->count > low;
	if (more) {
		share->awaited = true;
		share->low = low;
	}
	g_mutex_unlock(&register_lock);
	return !more;
}

void claim_register_wakes(int descriptor)
{
	g_mutex_lock(&register_lock);
	waker = descriptor;
	g_mutex_unlock(&register_lock);
}

void claim_unregister_all(void)
{
	g_mutex_lock(&register_lock);
	waker = -1;
	g_clear_pointer(&registered, g_hash_table_destroy);
	g_clear_pointer(&shares, g_hash_table_destroy);
	g_mutex_unlock(&register_lock);
}
