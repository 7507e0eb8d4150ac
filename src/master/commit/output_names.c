/* SPDX-License-Identifier: GPL-2.0-or-later
 * Threads that name, hashes, and who has which place: see output_names.h. */
#include <fcntl.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/digest.h"
#include "base/error.h"
#include "definition/template/template.h"
#include "ledger/ledger.h"
#include "master/commit/output_conflicts.h"
#include "master/commit/output_places.h"

/* Reading for a hash is bound by the disk or by one core; more at once would only take cores from workers. */
#define HASHERS 2

/* One naming, from the question to the answer. */
struct naming {
	struct names *names;
	struct named named;
};

static void naming_free(gpointer data)
{
	struct naming *naming = data;

	drop_unref(naming->named.drop);
	found_free(naming->named.found);
	g_clear_error(&naming->named.error);
	g_free(naming);
}

static gboolean report(gpointer data)
{
	struct naming *naming = data;

	naming->names->done(&naming->named, naming->names->user);
	naming_free(naming);
	return G_SOURCE_REMOVE;
}

static void send(struct naming *naming, enum names_answer answer)
{
	naming->named.answer = answer;
	g_idle_add_full(G_PRIORITY_DEFAULT, report, naming, NULL);
}

/* The first digits of the SHA-256 of a file's bytes. Returns owned, NULL with error. */
static char *hash_file(const char *path, GError **error)
{
	int descriptor = beneath_open(path, O_RDONLY | O_NONBLOCK, 0);

	if (descriptor < 0) {
		fail_errno_at(error, PLACE_ORIGINAL, "the original cannot be opened");
		return NULL;
	}
	g_autofree char *whole = digest_file(descriptor, NULL, NULL, error);
	close(descriptor);
	return whole ? g_strndup(whole, TEMPLATE_HASH_DIGITS) : NULL;
}

static void hash(gpointer data, gpointer user)
{
	struct names *names = user;
	struct naming *naming = data;

	char *digits = hash_file(naming->named.drop->claim->path, &naming->named.error);
	naming->named.found->hash = digits;
	if (digits)
		g_thread_pool_push(names->namer, naming, NULL);
	else
		send(naming, NAMES_FAILED);
}

static void name(gpointer data, gpointer user)
{
	struct naming *naming = data;

	struct named *named = &naming->named;

	send(naming, names_find(user, named->drop, named->found, &named->error));
}

void names_ask(struct names *names, const struct drop *drop, struct found *found)
{
	struct naming *naming = g_new0(struct naming, 1);
	unsigned uses = 0;

	naming->names = names;
	naming->named.drop = drop_ref(drop);
	naming->named.found = found;
	for (guint i = 0; i < drop->pipeline->outputs->len; i++)
		uses |= template_uses(((struct output *)g_ptr_array_index(drop->pipeline->outputs, i))->name);
	g_thread_pool_push(uses & TEMPLATE_HASH && !found->hash ? names->hasher : names->namer, naming, NULL);
}

struct names *names_new(
	const char *out, const char *watch, const struct history *history, names_done done, void *user, GError **error)
{
	struct history *ledger = history ? history_open_again(history, error) : NULL;

	if (history && !ledger)
		return NULL;
	struct names *names = g_new0(struct names, 1);
	g_mutex_init(&names->mutex);
	names->out = g_strdup(out);
	names->ledger = ledger;
	names->watch = g_strdup(watch);
	names->mill = (struct mark_place){names->out, names->watch};
	if (ledger)
		names_refresh(names);
	if (ledger && !history_relocate(ledger, out, error)) {
		names_free(names);
		return NULL;
	}
	names->holders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)drop_unref);
	names->waiting = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)drop_unref, g_free);
	names->made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	names->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	names->done = done;
	names->user = user;
	names->namer = g_thread_pool_new_full(name, names, naming_free, 1, FALSE, NULL);
	names->hasher = g_thread_pool_new_full(hash, names, naming_free, HASHERS, FALSE, NULL);
	return names;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	g_thread_pool_free(names->hasher, TRUE, TRUE);
	g_thread_pool_free(names->namer, TRUE, TRUE);
	g_hash_table_unref(names->holders);
	g_hash_table_unref(names->waiting);
	g_hash_table_unref(names->made);
	g_hash_table_unref(names->numbers);
	g_mutex_clear(&names->mutex);
	history_close(names->ledger);
	g_free(names->out);
	g_free(names->watch);
	g_free(names);
}

bool names_own(
	struct names *names, const struct drop *drop, gint64 number, const struct job_output *output, GError **error)
{
	g_mutex_lock(&names->mutex);
	bool done = true;
	if (names->ledger) {
		const char *place = mark_relative(&names->mill, output->final),
			   *wished = mark_relative(&names->mill, output->wished);
		struct stamp stamp;
		stamp_take(output->temp, &stamp);
		/* On disk with the rename at the latest: file systems write a folder's change after what it leads to. An output without a mark is
		 * a stranger's after a power cut, if the ledger is not on disk before it. */
		history_have_marks(names->ledger, mark_write(&names->mill, drop, number, output, &stamp));
		done = history_own(names->ledger, place, drop->owner, wished, drop->id, &stamp, error);
	} else
		g_hash_table_insert(names->made, g_strdup(output->final), g_strdup(drop->owner));
	g_mutex_unlock(&names->mutex);
	return done;
}

void names_release(struct names *names, const struct drop *drop)
{
	g_mutex_lock(&names->mutex);
	names_let_go(names, drop);
	g_hash_table_remove(names->waiting, drop);
	g_mutex_unlock(&names->mutex);
}

GPtrArray *names_next(struct names *names)
{
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) oldest = g_hash_table_new(g_str_hash, g_str_equal); /* for each free path */
	GHashTableIter iter;
	gpointer waiter, path;

	g_mutex_lock(&names->mutex);
	g_hash_table_iter_init(&iter, names->waiting);
	while (g_hash_table_iter_next(&iter, &waiter, &path)) {
		const struct drop *known = g_hash_table_lookup(oldest, path);
		if (g_hash_table_contains(names->holders, path))
			continue;
		if (!known || ((const struct drop *)waiter)->queued_us < known->queued_us)
			g_hash_table_insert(oldest, path, waiter);
	}
	g_hash_table_iter_init(&iter, oldest);
	while (g_hash_table_iter_next(&iter, NULL, &waiter))
		g_ptr_array_add(ids, g_strdup(((const struct drop *)waiter)->id));
	g_mutex_unlock(&names->mutex);
	return ids;
}
